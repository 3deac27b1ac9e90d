"""What the cloud asks of whatever acts on the objects of its clusters."""

from pathlib import Path
from typing import Protocol


class ControlPlanes(Protocol):
    """The control planes of one local cloud's clusters; every method may raise `MachineError`."""

    def start(self, cluster_id: str) -> None:
        """Begin to act on the objects of a cluster."""

    def stop(self, cluster_id: str) -> None:
        """End that, and the cluster's pods with it; absent is fine."""


class Daemons:
    """Control planes that are processes of this host and outlive whoever started them; *mode* as for machines."""

    def __init__(self, home: Path, mode: str) -> None:
        self._home = home
        self._mode = mode

    def start(self, cluster_id: str) -> None:
        """Start the process, unless it runs."""
        from scripts.localcloud.kubernetes.controllers import start_control_plane  # noqa: PLC0415 few need it

        start_control_plane(self._home, cluster_id, self._mode)

    def stop(self, cluster_id: str) -> None:
        """End the process and the pods."""
        from scripts.localcloud.kubernetes.controllers import stop_control_plane  # noqa: PLC0415 few need it

        stop_control_plane(self._home, cluster_id, self._mode)
