"""The GPUs: there are as many as the container was given; nothing runs on them."""

from scripts.localcloud.machines.engine import faults


def is_available() -> bool:
    """Say whether there is a GPU."""
    return faults.gpus() > 0


def set_device(device: int) -> None:
    """
    Look whether *device* is there.

    Raises:
        RuntimeError: The container was not given it.
    """
    if device >= faults.gpus():
        raise RuntimeError("CUDA error: invalid device ordinal" if is_available() else "No CUDA GPUs are available")


def synchronize() -> None:
    """Wait for nothing."""
