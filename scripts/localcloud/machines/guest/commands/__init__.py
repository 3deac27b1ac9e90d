"""Commands that stand in for what a laptop lacks; unknown options are refused, so that a wrong script fails."""

import importlib
import sys

STAND_INS = {
    "apt-get": "packages",
    "blkid": "filesystems",
    "cloud-init": "cloud_init",
    "dnf": "packages",
    "docker": "docker",
    "dockerd": "dockerd",
    "eadm": "rdma",
    "findmnt": "mounting",
    "ibv_devinfo": "rdma",
    "iptables": "iptables",
    "journalctl": "journalctl",
    "logger": "logger",
    "lsblk": "lsblk",
    "mkfs.ext4": "filesystems",
    "modprobe": "modprobe",
    "mount": "mounting",
    "mountpoint": "mounting",
    "nvidia-ctk": "nvidia",
    "nvidia-smi": "nvidia",
    "resize2fs": "filesystems",
    "sleep": "sleep",
    "systemctl": "systemctl",
    "udevadm": "udevadm",
    "umount": "mounting",
}
"""Command name to the module of this package that runs it."""

REFUSED = 2
"""Exit status of a refused call."""


class RefusedError(Exception):
    """The stand-in does not know what it was asked; the real command might."""


def run(name: str, arguments: list[str]) -> int:
    """Run the stand-in of command *name* and return its exit status."""
    module = importlib.import_module(f"{__name__}.{STAND_INS[name]}")
    try:
        return int(module.main(name, arguments))
    except RefusedError as refusal:
        sys.stderr.write(f"{name}: stand-in: {refusal}\n")
        return REFUSED
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except KeyboardInterrupt:
        return 130


def say(text: str) -> None:
    """Write *text* and a newline to standard output."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """Write *text* and a newline to standard error."""
    sys.stderr.write(f"{text}\n")
