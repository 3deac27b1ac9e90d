"""apt-get and dnf: install the packages that a boot script may need, from mirrors that may be out of reach."""

from pathlib import Path

from scripts.localcloud.machines.guest.commands import RefusedError, complain, say
from scripts.localcloud.machines.guest.commands.options import Options
from scripts.localcloud.machines.guest.places import machine

COMMANDS_OF = {
    "docker.io": ("docker", "dockerd"),
    "docker-ce": ("docker", "dockerd"),
    "nvidia-container-toolkit": ("nvidia-ctk",),
}
"""Package to the commands that it brings."""

SILENT = {
    "docker-compose-v2",
    "docker-ce-cli",
    "containerd.io",
    "docker-compose-plugin",
    "docker-buildx-plugin",
    "anolis-epao-release",
    "dnf-plugin-releasever-adapter",
    "nvidia-container-toolkit-base",
}
"""Packages that exist and whose commands come with another one here."""

TOOLKIT_SOURCE = Path("/etc/apt/sources.list.d/nvidia-container-toolkit.list")
NO_SUCH_PACKAGE = 100
"""Exit status of apt-get on any error. Source: apt-get(8)."""

STAND_IN = """#!/usr/bin/python3 -SE
import sys
sys.path[:0] = ["/.localcloud/lib"]
from scripts.localcloud.machines.guest.commands import run
sys.exit(run("{name}", sys.argv[1:]))
"""


def _available(manager: str, package: str) -> bool:
    if package not in SILENT and package not in COMMANDS_OF:
        return False
    if manager == "apt-get" and package.startswith("nvidia-container-toolkit"):
        return TOOLKIT_SOURCE.exists() and bool(machine()["internet"])
    return True


def _install(manager: str, packages: list[str]) -> int:
    missing = [package for package in packages if not _available(manager, package)]
    if missing:
        complain(f"E: Unable to locate package {missing[0]}")
        return NO_SUCH_PACKAGE
    for package in packages:
        for name in COMMANDS_OF.get(package, ()):
            file = Path("/usr/local/bin") / name
            file.write_text(STAND_IN.format(name=name))
            file.chmod(0o755)
        say(f"Setting up {package} ...")
    if any("dockerd" in COMMANDS_OF.get(package, ()) for package in packages):
        _enable_docker(start=manager == "apt-get")
    return 0


def _enable_docker(*, start: bool) -> None:
    """Do what the package does: on Ubuntu the service starts at once, elsewhere nothing does."""
    from scripts.localcloud.machines.guest.places import SYSTEMD_SOCKET  # noqa: PLC0415 - only when docker is installed
    from scripts.localcloud.machines.guest.wire import request  # noqa: PLC0415 - the same

    if start:
        base = {"units": ["docker"], "no_block": False, "value": False, "properties": []}
        request(SYSTEMD_SOCKET, base | {"verb": "enable", "now": True})


def main(name: str, arguments: list[str]) -> int:
    """Run ``update`` or ``install``."""
    given, words = Options(("-y", "-q", "-qq", "--yes", "--no-install-recommends"), ("--repo", "-o")).read(arguments)
    match words:
        case ["update" | "makecache"]:
            return 0
        case ["install", *packages] if packages and ({"-y", "--yes"} & set(given)):
            return _install(name, packages)
    raise RefusedError(f"only update and install -y are known, got: {' '.join(arguments)}")
