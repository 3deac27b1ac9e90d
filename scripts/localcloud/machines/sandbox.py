"""The bubblewrap command that a machine runs in."""

import json
import os
import sys
from pathlib import Path
from typing import cast

from scripts.localcloud.machines import packages
from scripts.localcloud.machines.filesystem import LIBRARIES, inside, python, site_folders
from scripts.localcloud.machines.guest.places import (
    CADDY,
    CODE,
    DISKS,
    ENGINE,
    EXCHANGE,
    HIDDEN,
    HOST,
    PACKAGES,
    VOLUMES,
)
from scripts.localcloud.machines.layout import Place
from scripts.localcloud.machines.spec import MachineSpec

HERE = Path(__file__).parent
ISOLATION = [
    "--unshare-user",
    "--unshare-pid",
    "--unshare-net",
    "--unshare-uts",
    "--unshare-ipc",
    "--uid",
    "0",
    "--gid",
    "0",
    "--cap-add",
    "ALL",
    "--die-with-parent",
    "--clearenv",
]
_FIRST_PROGRAM = """
import sys
sys.path[:0] = ["/.localcloud/lib"]
from scripts.localcloud.machines.guest.{module} import main
main()
"""
_MODULES = {"instance": "init", "pod": "kubelet.init", "balancer": "balancer"}


_PROBE = """
import os
from scripts.localcloud.machines.guest import interface, netlink
far_end = interface.open_far_end("127.64.0.1", 1500)
netlink.bring_up_for_loopback(interface.NAME)
netlink.add_bridge("probe")
netlink.add_veth("outer", "probe", "inner", os.open("/proc/self/ns/net", os.O_RDONLY))
netlink.add_address("probe", "172.18.0.1", 16)
"""


def _read_only(source: Path, target: Path) -> list[str]:
    return ["--ro-bind", str(source), str(target)]


def _system() -> list[str]:
    """Return the mounts of the laptop's own files."""
    mounts = []
    for name in ("lib", "lib32", "lib64", "libexec", "share"):
        folder = Path("/usr") / name
        if folder.is_dir():
            mounts += _read_only(folder, folder)
    for name in LIBRARIES:
        folder = Path("/") / name
        if folder.is_dir() and not folder.is_symlink():
            mounts += _read_only(folder, folder)
    for name in ("usr", "bin", "sbin"):
        folder = Path("/") / name
        if not folder.is_symlink():
            mounts += _read_only(folder, HOST / name)
    return [*mounts, "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]


def _python_folders() -> list[Path]:
    """Return the parts of the running Python that lie outside the system's own folders."""
    base = Path(sys.base_prefix)
    if base.is_relative_to("/usr/local"):
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        return [python(), base / "lib" / version, *base.glob("lib/libpython*")]
    return [] if base == Path("/usr") else [base]


def _masked() -> list[Path]:
    """Return the folders of third-party packages, wherever the machine sees them."""
    return sorted({place for folder in site_folders() for place in (folder, inside(folder))})


def python_facts() -> dict[str, object]:
    """Return how a container of this machine gets its Python."""
    return {
        "program": str(inside(python())),
        "folders": [str(folder) for folder in _python_folders()],
        "sites": [str(folder) for folder in _masked()],
    }


def engine_facts(home: Path) -> dict[str, dict[str, object]]:
    """
    Return the real engines that stand in for the stand-in, by kind of image.

    They come from engines.json in the home: ``{"vllm": {"venv": "<folder>", "environment": {...}}}``.
    """
    file = home / "engines.json"
    found: dict[str, dict[str, object]] = {}
    for kind, entry in (json.loads(file.read_text()) if file.exists() else {}).items():
        program = Path(entry["venv"], "bin", "python").resolve()
        folders = [entry["venv"]] if program.is_relative_to("/usr") else [entry["venv"], str(program.parents[1])]
        found[kind] = {"venv": entry["venv"], "environment": entry.get("environment", {}), "folders": folders}
    return found


def _engines(home: Path) -> list[str]:
    """Return the mounts of the real engines; the running Python is there already."""
    own = {str(folder) for folder in _python_folders()}
    wanted = {str(folder) for facts in engine_facts(home).values() for folder in cast("list[str]", facts["folders"])}
    return [word for folder in sorted(wanted - own) for word in _read_only(Path(folder), Path(folder))]


def _python() -> list[str]:
    """Return the mounts that give the machine the running Python with nothing but its standard library."""
    own = [word for folder in _python_folders() for word in _read_only(folder, folder)]
    return own + [word for folder in _masked() for word in _read_only(HERE / "guest" / "site", folder)]


def _own_files(place: Place) -> list[str]:
    """Return the mounts of the local cloud's own files."""
    wrap = packages.bwrap_folder()
    mounts = [
        *_read_only(HERE / "guest", CODE / "scripts" / "localcloud" / "machines" / "guest"),
        *_read_only(packages.package_folder("yaml"), CODE / "yaml"),
        *_read_only(HERE / "guest" / "units", HIDDEN / "units"),
        *_read_only(HERE / "engine", ENGINE / "scripts" / "localcloud" / "machines" / "engine"),
        *_read_only(wrap, HIDDEN / wrap.name),
        *_read_only(packages.caddy(), CADDY),
        "--bind",
        str(place.exchange),
        str(EXCHANGE),
        "--bind",
        str(place.home / "disks"),
        str(DISKS),
    ]
    if folder := packages.ray_folder():
        mounts += _read_only(folder, PACKAGES)
    libraries = wrap.with_name(f"{wrap.name}.libs")
    return mounts + (_read_only(libraries, HIDDEN / libraries.name) if libraries.is_dir() else [])


def _volumes(spec: MachineSpec) -> list[str]:
    """Return the mounts of what a pod's claims lead to."""
    bound = {True: "--ro-bind", False: "--bind"}
    return [
        word
        for claim, volume in spec.own.get("volumes", {}).items()
        for word in (bound[volume["read_only"]], volume["folder"], str(VOLUMES / claim))
    ]


def command(place: Place, spec: MachineSpec) -> list[str]:
    """Return the command line that boots the machine at *place*."""
    return [
        str(packages.bwrap()),
        *ISOLATION,
        "--hostname",
        spec.hostname,
        "--bind",
        str(place.root),
        "/",
        *_system(),
        *_read_only(place.commands, Path("/usr/bin")),
        *_own_files(place),
        *("--proc", "/proc", "--dev", "/dev", "--tmpfs", "/run", "--tmpfs", "/tmp", "--chdir", "/"),  # noqa: S108
        *_python(),
        *_engines(place.home),
        *_volumes(spec),
        "--",
        "/usr/bin/python3",
        "-SE",
        "-c",
        _FIRST_PROGRAM.format(module=_MODULES[spec.kind]),
    ]


def probe_command() -> list[str]:
    """Return a command line that succeeds where machines can boot and containers can be joined."""
    everything = [
        "--ro-bind",
        "/",
        "/",
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        "--setenv",
        "PYTHONPATH",
        os.pathsep.join([str(HERE.parents[2]), *sys.path]),
    ]
    return [str(packages.bwrap()), *ISOLATION, *everything, "--", sys.executable, "-c", _PROBE]
