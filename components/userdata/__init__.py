"""
What an ECS machine reads at its first boot.

Plain values in, text out. The machine's programs are the files in ``machine/``,
never templated; what differs between two machines is ``settings.env`` and
``engine.argv``, written in the clear so that a preview shows every change.
User data has 16 KiB, so the programs travel compressed and without their
comment lines; everything that explains them is a comment line, none is a docstring.
"""

import base64
import bz2
import io
import re
import shlex
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

MAX_BYTES = 16 * 1024
"""Raw user data ECS accepts, before Base64.

Source: https://www.alibabacloud.com/help/doc-detail/108461.htm, read 2026-08-22.
"""

SETTINGS = (
    "LLM_ENGINE",
    "LLM_ENGINE_IMAGE",
    "LLM_GATE_IMAGE",
    "LLM_GPU_COUNT",
    "LLM_KEY_PARAMETER",
    "LLM_MAX_REQUEST_MIB",
    "LLM_MODEL",
    "LLM_OSS_BUCKET",
    "LLM_OSS_PREFIX",
    "LLM_PORT",
    "LLM_REGION",
    "LLM_TLS",
    "LLM_TLS_CERTIFICATE_PARAMETER",
    "LLM_TLS_KEY_PARAMETER",
    "LLM_WEIGHTS_MODEL",
    "LLM_WEIGHTS_REVISION",
    "LLM_WEIGHTS_SOURCE",
    "LLM_WEIGHTS_STREAMS",
)
"""Every name a machine's programs read, all required; those that do not apply are empty."""

_HERE = Path(__file__).parent

_COMMENT_LINE = re.compile(rb"^[ \t]*#(?!!).*\n", re.MULTILINE)

_START = """\
runcmd:
- set -e
- cd /opt/llm
- python3 -c "import base64; open('machine.tar.bz2', 'wb').write(base64.b85decode(open('machine.b85').read().strip()))"
- python3 -m tarfile -e machine.tar.bz2 .
- cp systemd/* /etc/systemd/system/
- systemctl daemon-reload
- systemctl enable --now --no-block llm.service llm-watch.service
"""


def cloud_config(settings: Mapping[str, str | int], engine_argv: Sequence[str]) -> str:
    """
    Return the user data of a machine that runs *engine_argv* under *settings*.

    Raises:
        ValueError: A setting is missing or unknown, a value cannot stand on one line, or the text is over 16 KiB.
    """
    if set(settings) != set(SETTINGS):
        wrong = ", ".join(sorted(set(settings) ^ set(SETTINGS)))
        raise ValueError(f"settings: {wrong} missing or unknown. Give exactly the names in SETTINGS.")
    values = [f"{name}={shlex.quote(_line(name, settings[name]))}" for name in SETTINGS]
    # Base85 takes 6 % less room than Base64, the only encoding cloud-init itself would undo.
    files = {
        "settings.env": values,
        "engine.argv": [_argument(value) for value in engine_argv],
        "machine.b85": [base64.b85encode(machine_archive()).decode()],
    }
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


def machine_archive() -> bytes:
    """Return the machine's fixed files, less comment lines, as a tar.bz2 with the same bytes wherever it is made."""
    root = _HERE / "machine"
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
            member = tarfile.TarInfo(path.relative_to(root).as_posix())
            member.mode = 0o755 if path.parent.name == "bin" else 0o644
            data = _COMMENT_LINE.sub(b"", path.read_bytes())
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return bz2.compress(plain.getvalue(), 9)


def _line(name: str, value: str | int) -> str:
    text = str(value)
    if not text.isprintable():
        raise ValueError(f"{name}: {text!r} has a character that cannot stand on one line. Leave it out.")
    return text


def _argument(value: str) -> str:
    if not value or value[0] == " ":
        raise ValueError(f"engine argument: {value!r} is empty or starts with a space. Leave it out.")
    return _line("engine argument", value)


def _file(name: str, lines: Sequence[str]) -> str:
    return f"- path: /opt/llm/{name}\n  content: |\n" + "".join(f"    {line}\n" for line in lines)
