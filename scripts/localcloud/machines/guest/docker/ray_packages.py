"""Ray and all it needs among the laptop's packages, looked for only where an image with Ray is pulled."""

import importlib.metadata
import sys
from importlib.metadata import Distribution

from scripts.localcloud.machines.guest.places import PACKAGES


def present() -> bool:
    """Return whether Ray is installed beside the local cloud."""
    return PACKAGES.is_dir()


def names() -> list[str]:
    """Return the names of the files and folders that Ray and what it needs have in PACKAGES."""
    sys.path.append(str(PACKAGES))
    needed: dict[str, Distribution] = {}
    _add("ray[default]", needed)
    files = [file for distribution in needed.values() for file in distribution.files or []]
    found = {file.parts[0] for file in files} - {"..", "__pycache__"}
    return sorted(name for name in found if (PACKAGES / name).exists())


def _add(text: str, needed: dict[str, Distribution]) -> None:
    """Add to *needed* what the requirement *text* asks for and what that needs in turn, by name and extras."""
    from packaging.requirements import Requirement  # noqa: PLC0415 - the machine's Python has it in PACKAGES only

    wanted = Requirement(text)
    name = f"{wanted.name}[{','.join(sorted(wanted.extras))}]"
    if name in needed:
        return
    needed[name] = importlib.metadata.distribution(wanted.name)
    for other in needed[name].requires or []:
        marker = Requirement(other).marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *wanted.extras)):
            _add(other, needed)
