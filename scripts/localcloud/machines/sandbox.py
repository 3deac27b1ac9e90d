"""The bubblewrap command that a machine runs in."""

import sys
from pathlib import Path

from scripts.localcloud.machines import packages
from scripts.localcloud.machines.filesystem import LIBRARIES, inside, python, site_folders
from scripts.localcloud.machines.guest.places import CADDY, CODE, DISKS, ENGINE, EXCHANGE, HIDDEN, HOST, SITE
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
from scripts.localcloud.machines.guest.init import main
main()
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


def _python() -> list[str]:
    """Return the mounts that give the machine the running Python with nothing but its standard library."""
    base = Path(sys.base_prefix)
    mounts = []
    if base.is_relative_to("/usr/local"):
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        for piece in [python(), base / "lib" / version, *base.glob("lib/libpython*")]:
            mounts += _read_only(piece, piece)
    elif base != Path("/usr"):
        mounts += _read_only(base, base)
    for folder in site_folders():
        mounts += _read_only(HERE / "guest" / "site", folder)
        if inside(folder) != folder:
            mounts += _read_only(HERE / "guest" / "site", inside(folder))
    return mounts


def _own_files(place: Place) -> list[str]:
    """Return the mounts of the local cloud's own files."""
    wrap = packages.bwrap_folder()
    mounts = [
        *_read_only(HERE / "guest", CODE / "scripts" / "localcloud" / "machines" / "guest"),
        *_read_only(packages.package_folder("yaml"), CODE / "yaml"),
        *_read_only(HERE / "guest" / "units", HIDDEN / "units"),
        *_read_only(HERE / "guest" / "site", SITE),
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
    libraries = wrap.with_name(f"{wrap.name}.libs")
    return mounts + (_read_only(libraries, HIDDEN / libraries.name) if libraries.is_dir() else [])


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
        *_python(),
        *_own_files(place),
        *("--proc", "/proc", "--dev", "/dev", "--tmpfs", "/run", "--tmpfs", "/tmp", "--chdir", "/"),  # noqa: S108
        "--",
        "/usr/bin/python3",
        "-SE",
        "-c",
        _FIRST_PROGRAM,
    ]


def probe_command() -> list[str]:
    """Return a command line that succeeds where machines can boot."""
    true = ["--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--", "true"]
    return [str(packages.bwrap()), *ISOLATION, "--setenv", "PATH", "/usr/bin:/bin", *true]
