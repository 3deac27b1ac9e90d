"""The control plane of one cluster: it takes the objects, step by step, to what they ask for."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from scripts.localcloud.kubernetes import helm
from scripts.localcloud.kubernetes.controllers import (
    autoscaler,
    data_load,
    deployment,
    fluid,
    groups,
    job,
    replica_set,
    scheduler,
    services,
    volumes,
)
from scripts.localcloud.kubernetes.controllers.front import Front
from scripts.localcloud.kubernetes.controllers.loads import Loads
from scripts.localcloud.kubernetes.controllers.nodes import Nodes
from scripts.localcloud.kubernetes.controllers.site import Site
from scripts.localcloud.kubernetes.objects import Contents, Objects, folder_of
from scripts.localcloud.machines.pods import Pods

Controller = Callable[[Contents, datetime], None]
OWN: tuple[Controller, ...] = (
    volumes.control,
    autoscaler.control,
    deployment.control,
    replica_set.control,
    job.control,
    scheduler.control,
    services.control,
)
"""What every cluster has."""
CHARTS: Mapping[str, tuple[Controller, ...]] = {
    "ack-fluid": (fluid.control, data_load.control),
    "lws": (groups.control,),
}
"""What runs while a release of a chart is installed: afterwards nobody takes its finalizers off."""
LOOK_SECONDS = 1.0
"""How long the control plane may miss what only the clock or the cloud changes: a deadline, a route, a list."""
_MOST_ROUNDS = 100
"""How often the controllers answer each other in one step; they agree after a few."""


class ControlPlane:
    """What acts on the objects of the cluster *cluster_id* in the cloud at *home*."""

    def __init__(self, home: Path, cluster_id: str, pods: Pods) -> None:
        self._objects = Objects(folder_of(home, cluster_id))
        self._nodes = Nodes(pods, Site(home, cluster_id).facts)
        self._loads = Loads(home, pods)
        self._front = Front(home, cluster_id, pods)
        self._present = Contents(cluster_id, 0, [])
        self._written = 0
        self._due = 0.0

    def step(self) -> None:
        """
        Look at everything once, and act when something changed or `LOOK_SECONDS` are over.

        Raises:
            ClusterGoneError: There is no such cluster any more.

        """
        due = time.monotonic() >= self._due
        before = self._objects.read() if due or self._folder_changed() else self._present
        changed = due or before.version != self._present.version
        if self._nodes.look(before) or changed:
            self._act(before, datetime.now(UTC))
            rests = self._present.version == before.version
            self._due = time.monotonic() + LOOK_SECONDS if rests else 0

    def _act(self, before: Contents, moment: datetime) -> None:
        self._loads.look(before)
        with self._objects.transaction() as cluster:
            self._nodes.tell(cluster, moment)
            self._loads.tell(cluster, moment)
            agree(cluster, moment)
        self._front.look(cluster)
        with self._objects.transaction() as cluster:
            self._front.tell(cluster, moment)
        self._present = cluster

    def _folder_changed(self) -> bool:
        """Whether somebody wrote objects since the last call, cheaply: at worst a moment too late."""
        try:
            before, self._written = self._written, self._objects.folder.stat().st_mtime_ns
        except FileNotFoundError:
            return True
        return before != self._written

    def close(self) -> None:
        """Stop acting; the pods live on."""
        self._nodes.close()

    def end_pods(self) -> None:
        """End every pod at once."""
        self._nodes.end_all()


def agree(cluster: Contents, moment: datetime) -> None:
    """Let the controllers act on *cluster* until none has anything to add."""
    for _ in range(_MOST_ROUNDS):
        version = cluster.version
        installed = (controllers for chart, controllers in CHARTS.items() if helm.runs(cluster, chart))
        for control in chain(OWN, *installed):
            control(cluster, moment)
        if cluster.version == version:
            return
