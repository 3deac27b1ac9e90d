"""When the provider takes an object for ready, kind by kind, and what it says of one that is not."""

from collections.abc import Mapping
from time import monotonic
from typing import Any, Protocol

from scripts.localcloud.kubernetes import pod_errors
from scripts.localcloud.kubernetes.objects import Contents, Manifest
from scripts.localcloud.kubernetes.pods import pluck

_REVISION = "deployment.kubernetes.io/revision"
_QUIET_SECONDS = 1.0
"""How long the Endpoints of a new Service must not change; the provider waits ten seconds, pods here come sooner."""


class FailedError(Exception):
    """It will never be ready."""


class Readiness(Protocol):
    """Looks at one object again and again."""

    fixed_seconds: float | None
    """How long the provider waits for this kind whatever it is told."""

    def ready(self, contents: Contents, live: Manifest) -> bool:
        """Whether *live* is ready; raises `FailedError` when it cannot become so."""

    def enough(self, live: Manifest) -> bool:
        """Whether *live* passes when the time is up."""

    def details(self, contents: Contents, live: Manifest) -> list[str]:
        """Return what is in the way."""


class _Plain:
    """What most kinds have in common."""

    fixed_seconds: float | None = None

    def enough(self, live: Manifest) -> bool:  # noqa: ARG002
        """Whether *live* passes when the time is up."""
        return False

    def details(self, contents: Contents, live: Manifest) -> list[str]:  # noqa: ARG002
        """Return what is in the way."""
        return []


class Deployments(_Plain):
    """Available with the pods of its newest revision, their claims bound."""

    def ready(self, contents: Contents, live: Manifest) -> bool:
        """Whether the newest revision serves."""
        return not self._missing(contents, live)

    def details(self, contents: Contents, live: Manifest) -> list[str]:
        """Return what the Deployment says, what is missing, and what its pods say."""
        said = [
            f"[{row['reason']}] {row['message']}"
            for row in _conditions(live).values()
            if row["type"] in ("Available", "Progressing") and row["status"] != "True" and "message" in row
        ]
        replicas = self._newest(contents, live)
        pods = contents.owned(replicas["metadata"]["uid"]) if replicas else []
        return [*said, *self._missing(contents, live), *(text for pod in pods for text in pod_errors.messages(pod))]

    def _missing(self, contents: Contents, live: Manifest) -> list[str]:
        unbound = [name for name in _claims(live) if not _is_bound(contents, live, name)]
        found = [f'Failed to bind PersistentVolumeClaim(s): "{",".join(unbound)}"'] if unbound else []
        conditions, replicas = _conditions(live), self._newest(contents, live)
        first = _revision(live) == "1"
        progress = conditions.get("Progressing", {})
        rolled = progress.get("status") == "True" and progress.get("reason") == "NewReplicaSetAvailable"
        if conditions.get("Available", {}).get("status") != "True" or not _is_observed(live):
            found.append("Minimum number of live Pods was not attained")
        elif replicas is None or not (first or rolled):
            found.append("Minimum number of Pods to consider the application live was not attained")
        elif replicas.get("status", {}).get("readyReplicas", 0) < replicas["spec"].get("replicas", 1):
            found.append(
                "Minimum number of Pods to consider the application live was not attained" if first else _STUCK
            )
        return found

    def _newest(self, contents: Contents, live: Manifest) -> Manifest | None:
        owned = [each for each in contents.owned(live["metadata"]["uid"]) if each["kind"] == "ReplicaSet"]
        return next((each for each in owned if _revision(each) and _revision(each) == _revision(live)), None)


_STUCK = "Attempted to roll forward to new ReplicaSet, but minimum number of Pods did not become live"


class Services(_Plain):
    """With an address where it has one to get, and no pod behind it that is not ready, for *quiet_seconds*."""

    def __init__(self, quiet_seconds: float = _QUIET_SECONDS) -> None:
        self._quiet_seconds = quiet_seconds
        self._seen: object = None
        self._since = 0.0

    def ready(self, contents: Contents, live: Manifest) -> bool:
        """Whether it has its address, and its Endpoints are quiet and ready."""
        if not _waits_for_pods(live):
            return self._has_address(live)
        endpoints = contents.get("Endpoints", live["metadata"]["namespace"], live["metadata"]["name"])
        if endpoints is None:
            return False
        if endpoints["metadata"]["resourceVersion"] != self._seen:
            self._seen, self._since = endpoints["metadata"]["resourceVersion"], monotonic()
        settled = monotonic() - self._since >= self._quiet_seconds
        return settled and self._has_address(live) and not _addresses(endpoints, "notReadyAddresses")

    def enough(self, live: Manifest) -> bool:
        """Whether it has its address and never had Endpoints."""
        return self._seen is None and self._has_address(live)

    def details(self, contents: Contents, live: Manifest) -> list[str]:
        """Return whether pods or the address are missing."""
        if not _waits_for_pods(live):
            return []
        endpoints = contents.get("Endpoints", live["metadata"]["namespace"], live["metadata"]["name"])
        found = []
        if endpoints is None or not _addresses(endpoints, "addresses"):
            found.append(
                "Service does not target any Pods. Selected Pods may not be ready, or "
                "field '.spec.selector' may not match labels on any Pods"
            )
        if not self._has_address(live):
            found.append("Service was not allocated an IP address; does your cloud provider support this?")
        return found

    def _has_address(self, live: Manifest) -> bool:
        balanced = live["spec"].get("type") == "LoadBalancer"
        return not balanced or bool(pluck(live, ("status", "loadBalancer", "ingress")))


class Jobs(_Plain):
    """Complete; what its pods said on the way is kept, as they may be gone when it fails."""

    def __init__(self) -> None:
        self._said: dict[str, None] = {}

    def ready(self, contents: Contents, live: Manifest) -> bool:
        """
        Whether it is complete.

        Raises:
            FailedError: It failed.

        """
        for pod in contents.owned(live["metadata"]["uid"]):
            self._said |= dict.fromkeys(pod_errors.messages(pod))
        conditions = _conditions(live)
        failed = conditions.get("Failed", {})
        if failed.get("status") == "True":
            self._said[f"[{failed.get('reason', '')}] {failed.get('message', '')}"] = None
            raise FailedError
        return bool(conditions.get("Complete", {}).get("status") == "True")

    def details(self, contents: Contents, live: Manifest) -> list[str]:  # noqa: ARG002
        """Return what its pods said, and why it failed."""
        return list(self._said)


class Pods(_Plain):
    """Ready, or succeeded."""

    def ready(self, contents: Contents, live: Manifest) -> bool:  # noqa: ARG002
        """Whether it is ready."""
        return pod_errors.ready(live)

    def details(self, contents: Contents, live: Manifest) -> list[str]:  # noqa: ARG002
        """Return what it says."""
        return pod_errors.messages(live)


class Phases(_Plain):
    """In one of some phases; the provider gives volumes five minutes, whatever it is told."""

    fixed_seconds: float | None = 300

    def __init__(self, *phases: str) -> None:
        self._phases = phases

    def ready(self, contents: Contents, live: Manifest) -> bool:
        """Whether it is in such a phase; a claim that binds with its first pod need not be bound."""
        phase = live.get("status", {}).get("phase")
        name = live["spec"].get("storageClassName") or ""
        storage = contents.get("StorageClass", "", name) or {}
        late = live["kind"] == "PersistentVolumeClaim" and storage.get("volumeBindingMode") == "WaitForFirstConsumer"
        return bool(phase in self._phases or (phase == "Pending" and late))


def _conditions(live: Manifest) -> Mapping[str, Any]:
    return {row["type"]: row for row in live.get("status", {}).get("conditions", [])}


def _is_observed(live: Manifest) -> bool:
    seen: int = live.get("status", {}).get("observedGeneration", 0)
    return seen >= int(live["metadata"]["generation"])


def _revision(live: Manifest) -> str:
    revision: str = (live["metadata"].get("annotations") or {}).get(_REVISION, "")
    return revision


def _claims(live: Manifest) -> list[str]:
    volumes = live["spec"]["template"]["spec"].get("volumes") or []
    return [volume["persistentVolumeClaim"]["claimName"] for volume in volumes if "persistentVolumeClaim" in volume]


def _is_bound(contents: Contents, live: Manifest, name: str) -> bool:
    claim = contents.get("PersistentVolumeClaim", live["metadata"]["namespace"], name)
    return claim is None or claim.get("status", {}).get("phase") == "Bound"


def _waits_for_pods(live: Manifest) -> bool:
    spec = live["spec"]
    return bool(spec.get("selector")) and spec.get("clusterIP") != "None" and spec.get("type") != "ExternalName"


def _addresses(endpoints: Manifest, group: str) -> bool:
    return any(subset.get(group) for subset in endpoints.get("subsets") or [])
