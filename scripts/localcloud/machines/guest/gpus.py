"""The GPUs that the machine's driver shows."""

from pathlib import Path

from scripts.localcloud.machines.guest import mounts
from scripts.localcloud.machines.guest.places import machine


def count() -> int:
    """Return how many there are."""
    facts = machine()
    if facts["faults"].get("no_gpu"):
        return 0
    return int(facts["faults"].get("gpu_count", facts["gpu_count"]))


def devices() -> list[Path]:
    """Return the device files of the driver."""
    names = [f"nvidia{index}" for index in range(count())]
    return [Path("/dev") / name for name in ([*names, "nvidiactl", "nvidia-uvm", "nvidia-uvm-tools"] if names else [])]


def make_devices() -> None:
    """Make the device files: real character devices, though they lead nowhere."""
    for device in devices():
        device.touch()
        mounts.bind("/dev/null", str(device))
