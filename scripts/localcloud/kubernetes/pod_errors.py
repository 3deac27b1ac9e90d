"""What the provider says about a pod that is not ready: the condition, then each container that is in the way."""

from collections.abc import Iterator
from typing import Any

from scripts.localcloud.kubernetes.objects import Manifest

_IMAGE_PREFIX = "rpc error: code = Unknown desc = Error response from daemon: "


def ready(pod: Manifest) -> bool:
    """Whether *pod* is scheduled, initialized and ready, or has succeeded."""
    return _first_unmet(pod) is None


def messages(pod: Manifest) -> list[str]:
    """Return what the first condition that *pod* does not meet says, if it says anything."""
    unmet = _first_unmet(pod)
    condition = _conditions(pod).get(unmet or "")
    if condition is None:
        return []
    said = condition.get("message", "")
    if unmet == "PodScheduled":
        return [said] if condition.get("reason") and said else []
    errors = "\n".join(_container_errors(pod))
    if not (errors or said):
        return []
    return [f"[Pod {called(pod)}]: {said if condition.get('reason') else ''}{errors}"]


def called(manifest: Manifest) -> str:
    """Return the name of *manifest* behind its namespace, unless that is the default one."""
    namespace, name = manifest["metadata"].get("namespace", ""), manifest["metadata"]["name"]
    return name if namespace in ("", "default") else f"{namespace}/{name}"


def _conditions(pod: Manifest) -> dict[str, Any]:
    return {condition["type"]: condition for condition in pod.get("status", {}).get("conditions", [])}


def _first_unmet(pod: Manifest) -> str | None:
    conditions = _conditions(pod)
    for name in ("PodScheduled", "Initialized", "Ready"):
        succeeded = name == "Ready" and name in conditions and pod["status"].get("phase") == "Succeeded"
        if conditions.get(name, {}).get("status") != "True" and not succeeded:
            return name
    return None


def _container_errors(pod: Manifest) -> Iterator[str]:
    for status in pod["status"].get("containerStatuses", []):
        if not status.get("ready"):
            yield from _waiting(status.get("state", {}).get("waiting"))
            yield from _terminated(status["name"], status.get("state", {}).get("terminated"))
            yield from _terminated_before(status["name"], status.get("lastState", {}).get("terminated"))


def _waiting(state: Manifest | None) -> Iterator[str]:
    if state is not None and state.get("reason") != "ContainerCreating":
        yield f"[{state.get('reason', '')}] {_trimmed(state.get('message', ''))}"


def _terminated(name: str, state: Manifest | None) -> Iterator[str]:
    if state is None or not state.get("reason"):
        return
    if state.get("message"):
        yield f"[{state['reason']}] {_trimmed(state['message'])}"
    else:
        yield f'container "{name}" completed with exit code {state.get("exitCode", 0)}'


def _terminated_before(name: str, state: Manifest | None) -> Iterator[str]:
    if state is None:
        return
    how = f"{state.get('reason', '')}: exit code {state.get('exitCode', 0)}"
    yield f'container "{name}" terminated at {state.get("finishedAt", "")} ({how})'
    if state.get("message"):
        yield state["message"]


def _trimmed(message: str) -> str:
    return message.removeprefix(_IMAGE_PREFIX).removesuffix(": manifest unknown")
