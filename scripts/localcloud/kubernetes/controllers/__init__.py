"""
What acts on the objects of a cluster: a process per cluster, started and ended with it.

`plane` looks and acts, with one module for each kind of object; `nodes`, `loads` and `front` are its hands: the pods,
the caches and the load balancers. Only these do what takes time, and none of them while it holds a lock. Where it is
known to differ from Kubernetes is in docs/local-cloud.md.
"""

import contextlib
import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from scripts.localcloud import faults
from scripts.localcloud.kubernetes.objects import ClusterGoneError, Objects, folder_of
from scripts.localcloud.machines.identity import living_pid, process_identity

SOURCE_ROOT = Path(__file__).parents[4]
KILL_SECONDS = 10
POLL_SECONDS = 0.02
_AT_ONCE = 4
"""How many pods are ended at the same time."""
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR", faults.VARIABLE)
"""What the process keeps of its starter's environment."""


def start_control_plane(home: Path, cluster_id: str, mode: str) -> None:
    """Start what acts on the cluster's objects, unless it runs; *mode* says what its pods do."""
    home = home.resolve()
    if running(home, cluster_id) is not None:
        return
    search = [str(SOURCE_ROOT), *(entry for entry in sys.path if entry.endswith(("site-packages", "dist-packages")))]
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    # -P: where the starter happens to be, there may be another package of this name.
    program = [sys.executable, "-P", "-m", f"{__name__}.daemon", str(home), cluster_id, mode]
    log = folder_of(home, cluster_id) / "control-plane.log"
    pid = os.posix_spawn(
        sys.executable,
        program,
        environment | {"PYTHONPATH": os.pathsep.join(search)},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    _pid_file(home, cluster_id).write_text(process_identity(pid))


def stop_control_plane(home: Path, cluster_id: str, mode: str) -> None:
    """End it, and every pod of the cluster; what is gone already is fine."""
    until = time.monotonic() + KILL_SECONDS
    while (pid := running(home, cluster_id)) is not None:
        number = signal.SIGTERM if time.monotonic() < until else signal.SIGKILL
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        time.sleep(POLL_SECONDS)
    with contextlib.suppress(ClusterGoneError):
        _end_pods(home, cluster_id, mode)


def _end_pods(home: Path, cluster_id: str, mode: str) -> None:
    from scripts.localcloud.kubernetes.controllers.runs import pods_at  # noqa: PLC0415 slow, and seldom needed

    cluster, pods = Objects(folder_of(home, cluster_id)).read(), pods_at(home, mode)
    with ThreadPoolExecutor(_AT_ONCE) as work:
        list(work.map(lambda pod: pods.stop(pod["metadata"]["uid"], 0), cluster.all("Pod")))
    for service in cluster.all("Service"):
        for ingress in service.get("status", {}).get("loadBalancer", {}).get("ingress", []):
            pods.release(ingress["ip"])


def _pid_file(home: Path, cluster_id: str) -> Path:
    return folder_of(home, cluster_id) / "control-plane.pid"


def running(home: Path, cluster_id: str) -> int | None:
    """Return the pid of the control plane of a cluster while it lives."""
    try:
        return living_pid(_pid_file(home, cluster_id).read_text())
    except OSError:
        return None
