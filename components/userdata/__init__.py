"""
What an ECS machine reads at its first boot.

Plain values in, text out. The machine's programs are the files in ``machine/``,
never templated; what differs between two machines is ``settings.env`` and
``engine.argv`` (on a pair also ``fabric.env``), written in the clear so that a preview
shows every change. User data has little room, so a node gets only the programs it
needs, compressed and without their comment lines; everything that explains them
is a comment line, none is a docstring.
"""

import base64
import bz2
import functools
import io
import re
import shlex
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

MAX_BYTES = 32 * 1024
"""Raw user data ECS accepts, before Base64.

Source: UserData of CreateInstance and CreateLaunchTemplate in
https://pypi.org/project/alibabacloud-ecs20140526/7.11.8/, read 2026-11-21.
"""

SETTINGS = (
    "LLM_ENGINE",
    "LLM_ENGINE_IMAGE",
    "LLM_GATE_IMAGE",
    "LLM_GPU_COUNT",
    "LLM_HEAD_ADDRESS",
    "LLM_INTERCONNECT",
    "LLM_KEY_PARAMETER",
    "LLM_LAUNCHER",
    "LLM_MAX_REQUEST_MIB",
    "LLM_MODEL",
    "LLM_MTU",
    "LLM_NODES",
    "LLM_NODE_RANK",
    "LLM_OSS_BUCKET",
    "LLM_OSS_PREFIX",
    "LLM_PORT",
    "LLM_RAY_TOKEN_PARAMETER",
    "LLM_RDMA_DEVICES",
    "LLM_REGION",
    "LLM_TLS",
    "LLM_TLS_CERTIFICATE_PARAMETER",
    "LLM_TLS_KEY_PARAMETER",
    "LLM_WEIGHTS_MODEL",
    "LLM_WEIGHTS_REVISION",
    "LLM_WEIGHTS_SOURCE",
    "LLM_WEIGHTS_STREAMS",
    "LLM_WORKER_MINUTES",
)
"""Every name a machine's programs read, all required; those that do not apply are empty."""

_HERE = Path(__file__).parent
_MACHINE = _HERE / "machine"

_ONLY = {
    "single": ("compose.single.yaml",),
    "pair": (
        "bin/join",
        "bin/link",
        "bin/peer",
        "compose.pair.yaml",
        "python/fabric.py",
        "python/link.py",
        "python/measured.py",
        "python/meet.py",
        "python/node.py",
        "python/peer.py",
        "systemd/llm-peer.service",
    ),
    "gate": (
        "Caddyfile",
        "bin/gate",
        "bin/watch",
        "python/probe.py",
        "systemd/llm-gate.service",
        "systemd/llm-watch.service",
    ),
    "erdma": ("compose.erdma.yaml",),
    "ray": ("bin/ray", "compose.ray.yaml", "image.yaml"),
}
"""Files of the machine's folder that not every node has, by the part they play."""

_COMMENT_LINE = re.compile(rb"^[ \t]*#(?!!).*\n", re.MULTILINE)

_START = """\
runcmd:
- set -e
- cd /opt/llm
- python3 -c "import base64; open('machine.tar.bz2', 'wb').write(base64.b85decode(open('machine.b85').read().strip()))"
- python3 -m tarfile -e machine.tar.bz2 .
- cp systemd/* /etc/systemd/system/
- systemctl daemon-reload
- systemctl enable --now --no-block $(ls systemd)
"""

Settings = Mapping[str, str | int]


def cloud_config(
    settings: Settings, engine_argv: Sequence[str], fabric_env: Mapping[str, str] = MappingProxyType({})
) -> str:
    """
    Return the user data of a node that runs *engine_argv* under *settings*.

    Args:
        settings: The names in SETTINGS to values.
        engine_argv: The node's own command; ``@HEAD@`` in it becomes the head's private address on the machine.
        fabric_env: Variables of both nodes' engines, of a pair only, e.g. ``{"NCCL_IB_HCA": "erdma"}``.

    Raises:
        ValueError: A setting is missing or unknown, a value cannot stand on one line, or the text is too large.
    """
    if set(settings) != set(SETTINGS):
        wrong = ", ".join(sorted(set(settings) ^ set(SETTINGS)))
        raise ValueError(f"settings: {wrong} missing or unknown. Give exactly the names in SETTINGS.")
    # Base85 takes 6 % less room than Base64, the only encoding cloud-init itself would undo.
    files = {
        "settings.env": [f"{name}={shlex.quote(_line(name, settings[name]))}" for name in SETTINGS],
        "engine.argv": [_argument(value) for value in engine_argv],
        "machine.b85": [_programs(_parts(settings))],
    }
    if _is_pair(settings):
        files["fabric.env"] = [f"{name}={_variable(name, value)}" for name, value in sorted(fabric_env.items())]
    text = "#cloud-config\nwrite_files:\n" + "".join(_file(name, lines) for name, lines in files.items()) + _START
    if (size := len(text.encode())) > MAX_BYTES:
        raise ValueError(
            f"user data: {size} bytes, ECS accepts {MAX_BYTES}. Shorten the engine's extra arguments and the settings."
        )
    return text


def ready_command(seconds: int) -> str:
    """Return the script for Cloud Assistant that ends when the machine answers, or after *seconds* with the cause."""
    first, rest = (_HERE / "ready.sh").read_text().split("\n", 1)
    return f"{first}\nLLM_READY_SECONDS={seconds}\n{rest}"


def machine_archive(settings: Settings) -> bytes:
    """Return the node's programs, less comment lines, as a tar.bz2 with the same bytes wherever it is made."""
    return _archive(machine_files(settings))


def machine_files(settings: Settings) -> list[str]:
    """Return which files of the machine's folder a node under *settings* gets, sorted."""
    return _files(_parts(settings))


@functools.cache
def _programs(parts: frozenset[str]) -> str:
    # Once for all endpoints of a stack: compressing takes longer than everything else in their user data.
    return base64.b85encode(_archive(_files(parts))).decode()


def _archive(names: Iterable[str]) -> bytes:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in names:
            member = tarfile.TarInfo(name)
            member.mode = 0o755 if name.startswith("bin/") else 0o644
            data = _COMMENT_LINE.sub(b"", (_MACHINE / name).read_bytes())
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return bz2.compress(plain.getvalue(), 9)


def _files(parts: frozenset[str]) -> list[str]:
    paths = [path for path in _MACHINE.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    absent = {name for part, names in _ONLY.items() if part not in parts for name in names}
    return sorted({path.relative_to(_MACHINE).as_posix() for path in paths} - absent)


def _is_pair(settings: Settings) -> bool:
    return str(settings["LLM_NODES"]) == "2"


def _parts(settings: Settings) -> frozenset[str]:
    """Return the parts that a node plays."""
    own = {"pair" if _is_pair(settings) else "single", str(settings["LLM_INTERCONNECT"]), str(settings["LLM_LAUNCHER"])}
    return frozenset(own | ({"gate"} if str(settings["LLM_NODE_RANK"]) == "0" else set()))


def _line(name: str, value: str | int) -> str:
    text = str(value)
    if not text.isprintable():
        raise ValueError(f"{name}: {text!r} has a character that cannot stand on one line. Leave it out.")
    return text


def _argument(value: str) -> str:
    if not value or value[0] == " ":
        raise ValueError(f"engine argument: {value!r} is empty or starts with a space. Leave it out.")
    return _line("engine argument", value)


def _variable(name: str, value: str) -> str:
    if not re.fullmatch(r"[\w.,:;/=^@%+-]*", value):
        raise ValueError(f"{name}: {value!r} has a character that an environment file would not keep. Leave it out.")
    return value


def _file(name: str, lines: Sequence[str]) -> str:
    return f"- path: /opt/llm/{name}\n  content: |\n" + "".join(f"    {line}\n" for line in lines)
