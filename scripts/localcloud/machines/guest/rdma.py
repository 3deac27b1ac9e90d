"""The machine's RDMA interfaces as their driver shows them: none before it is loaded."""

from pathlib import Path

from scripts.localcloud.machines.guest import mounts
from scripts.localcloud.machines.guest.places import machine

FOLDER = Path("/dev/infiniband")
MODE = Path("/run/localcloud-erdma")
"""Whether the driver makes its devices look like InfiniBand, Y or N; absent while it is not loaded."""


def load(compat_mode: str) -> None:
    """Load the driver; one that is loaded keeps its mode, as any module keeps its parameters."""
    if not MODE.exists():
        MODE.write_text(compat_mode)
    follow()


def unload() -> None:
    """Unload the driver; its devices go."""
    MODE.unlink(missing_ok=True)
    follow()


def follow() -> None:
    """Make the device files what the driver finds now."""
    wanted = {"rdma_cm", *(f"uverbs{index}" for index in range(_found()))} if MODE.exists() else set()
    present = {file.name for file in FOLDER.glob("*")}
    for name in present - wanted:
        mounts.unbind(str(FOLDER / name))
        (FOLDER / name).unlink()
    for name in wanted - present:
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / name).touch()
        mounts.bind("/dev/null", str(FOLDER / name))


def _found() -> int:
    facts = machine()
    if facts["faults"].get("no_rdma"):
        return 0
    return int(facts["faults"].get("rdma_devices", facts["rdma_devices"]))


def devices() -> list[str]:
    """Return the names that programs know the devices by, in a container those that it was given."""
    files = sorted(FOLDER.glob("uverbs*"), key=lambda file: int(file.name.removeprefix("uverbs")))
    return [f"erdma_{file.name.removeprefix('uverbs')}" for file in files]
