"""Which images there are, and what is in them."""

import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from scripts.localcloud.machines.guest.docker import ray_packages
from scripts.localcloud.machines.guest.places import CA_FILE, CODE, ENGINE, HOST, PACKAGES, machine

STORE = Path("/var/lib/docker/image")
PULLED = STORE / "pulled.json"
CLOCK = CODE / "scripts/localcloud/machines/guest/site"
NET_BIND_SERVICE = "CAP_NET_BIND_SERVICE"
SMALL = "[ cat chmod cp echo env false id ls mkdir mv rm sh sleep test true"
"""Commands of an image that is hardly more than its program."""

EVERYTHING = ""
"""Commands of an image that is built on a distribution: the machine's own."""


@dataclass(frozen=True)
class Image:
    """What an image holds; *file_capabilities* of its main program must be in the bounding set, or exec fails."""

    kind: str
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    commands: str
    environment: dict[str, str] = field(default_factory=dict)
    python: bool = False
    engine: bool = False
    file_capabilities: frozenset[str] = frozenset()
    ray: bool = False

    @property
    def store(self) -> Path:
        """Commands and Python packages that the image's containers share."""
        return STORE / (f"{self.kind}-ray" if self.ray else self.kind)


_PATH = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
KINDS = {
    "vllm": Image("vllm", ("vllm", "serve"), (), EVERYTHING, _PATH, python=True, engine=True),
    "sglang": Image("sglang", (), ("/bin/bash",), EVERYTHING, _PATH, python=True, engine=True),
    "caddy": Image(
        "caddy",
        (),
        ("caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"),
        SMALL,
        _PATH | {"XDG_CONFIG_HOME": "/config", "XDG_DATA_HOME": "/data"},
        file_capabilities=frozenset({NET_BIND_SERVICE}),
    ),
    "python": Image("python", (), ("python3",), EVERYTHING, _PATH | {"SSL_CERT_FILE": CA_FILE}, python=True),
}
_REFERENCE = re.compile(
    r"(?:(?P<host>[a-z0-9.-]+(?:\.[a-z0-9.-]+|:\d+))/)?(?P<path>[a-z0-9._/-]+)(?::[\w.-]+)?(?:@sha256:[0-9a-f]{64})?"
)
_RAY = re.compile(r"(?<![a-z])ray")
"""In name or tag of an image that has Ray: the official ones have none. Source: vllm-project/vllm#33445, 2026-05."""


class ImageError(Exception):
    """An image cannot be had; the text is the daemon's."""


def image_of(reference: str) -> Image:
    """
    Return what *reference* names, pulled or not: its path, or else its tag, has the name of what is in it.

    Raises:
        ImageError: There is no such image.
    """
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise ImageError("invalid reference format")
    name = reference.partition("@")[0]
    for where in (match["path"], name):
        for kind, image in KINDS.items():
            if kind in where:
                return replace(image, ray=image.engine and bool(_RAY.search(reference, match.start("path"))))
    raise ImageError(f"manifest for {name} not found: manifest unknown: manifest unknown")


def _reachable(reference: str) -> bool:
    match = _REFERENCE.fullmatch(reference)
    host = (match["host"] if match else "") or ""
    return "-vpc." in host or bool(machine()["internet"])


def pulled() -> list[str]:
    """Return the references that are on this machine."""
    return list(json.loads(PULLED.read_text())) if PULLED.exists() else []


def pull(reference: str) -> str:
    """
    Fetch an image and return the last line that docker prints.

    Raises:
        ImageError: It does not exist, its registry is out of reach, or a fault says so.
    """
    faults = machine()["faults"]
    host = reference.partition("/")[0]
    if faults.get("image_pull_fails"):
        raise ImageError(f'Get "https://{host}/v2/": net/http: TLS handshake timeout')
    if faults.get("image_missing"):
        raise ImageError(f"manifest for {reference} not found: manifest unknown: manifest unknown")
    image = image_of(reference)
    if not _reachable(reference):
        raise ImageError(f'Get "https://{host}/v2/": dial tcp: lookup {host}: no route to host')
    if image.ray and not ray_packages.present():
        raise ImageError(
            "Ray is not installed beside the local cloud, so it has no image with Ray. Run scripts/install."
        )
    _lay_out(image)
    known = pulled()
    if reference in known:
        return f"Status: Image is up to date for {reference}"
    PULLED.write_text(json.dumps([*known, reference]))
    return f"Status: Downloaded newer image for {reference}"


def _lay_out(image: Image) -> None:
    """Make the folders of commands and Python packages that the image's containers share."""
    commands = image.store / "bin"
    packages = image.store / "site"
    for folder in (commands, packages):
        folder.mkdir(parents=True, exist_ok=True)
    wanted = image.commands.split()
    for program in Path("/usr/bin").iterdir():
        if program.is_symlink() and (not wanted or program.name in wanted):
            _link(commands / program.name, program.readlink())
    _link(commands / "sleep", HOST / "usr/bin/sleep")  # the machine's own sleeps by the machine's clock
    if image.kind == "caddy":
        _write(commands / "wget", _WGET.format(bash=Path("/usr/bin/bash").readlink()), 0o755)
    if image.python:
        _add_python(image, commands, packages)
    if image.engine:
        _add_engine(image.kind, commands, packages)
    if image.ray:
        _add_ray(commands, packages)


def _add_python(image: Image, commands: Path, packages: Path) -> None:
    """Add a Python that sleeps as fast as the machine's, except beside Ray, whose own work that would disturb."""
    _link(commands / "python3", machine()["python"]["program"])
    _link(commands / "python", "python3")
    for file in () if image.ray else CLOCK.glob("localcloud_clock.*"):
        _write(packages / file.name, file.read_text())


def _add_engine(kind: str, commands: Path, packages: Path) -> None:
    _write(packages / "engine.pth", f"{ENGINE}\n")
    _link(packages / "torch", ENGINE / "scripts/localcloud/machines/engine/torch")
    if kind == "vllm":
        _write(commands / "vllm", _LAUNCHER.format(module="vllm"), 0o755)
    if kind == "sglang":
        _write(packages / "sglang" / "__init__.py", "")
        _write(packages / "sglang" / "launch_server.py", _LAUNCHER.format(module="sglang"))
        _write(packages / "sglang" / "bench_serving.py", _LAUNCHER.format(module="bench"))


def _add_ray(commands: Path, packages: Path) -> None:
    _write(commands / "ray", _RAY_COMMAND, 0o755)
    for name in ray_packages.names():
        _link(packages / name, PACKAGES / name)


def _link(link: Path, target: str | Path) -> None:
    if not link.is_symlink():
        link.symlink_to(target)


def _write(file: Path, text: str, mode: int = 0o644) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(mode)


_LAUNCHER = """#!/usr/bin/python3
import sys
from scripts.localcloud.machines.engine.{module} import main
sys.exit(main(sys.argv[1:]))
"""
_WGET = """#!{bash}
[ "$1 $2" = "-q -O" ] || {{ echo "wget: stand-in: only -q -O FILE http://HOST:PORT/PATH" >&2; exit 2; }}
url=${{4#http://}} place=${{4#http://}} place=${{place%%/*}}
{{ exec 3<>"/dev/tcp/${{place%:*}}/${{place#*:}}"; }} 2>/dev/null || exit 1
printf 'GET /%s HTTP/1.0\\r\\nHost: %s\\r\\n\\r\\n' "${{url#*/}}" "$place" >&3
read -r _ code _ <&3
[[ $code = 2* ]] && cat <&3 >"$3"
"""
"""The one of Alpine, on which Caddy's image is built, as far as a hook of a pod needs it."""

_RAY_COMMAND = """#!/usr/bin/python3
import sys
from ray.scripts.scripts import main
sys.exit(main())
"""


def host_mounts() -> list[tuple[str, str]]:
    """Return source and target of the laptop's own files that every container sees."""
    folders = ["/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/share", str(HOST)]
    libraries = [f"/{name}" for name in ("lib", "lib32", "lib64") if not (Path("/") / name).is_symlink()]
    present = [folder for folder in [*folders, *libraries] if Path(folder).is_dir()]
    return [(folder, folder) for folder in present]
