"""Waits as the provider does after it made, changed or deleted an object, and fails in its words."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from threading import Event
from time import monotonic

from scripts.localcloud.errors import LocalCloudError
from scripts.localcloud.kubernetes import metadata
from scripts.localcloud.kubernetes.objects import Contents, Manifest, Objects, key
from scripts.localcloud.kubernetes.pods import pluck
from scripts.localcloud.kubernetes.readiness import Deployments, FailedError, Jobs, Phases, Pods, Readiness, Services

_LOOK_SECONDS = 0.1
_KINDS: Mapping[str, Callable[[], Readiness]] = {
    "Deployment": Deployments,
    "Job": Jobs,
    "PersistentVolume": lambda: Phases("Available", "Bound"),
    "PersistentVolumeClaim": lambda: Phases("Bound"),
    "Pod": Pods,
    "Service": Services,
}
_ON_REFRESH: Mapping[str, Callable[[], Readiness]] = {
    "Deployment": Deployments,
    "Job": Jobs,
    "Pod": Pods,
    "Service": lambda: Services(quiet_seconds=0),
}
_GONE_UNSEEN = ("DaemonSet", "Deployment", "Job", "Namespace", "Pod")
"""Kinds whose deletion is not waited for when an annotation says so."""
_OUT_OF_TIME = "timed out waiting for the condition"


class NotReadyError(LocalCloudError):
    """An object exists, is *live*, and did not become ready; *details* say why."""

    def __init__(self, reason: str, live: Manifest, details: list[str]) -> None:
        super().__init__(reason)
        self.live = live
        self.details = details


@dataclass(frozen=True)
class Patience:
    """How long somebody waits, unless it is called off."""

    seconds: float
    cancelled: Event

    def until(self, look: Callable[[], bool]) -> bool:
        """Look until it is so; whether it was, before the time was up or it was called off."""
        deadline = monotonic() + self.seconds
        while not look():
            if monotonic() >= deadline or self.cancelled.wait(_LOOK_SECONDS):
                return False
        return True


def until_ready(objects: Objects, inputs: Manifest, made: Manifest, patience: Patience) -> Manifest:
    """
    Return the object that was *made* of *inputs* when it is ready.

    Raises:
        NotReadyError: It failed, or the time was up.

    """
    if metadata.is_true(inputs, metadata.SKIP_AWAIT):
        return made
    conditions = metadata.waits_for(inputs)
    if conditions:
        return _until_holds(objects, made, [_condition(text) for text in conditions], patience)
    if made["kind"] not in _KINDS:
        return made
    wait = _Wait(objects, made, _KINDS[made["kind"]]())
    fixed = wait.readiness.fixed_seconds
    patience = patience if fixed is None else replace(patience, seconds=fixed)
    if patience.until(wait.look) or wait.passes():
        return wait.live
    raise wait.failure(cancelled=patience.cancelled.is_set())


class _Wait:
    """One object that is waited for."""

    def __init__(self, objects: Objects, made: Manifest, readiness: Readiness) -> None:
        self.live = made
        self.readiness = readiness
        self._objects = objects
        self._contents = Contents("", 0, [])

    def look(self) -> bool:
        """Look once; raises `NotReadyError` when it failed."""
        self._contents = self._objects.read()
        self.live = _live(self._contents, self.live)
        try:
            return self.readiness.ready(self._contents, self.live)
        except FailedError:
            raise NotReadyError(_not_initialized(self.live), self.live, self.details()) from None

    def details(self) -> list[str]:
        """Return what is in the way."""
        return self.readiness.details(self._contents, self.live)

    def failure(self, *, cancelled: bool) -> NotReadyError:
        """Return what to say of an object whose time is up."""
        name = self.live["metadata"]["name"]
        if self.readiness.fixed_seconds is not None:
            what = "Resource operation was cancelled for" if cancelled else "Timeout occurred polling for"
            return NotReadyError(f"{what} '{name}'", self.live, [])
        reason = f'Resource operation was cancelled for "{name}"' if cancelled else _late(name)
        return NotReadyError(reason, self.live, self.details())

    def passes(self) -> bool:
        """Whether it passes although it is not ready, as nobody waits any longer."""
        return self.readiness.enough(self.live)


def _late(name: str) -> str:
    return f"'{name}' timed out waiting to be Ready"


def _not_initialized(live: Manifest) -> str:
    return f"Resource '{live['metadata']['name']}' was created but failed to initialize"


def _live(contents: Contents, known: Manifest) -> Manifest:
    live = contents.get(*key(known))
    if live is None:
        raise NotReadyError(f"{known['metadata']['name']} was deleted while it was waited for", known, [])
    return live


def check_ready(objects: Objects, inputs: Manifest, live: Manifest) -> None:
    """
    Look once at an object that is refreshed.

    Raises:
        NotReadyError: It is not ready.

    """
    if live["kind"] not in _ON_REFRESH or metadata.is_true(inputs, metadata.SKIP_AWAIT):
        return
    wait = _Wait(objects, live, _ON_REFRESH[live["kind"]]())
    if not wait.look():
        raise NotReadyError(_not_initialized(live), live, wait.details())


def until_gone(objects: Objects, inputs: Manifest, live: Manifest, patience: Patience) -> None:
    """
    Wait until *live* is deleted.

    Raises:
        NotReadyError: It is still there.

    """
    if live["kind"] in _GONE_UNSEEN and metadata.is_true(inputs, metadata.SKIP_AWAIT):
        return

    def gone() -> bool:
        kept = objects.read().get(*key(live))
        return kept is None or kept["metadata"]["uid"] != live["metadata"]["uid"]

    if not patience.until(gone):
        kept = objects.read().get(*key(live)) or live
        held = ", ".join(kept["metadata"].get("finalizers", []))
        raise NotReadyError(_OUT_OF_TIME, kept, [f"finalizers might be preventing deletion ({held})"])


Condition = Callable[[Manifest], bool]


def _until_holds(objects: Objects, made: Manifest, conditions: list[Condition], patience: Patience) -> Manifest:
    live = made

    def hold() -> bool:
        nonlocal live
        live = _live(objects.read(), live)
        return all(condition(live) for condition in conditions)

    if not patience.until(hold):
        raise NotReadyError(_OUT_OF_TIME, live, [])
    return live


def _condition(text: str) -> Condition:
    path = re.fullmatch(r"jsonpath=\{((?:\.\w+|\[\d+\])+)\}(?:=(.*))?", text)
    if path is not None:
        return lambda live: _has(live, path[1], path[2])
    kind = re.fullmatch(r"condition=(\w+)(?:=(\w+))?", text)
    if kind is not None:
        return lambda live: _says(live, kind[1], kind[2] or "True")
    if text.startswith(("jsonpath=", "condition=")):
        raise LocalCloudError(f"{metadata.WAIT_FOR}: {text!r}: the local cloud reads plain paths such as {{.a.b[0]}}.")
    raise LocalCloudError(f'expected a "jsonpath=" or "condition=" prefix, got "{text}"')


def _has(live: Manifest, path: str, wanted: str | None) -> bool:
    if (
        live.get("status", {}).get("observedGeneration", live["metadata"]["generation"])
        < live["metadata"]["generation"]
    ):
        return False
    steps = re.findall(r"\w+", path)
    value = pluck(live, tuple(int(step) if step.isdigit() else step for step in steps))
    return value is not None and wanted in (None, str(value))


def _says(live: Manifest, kind: str, wanted: str) -> bool:
    rows = live.get("status", {}).get("conditions", [])
    return any(row["type"] == kind and row["status"].lower() == wanted.lower() for row in rows)
