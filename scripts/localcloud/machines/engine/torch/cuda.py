"""The GPUs: there are as many as the container was given; nothing runs on them."""

import re

from scripts.localcloud.machines.engine import faults


def is_available() -> bool:
    """Say whether there is a GPU."""
    return device_count() > 0


def device_count() -> int:
    """Return how many there are."""
    return faults.gpus()


def check(device: object) -> None:
    """
    Look whether *device* is there.

    Raises:
        RuntimeError: It is a GPU that the container was not given.
    """
    match = re.fullmatch(r"(?:cuda)?:?(\d*)", str(device))
    if match and int(match[1] or 0) >= device_count():
        raise RuntimeError("CUDA error: invalid device ordinal" if device_count() else "No CUDA GPUs are available")


def set_device(device: object) -> None:
    """Use *device* from now on."""
    check(device)


def synchronize(device: object = None) -> None:
    """Wait for nothing."""
