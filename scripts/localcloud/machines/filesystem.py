"""A machine's system disk: what the public image would hold."""

import os
import shutil
import site
import sys
from pathlib import Path

from scripts.localcloud.machines.guest.commands import STAND_INS
from scripts.localcloud.machines.guest.places import CA_FILE, HOST
from scripts.localcloud.machines.layout import Place
from scripts.localcloud.machines.spec import MachineSpec

REAL_COMMANDS = Path(__file__).with_name("real_commands.txt").read_text().split()
"""
The laptop's programs that a machine has.

Every other program of the laptop is absent, so a boot script cannot come to need what only its author has.
"""

HOST_PATH = "/usr/bin:/bin:/usr/sbin:/sbin"
_STAND_IN = """#!/usr/bin/python3 -SE
import sys
sys.path[:0] = ["/.localcloud/lib"]
from scripts.localcloud.machines.guest.commands import run
sys.exit(run("{name}", sys.argv[1:]))
"""
_OS_RELEASE = {
    "ubuntu": 'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\nVERSION_CODENAME=noble\n',
    "alinux": 'NAME="Alibaba Cloud Linux"\nID=alinux\nID_LIKE="rhel fedora centos anolis"\nVERSION_ID="3"\n',
}
_FOLDERS = (
    "dev home mnt opt proc root run srv sys tmp usr/bin usr/lib usr/lib32 usr/lib64 usr/libexec usr/share"
    " usr/local/bin usr/local/sbin usr/local/lib var/lib var/log var/cache etc/systemd/system etc/ssl/certs"
    " .localcloud var/tmp"
)
_LINKS = {"bin": "usr/bin", "sbin": "usr/bin", "usr/sbin": "bin", "var/run": "/run", "etc/mtab": "/proc/self/mounts"}
LIBRARIES = ("lib", "lib32", "lib64", "libx32")


def python() -> Path:
    """Return the Python program without its virtual environment."""
    return Path(os.path.realpath(sys.executable))


def site_folders() -> list[Path]:
    """Return the folders of third-party packages that the machine's Python must not see."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    base = Path(sys.base_prefix)
    folders = [base / "lib" / version / "site-packages", *map(Path, site.getsitepackages([sys.base_prefix]))]
    return sorted({folder for folder in folders if folder.is_dir()})


def inside(path: Path) -> Path:
    """Return where a program or folder of the laptop's /usr, /bin or /sbin is seen inside a machine."""
    if sys.base_prefix != "/usr" and path.is_relative_to(sys.base_prefix):
        return path
    system = path.is_relative_to("/usr") or path.is_relative_to("/bin") or path.is_relative_to("/sbin")
    return HOST / path.relative_to("/") if system else path


def real_command(name: str) -> Path | None:
    """Return the laptop's program *name*, links followed, None when it has none."""
    found = shutil.which(name, path=HOST_PATH)
    return Path(os.path.realpath(found)) if found else None


def _is_ubuntu(image_id: str) -> bool:
    return image_id.startswith(("ubuntu", "debian"))


def link_commands(folder: Path, spec: MachineSpec) -> None:
    """Fill *folder* with the machine's commands: links to real ones and files of stand-ins."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in REAL_COMMANDS:
        if program := real_command(name):
            (folder / name).symlink_to(inside(program))
    (folder / "python3").symlink_to(inside(python()))
    foreign = {"dnf", "rpm"} if _is_ubuntu(spec.image_id) else {"apt-get", "dpkg-query"}
    absent = foreign | ({"docker", "dockerd", "nvidia-ctk"} if spec.faults.get("no_docker") else set())
    for name in sorted(set(STAND_INS) - absent):
        file = folder / name
        file.write_text(_STAND_IN.format(name=name))
        file.chmod(0o755)


def _etc(spec: MachineSpec, authority: str) -> dict[str, str]:
    return {
        "etc/passwd": "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/:/bin/false\n",
        "etc/group": "root:x:0:\nnogroup:x:65534:\n",
        "etc/hostname": f"{spec.hostname}\n",
        "etc/hosts": f"127.0.0.1 localhost\n{spec.private_ip} {spec.hostname}\n",
        "etc/resolv.conf": "nameserver 127.0.0.53\n",
        "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
        "etc/os-release": _OS_RELEASE["ubuntu" if _is_ubuntu(spec.image_id) else "alinux"],
        "etc/machine-id": f"{spec.instance_id.encode().hex()[:32]:0<32}\n",
        CA_FILE.lstrip("/"): authority,
    }


def _library(root: Path, name: str) -> None:
    """Make the laptop's /lib, /lib64 or the like what it is there: a link into /usr, or a folder."""
    host = Path("/") / name
    if host.is_symlink():
        (root / name).symlink_to(f"usr/{name}")
    elif host.is_dir():
        (root / name).mkdir()


def make_root(place: Place, spec: MachineSpec, authority: str) -> None:
    """Lay out the system disk of a machine that has never booted; a later boot keeps what it finds."""
    root = place.root
    if root.exists():
        return
    for name in _FOLDERS.split():
        (root / name).mkdir(parents=True, exist_ok=True)
    for name, target in _LINKS.items():
        (root / name).symlink_to(target)
    for name in LIBRARIES:
        _library(root, name)
    for name, text in _etc(spec, authority).items():
        (root / name).write_text(text)
    if not spec.faults.get("no_docker"):
        wants = root / "etc/systemd/system/multi-user.target.wants"
        wants.mkdir(parents=True)
        (wants / "docker.service").symlink_to("/.localcloud/units/docker.service")
    root.chmod(0o755)
    (root / "root").chmod(0o700)
