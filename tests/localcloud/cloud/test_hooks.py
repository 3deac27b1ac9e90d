"""Hooks of a program: they run as the engine runs them, and may ask the cloud what happened."""

import pulumi
import pulumi_alicloud as alicloud

from scripts.localcloud.machines.spec import CommandResult
from tests.localcloud.cloud.programs import Runs, invocation, network
from tests.localcloud.cloud.world import RecordedMachines, Region


def test_an_error_hook_sees_the_failed_run(runs: Runs, region: Region, machines: RecordedMachines) -> None:
    """When a create fails its error hooks run, and may ask the cloud what happened; the error stays."""
    machines.result = CommandResult(1, "phase weights: 41 of 163 shards\n")

    async def explain(args: pulumi.ErrorHookArgs) -> bool:
        assert args.new_inputs is not None
        asked = alicloud.ecs.get_ecs_invocations_output(
            command_id=args.new_inputs["commandId"], content_encoding="PlainText"
        )
        found = await asked.future()
        assert found is not None
        pulumi.log.error(found.invocations[0].invoke_instances[0].output.strip())
        return False

    ready = invocation(region)

    def program() -> None:
        ready(hooks=pulumi.ResourceHookBinding(on_error=[pulumi.ErrorHook("explain", explain)]))

    assert not runs(program)
    assert [
        "phase weights: 41 of 163 shards",
        "Failed to reach target status. Current status is Failed.",
    ] == runs.errors()
    assert runs.monitor.known.resources[runs.monitor.journal.registrations[-1].urn].failed


def test_an_error_hook_may_ask_for_another_try(runs: Runs, region: Region, machines: RecordedMachines) -> None:
    """A hook that says yes has the resource made again."""
    machines.result = CommandResult(1, "")
    ready = invocation(region)

    def again(_: pulumi.ErrorHookArgs) -> bool:
        machines.result = CommandResult(0, "")
        return True

    assert runs(lambda: ready(hooks=pulumi.ResourceHookBinding(on_error=[pulumi.ErrorHook("again", again)])))
    assert ["retrying create due to on-error hook request (1/100)"] == [
        message.text for message in runs.monitor.journal.messages
    ]


def test_resource_hooks_run_around_a_create(runs: Runs) -> None:
    """Before and after a create its hooks run; not in a preview."""
    seen: list[tuple[str, bool]] = []

    def program() -> None:
        before = pulumi.ResourceHook("before", lambda args: seen.append(("before", bool(args.id))))
        after = pulumi.ResourceHook("after", lambda args: seen.append(("after", bool(args.id))))
        network(hooks=pulumi.ResourceHookBinding(before_create=[before], after_create=[after]))

    assert runs(program, preview=True)
    assert [] == seen
    assert runs(program)
    assert [("before", False), ("after", True)] == seen
