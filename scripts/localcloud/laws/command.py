"""Cloud Assistant: commands, and their runs on instances."""

import base64
import binascii
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from time import monotonic

from scripts.localcloud.errors import CloudError, InitFailedError
from scripts.localcloud.kinds import COMMAND, INSTANCE, INVOCATION
from scripts.localcloud.laws.law import Ask, Law, Waiting, record_of
from scripts.localcloud.machines.spec import CommandResult, MachineError
from scripts.localcloud.values import Value, Values, number, strings, text
from scripts.localcloud.world import Record, World, now

_LOOK_SECONDS = 0.2
_MOST_INSTANCES = 50


class Command(Law):
    """A script that can be run on instances."""

    type = COMMAND

    def create(self, ask: Ask) -> Record:
        """Add a command whose content is base64."""
        if text(ask.inputs, "type") != "RunShellScript":
            raise CloudError("InvalidParameter.Type", "The machines of the local cloud run RunShellScript only.")
        _script(ask.inputs)
        return ask.world.add(record_of(self.type, ask, ask.world.new_id("c", ask.region), {}))


def _script(properties: Values) -> str:
    try:
        return base64.b64decode(text(properties, "commandContent"), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise CloudError("InvalidParameter.CommandContent", "commandContent is not Base64 of a text.") from None


class EcsInvocation(Law):
    """One run of a command."""

    type = INVOCATION

    def create(self, ask: Ask) -> Record:
        """Start a run on instances that are running."""
        command = ask.world.need(COMMAND, text(ask.inputs, "commandId"), "InvalidCmdId.NotFound")
        instances = strings(ask.inputs, "instanceIds")
        if not 1 <= len(instances) <= _MOST_INSTANCES:
            message = f"instanceIds has {len(instances)} entries; 1 to {_MOST_INSTANCES} are allowed."
            raise CloudError("InvalidInstanceId", message)
        for instance_id in instances:
            instance = ask.world.need(INSTANCE, instance_id, "InvalidInstance.NotFound")
            if instance.text("status") != "Running":
                message = f"{instance_id} is {instance.text('status')}; a command needs a running instance."
                raise CloudError("InstanceNotRunning", message)
        if text(ask.inputs, "repeatMode") not in {"", "Once"}:
            raise CloudError("InvalidParameter.RepeatMode", "The local cloud runs a command once.")
        if ask.inputs.get("parameters") and command.properties.get("enableParameter") is not True:
            raise CloudError("InvalidParameter.Parameters", f"{command.id} does not have enableParameter on.")
        run_id = ask.world.new_id("t", ask.region)
        outputs: Values = {"repeatMode": "Once", "username": "root", "status": "Running"}
        record = record_of(self.type, ask, run_id, outputs)
        record.hidden = {"creationTime": now(), "results": {}}
        return ask.world.add(record)

    def settle(self, record: Record, waiting: Waiting) -> Values:
        """Wait for the run; a failed one exists all the same."""
        command = waiting.look().need(COMMAND, record.text("commandId"), "InvalidCmdId.NotFound")
        script = _with_parameters(_script(command.properties), record.properties.get("parameters"))
        limit = number(command.properties, "timeout", 60)
        pool = ThreadPoolExecutor(max_workers=_MOST_INSTANCES)
        runs = {
            instance_id: pool.submit(waiting.machines().run_command, instance_id, script, limit)
            for instance_id in strings(record.properties, "instanceIds")
        }
        late = _wait(list(runs.values()), waiting)
        pool.shutdown(wait=False, cancel_futures=True)
        results = {instance_id: _result(run) for instance_id, run in runs.items()}
        record.hidden["results"] = {instance_id: result for instance_id, result in results.items() if result}
        status = _status(results)
        properties = record.properties | {"status": status}
        if late:
            raise InitFailedError(record.id, properties, late.format(status=status))
        if status != "Success":
            reason = f"Failed to reach target status. Current status is {status}."
            raise InitFailedError(record.id, properties, reason)
        return {"status": status}


def _with_parameters(script: str, parameters: Value) -> str:
    if isinstance(parameters, dict):
        for name, value in parameters.items():
            script = script.replace("{{" + name + "}}", str(value))
    return script


def _wait(runs: list[Future[CommandResult]], waiting: Waiting) -> str:
    """Wait for *runs*; return why they were left alone, or nothing."""
    end = monotonic() + waiting.timeout_seconds
    while wait_for(runs, timeout=_LOOK_SECONDS).not_done:
        if waiting.cancelled.is_set():
            return "cancelled while waiting for the command; the last status is {status}."
        if monotonic() > end:
            minutes = f"{waiting.timeout_seconds / 60:g}m"
            waited = f"(last state: '{{status}}', timeout: {minutes})"
            return f"timeout while waiting for state to become 'Scheduled, Success' {waited}"
    return ""


def _result(run: Future[CommandResult]) -> Values | None:
    if not run.done() or run.cancelled():
        return None
    problem = run.exception()
    if problem is None:
        result = run.result()
        return {"exitCode": result.exit_code, "output": result.output, "finishTime": now()}
    if isinstance(problem, MachineError):
        return {"exitCode": -1, "output": "", "errorInfo": str(problem), "finishTime": now()}
    raise problem


def _status(results: dict[str, Values | None]) -> str:
    if any(result is None for result in results.values()):
        return "Running"
    good = [result["exitCode"] == 0 for result in results.values() if result]
    return "Success" if all(good) else "PartialFailed" if any(good) else "Failed"


def invocations(world: World, region: str, inputs: Values) -> Values:
    """Return what ``getEcsInvocations`` answers."""
    wanted, command_id = strings(inputs, "ids"), text(inputs, "commandId")
    found = [
        _described(world, record, plain=text(inputs, "contentEncoding") == "PlainText")
        for record in world.all(INVOCATION)
        if record.region == region
        and (not wanted or record.id in wanted)
        and (not command_id or record.text("commandId") == command_id)
    ]
    status = text(inputs, "invokeStatus")
    rows = [row for row in found if not status or row["invocationStatus"] == status]
    return inputs | {"id": "invocations", "ids": [row["id"] for row in rows], "invocations": list(rows)}


def _described(world: World, record: Record, *, plain: bool) -> Values:
    command = world.find(COMMAND, record.text("commandId"))
    content = command.text("commandContent") if command is not None else ""
    status = record.text("status")
    results = record.hidden.get("results")
    outcome = {"Success": "Finished"}.get(status, status)
    return {
        "id": record.id,
        "invocationId": record.id,
        "commandId": record.text("commandId"),
        "commandName": command.text("name") if command is not None else "",
        "commandType": command.text("type") if command is not None else "",
        "commandContent": base64.b64decode(content).decode() if plain else content,
        "createTime": str(record.hidden.get("creationTime", "")),
        "frequency": "",
        "parameters": "{}",
        "repeatMode": record.text("repeatMode"),
        "timed": False,
        "username": record.text("username"),
        "invocationStatus": status,
        "invokeStatus": outcome,
        "invokeInstances": [
            _on_instance(record, instance_id, results, plain=plain)
            for instance_id in strings(record.properties, "instanceIds")
        ],
    }


def _on_instance(record: Record, instance_id: str, results: Value, *, plain: bool) -> Values:
    result = results.get(instance_id) if isinstance(results, dict) else None
    known = result if isinstance(result, dict) else {}
    output = text(known, "output")
    created = str(record.hidden.get("creationTime", ""))
    failed = bool(known) and known.get("exitCode") != 0
    return {
        "instanceId": instance_id,
        "creationTime": created,
        "startTime": created,
        "finishTime": text(known, "finishTime"),
        "stopTime": "",
        "updateTime": text(known, "finishTime") or created,
        "dropped": 0,
        "repeats": 1 if known else 0,
        "timed": False,
        "errorCode": "InstanceNotRunning" if text(known, "errorInfo") else "",
        "errorInfo": text(known, "errorInfo"),
        "exitCode": number(known, "exitCode"),
        "output": output if plain else base64.b64encode(output.encode()).decode(),
        "instanceInvokeStatus": "Failed" if failed else "Finished" if known else "Running",
        "invocationStatus": "Failed" if failed else "Success" if known else "Running",
    }
