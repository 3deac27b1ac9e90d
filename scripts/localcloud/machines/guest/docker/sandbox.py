"""The bubblewrap command of a container."""

import concurrent.futures
import socket
from collections.abc import Callable
from pathlib import Path

from scripts.localcloud.machines.guest import gpus, rdma
from scripts.localcloud.machines.guest.docker import images, real_engine
from scripts.localcloud.machines.guest.docker.config import ContainerConfig
from scripts.localcloud.machines.guest.docker.networks import Network
from scripts.localcloud.machines.guest.places import BWRAP, CA_FILE, CADDY, CODE, ENGINE, EXCHANGE, PACKAGES, machine

FOLDERS = (
    "dev etc home mnt opt proc root run srv sys tmp usr/bin usr/local/bin var/tmp config data etc/caddy .localcloud"
)
LINKS = {"bin": "usr/bin", "sbin": "usr/bin", "usr/sbin": "bin", "var/run": "../run"}
_machine_network = concurrent.futures.ThreadPoolExecutor(1)
_machine_network.submit(int)


def in_machine_network(call: Callable[[], None]) -> None:
    """Run *call* in a thread that is in the machine's own network namespace, from a thread that is not."""
    _machine_network.submit(call).result()


def argv(config: ContainerConfig) -> list[str]:
    """Return the program and arguments: an entrypoint of the user's own drops the image's command."""
    image = images.image_of(config.image)
    entrypoint = list(image.entrypoint) if config.entrypoint is None else config.entrypoint
    inherited = [] if config.entrypoint is not None else list(image.command)
    return [*entrypoint, *(inherited if config.command is None else config.command)]


def environment(config: ContainerConfig) -> dict[str, str]:
    """Return the variables of the container."""
    return images.image_of(config.image).environment | {"HOME": "/root"} | config.environment


def hostname(config: ContainerConfig, container_id: str) -> str:
    """Return the container's name for itself."""
    return socket.gethostname() if config.host_network else container_id[:12]


def lay_out(root: Path, config: ContainerConfig, container_id: str, attachments: list[tuple[Network, str]]) -> None:
    """Make the container's own files, at its first start."""
    if root.exists():
        return
    for name in FOLDERS.split():
        (root / name).mkdir(parents=True, exist_ok=True)
    for name, target in LINKS.items():
        (root / name).symlink_to(target)
    for name in ("lib", "lib32", "lib64"):
        if (Path("/") / name).is_symlink():
            (root / name).symlink_to(f"usr/{name}")
    name = hostname(config, container_id)
    hosts = "".join(f"{address}\t{name}\n" for _, address in attachments)
    files = {
        "passwd": "root:x:0:0:root:/root:/bin/sh\n",
        "group": "root:x:0:\n",
        "hostname": f"{name}\n",
        "hosts": f"127.0.0.1\tlocalhost\n{hosts}",
        "resolv.conf": "nameserver 127.0.0.11\n",
        "nsswitch.conf": "hosts: files dns\n",
    }
    if config.host_network:
        files |= {name: (Path("/etc") / name).read_text() for name in ("hosts", "resolv.conf")}
    for file, text in files.items():
        (root / "etc" / file).write_text(text)


def _read_only(source: str | Path, target: str | Path) -> list[str]:
    return ["--ro-bind", str(source), str(target)]


def _image_mounts(config: ContainerConfig) -> list[str]:
    image = images.image_of(config.image)
    mounts = [word for source, target in images.host_mounts() for word in _read_only(source, target)]
    mounts += _read_only(image.store / "bin", "/usr/bin")
    mounts += ["--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]
    if image.kind == "caddy":
        mounts += _read_only(CADDY, "/usr/local/bin/caddy")
    if image.python:
        facts = machine()["python"]
        mounts += [word for folder in facts["folders"] for word in _read_only(folder, folder)]
        mounts += [word for folder in facts["sites"] for word in _read_only(image.store / "site", folder)]
    if image.engine:
        mounts += _read_only(ENGINE, ENGINE)
        mounts += _read_only(EXCHANGE / "faults.json", EXCHANGE / "faults.json")
        mounts += real_engine.mounts(image.kind)
    if image.kind == "python":
        mounts += _read_only(CA_FILE, CA_FILE)
    if image.ray:
        mounts += _read_only(PACKAGES, PACKAGES)
    return mounts + (_rdma_tools() if any(_devices(config)) else [])


def _rdma_tools() -> list[str]:
    """Return the mounts of what looks at RDMA devices: part of an image that can use them."""
    found = [*_read_only("/usr/bin/ibv_devinfo", "/usr/local/bin/ibv_devinfo"), *_read_only(CODE, CODE)]
    return [*found, "--ro-bind-try", str(rdma.MODE), str(rdma.MODE)]


def _wanted_mounts(config: ContainerConfig) -> list[str]:
    mounts = []
    for path in config.tmpfs:
        mounts += ["--tmpfs", path.partition(":")[0]]
    for mount in sorted(config.mounts, key=lambda mount: mount.target):
        mounts += ["--ro-bind" if mount.read_only else "--bind", mount.source, mount.target]
    own = [(device, str(device)) for device in (gpus.devices() if config.gpus else [])]
    for source, target in [*own, *_devices(config)]:
        mounts += ["--dev-bind", str(source), target]
    return mounts


def _devices(config: ContainerConfig) -> list[tuple[Path, str]]:
    """Return the device files that the container asks for, those in a folder one by one."""
    found = []
    for wanted in config.devices:
        source = Path(wanted.source)
        inside = sorted(source.iterdir()) if source.is_dir() else [source]
        found += [(file, str(Path(wanted.target) / file.relative_to(source))) for file in inside]
    return found


def command(root: Path, config: ContainerConfig, container_id: str, info: int, users: list[int]) -> list[str]:
    """Return the command line; it writes its child's pid to the descriptor *info* and enters the namespaces *users*."""
    variables = environment(config) | real_engine.environment(images.image_of(config.image).kind)
    line = [
        str(BWRAP),
        "--unshare-pid",
        "--unshare-uts",
        "--die-with-parent",
        "--hostname",
        hostname(config, container_id),
    ]
    line += [word for namespace in users for word in ("--userns2", str(namespace))]
    line += [] if config.host_ipc else ["--unshare-ipc"]
    line += [] if config.init else ["--as-pid-1"]
    line += ["--clearenv", *(word for item in variables.items() for word in ("--setenv", *item))]
    line += ["--bind", str(root), "/", *_image_mounts(config), "--proc", "/proc", "--dev", "/dev"]
    line += ["--tmpfs", "/dev/shm", *_wanted_mounts(config)]  # noqa: S108 - the container's own
    line += ["--remount-ro", "/"] if config.read_only else []
    line += ["--chdir", config.working_dir, "--cap-drop", "ALL"]
    line += [word for name in config.capabilities() for word in ("--cap-add", name)]
    return [*line, "--info-fd", str(info), "--", *argv(config)]
