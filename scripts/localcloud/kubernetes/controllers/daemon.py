"""The process that is a cluster's control plane: it lives while the cluster does, without whoever started it."""

import signal
import sys
import time
import traceback
from pathlib import Path
from types import FrameType

from scripts.localcloud.kubernetes.controllers.plane import LOOK_SECONDS, ControlPlane
from scripts.localcloud.kubernetes.controllers.runs import pods_at
from scripts.localcloud.kubernetes.objects import ClusterGoneError

POLL_SECONDS = 0.1


def main(home: str, cluster_id: str, mode: str) -> None:
    """Act until the cluster is gone, which ends its pods, or until SIGTERM, which leaves them."""
    signal.signal(signal.SIGTERM, _leave)
    plane = ControlPlane(Path(home), cluster_id, pods_at(Path(home), mode))
    try:
        while True:
            _step(plane)
            time.sleep(POLL_SECONDS)
    except ClusterGoneError:
        if Path(home).exists():
            plane.end_pods()
    finally:
        plane.close()


def _step(plane: ControlPlane) -> None:
    try:
        plane.step()
    except ClusterGoneError:
        raise
    except Exception:  # noqa: BLE001 one odd object must not stop the others for good
        traceback.print_exc()
        time.sleep(LOOK_SECONDS)


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit


if __name__ == "__main__":
    main(*sys.argv[1:])
