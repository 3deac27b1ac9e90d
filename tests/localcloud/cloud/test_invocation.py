"""Cloud Assistant: when a run may start, how it ends, and what may be read of it."""

import base64
from threading import Event, Thread

import pytest

from scripts.localcloud.cloud import Cloud, Target
from scripts.localcloud.errors import InitFailedError
from scripts.localcloud.kinds import COMMAND, GET_INVOCATIONS, INVOCATION
from scripts.localcloud.machines.spec import CommandResult, MachineError
from scripts.localcloud.values import Value, Values
from tests.localcloud.cloud.test_network_laws import refusal
from tests.localcloud.cloud.world import RecordedMachines, Region


def runs(cloud: Cloud, **inputs: Value) -> list[Values]:
    """Return what the service says about runs."""
    asked: Values = {"contentEncoding": "PlainText"}
    found = cloud.invoke(GET_INVOCATIONS, asked | inputs, "cn-hangzhou")["invocations"]
    assert isinstance(found, list)
    return [run for run in found if isinstance(run, dict)]


def test_a_run_that_ends_well(region: Region, machines: RecordedMachines) -> None:
    """The script reaches the machine decoded, with the command's own limit; the run is a success."""
    instance = region.machine()
    run = region.make(INVOCATION, commandId=region.command("ready\n", timeout=90).id, instanceIds=[instance.id])

    assert ("run_command", instance.id, "ready\n", 90) in machines.calls
    assert run.properties["status"] == "Success"


def test_a_run_that_fails_exists_and_says_only_that(region: Region, cloud: Cloud, machines: RecordedMachines) -> None:
    """As with the real provider the error names the state; the output is to be asked for."""
    machines.result = CommandResult(1, "phase weights: 41 of 163 shards\n")
    instance, command = region.machine(), region.command()
    with pytest.raises(InitFailedError) as failed:
        region.make(INVOCATION, commandId=command.id, instanceIds=[instance.id])

    assert str(failed.value) == "Failed to reach target status. Current status is Failed."
    assert "Failed" == failed.value.properties["status"]
    seen = runs(cloud, commandId=command.id)[0]
    instances = seen["invokeInstances"]
    assert isinstance(instances, list)
    assert isinstance(instances[0], dict)
    assert ("Failed", 1, "phase weights: 41 of 163 shards\n") == (
        seen["invocationStatus"],
        instances[0]["exitCode"],
        instances[0]["output"],
    )


def test_output_is_base64_unless_plain_text_is_asked_for(region: Region, cloud: Cloud) -> None:
    """The service's default encoding is Base64."""
    instance, command = region.machine(), region.command()
    region.make(INVOCATION, commandId=command.id, instanceIds=[instance.id])
    seen = runs(cloud, contentEncoding="Base64")[0]["invokeInstances"]

    assert isinstance(seen, list)
    assert isinstance(seen[0], dict)
    assert base64.b64encode(b"ready\n").decode() == seen[0]["output"]


def test_a_machine_that_never_booted_is_named(region: Region, cloud: Cloud, machines: RecordedMachines) -> None:
    """Where nothing boots, the run fails and its error says why."""
    machines.result = MachineError("i-1 did not boot, so nothing can run on it: not Linux")
    instance = region.machine()
    with pytest.raises(InitFailedError):
        region.make(INVOCATION, commandId=region.command().id, instanceIds=[instance.id])

    assert "i-1 did not boot, so nothing can run on it: not Linux" in str(runs(cloud)[0])


def test_a_run_is_bounded_by_the_create_timeout(region: Region, cloud: Cloud, machines: RecordedMachines) -> None:
    """The provider gives up at its timeout while the command still runs."""
    hold = Event()
    machines.hold = hold
    instance, command = region.machine(), region.command()
    asked: Values = {"commandId": command.id, "instanceIds": [instance.id]}
    with pytest.raises(InitFailedError) as failed:
        cloud.create(INVOCATION, asked, frozenset(), Target("cn-hangzhou", 0.3))
    hold.set()

    assert str(failed.value) == (
        "timeout while waiting for state to become 'Scheduled, Success' (last state: 'Running', timeout: 0.005m)"
    )


def test_a_run_can_be_called_off_while_others_proceed(region: Region, cloud: Cloud, machines: RecordedMachines) -> None:
    """While a run waits, other resources are made; cancelling ends the wait and keeps the run."""
    hold, cancelled = Event(), Event()
    machines.hold = hold
    failures: list[InitFailedError] = []

    instance, command = region.machine(), region.command()

    def create() -> None:
        try:
            asked: Values = {"commandId": command.id, "instanceIds": [instance.id]}
            cloud.create(INVOCATION, asked, frozenset(), Target("cn-hangzhou", 60, cancelled))
        except InitFailedError as failure:
            failures.append(failure)

    thread = Thread(target=create)
    thread.start()
    machines.commanded.wait()
    region.disk()
    cancelled.set()
    thread.join()
    hold.set()

    assert ["cancelled while waiting for the command; the last status is Running."] == [str(f) for f in failures]
    assert cloud.read(INVOCATION, failures[0].id, {}) is not None


def test_runs_that_cannot_start(region: Region) -> None:
    """A run needs its command, running instances, and parameters only where the command takes them."""
    instance, command = region.machine(), region.command()
    stopped = region.update(region.machine_beside(instance), status="Stopped")

    good: Values = {"commandId": command.id, "instanceIds": [instance.id]}

    def run(**inputs: Value) -> str:
        return refusal(lambda: region.make(INVOCATION, **(good | inputs)))

    assert [
        "InvalidCmdId.NotFound: The specified Command 'c-9' does not exist.",
        "InvalidInstance.NotFound: The specified Instance 'i-9' does not exist.",
        f"InstanceNotRunning: {stopped.id} is Stopped; a command needs a running instance.",
        "InvalidInstanceId: instanceIds has 0 entries; 1 to 50 are allowed.",
        "InvalidParameter.RepeatMode: The local cloud runs a command once.",
        f"InvalidParameter.Parameters: {command.id} does not have enableParameter on.",
    ] == [
        run(commandId="c-9"),
        run(instanceIds=["i-9"]),
        run(instanceIds=[stopped.id]),
        run(instanceIds=[]),
        run(repeatMode="EveryReboot"),
        run(parameters={"a": "b"}),
    ]


def test_parameters_are_put_in(region: Region, machines: RecordedMachines) -> None:
    """A command with parameters gets their values."""
    instance = region.machine()
    command = region.command("wait {{seconds}}\n", enableParameter=True)
    region.make(INVOCATION, commandId=command.id, instanceIds=[instance.id], parameters={"seconds": "30"})

    assert "wait 30\n" == machines.calls[-1][2]


def test_content_must_be_base64(region: Region) -> None:
    """The provider does not encode the content, and the service refuses what is not Base64."""
    assert refusal(lambda: region.make(COMMAND, type="RunShellScript", commandContent="echo hi")) == (
        "InvalidParameter.CommandContent: commandContent is not Base64 of a text."
    )
    assert refusal(lambda: region.make(COMMAND, type="RunBatScript", commandContent="")).startswith(
        "InvalidParameter.Type"
    )
