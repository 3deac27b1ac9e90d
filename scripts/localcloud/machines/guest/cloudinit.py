"""
A cloud-init that knows the user data this project writes, and refuses everything else aloud.

Source: https://cloudinit.readthedocs.io/en/latest/reference/modules.html
"""

import base64
import binascii
import errno
import gzip
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import yaml

from scripts.localcloud.machines.guest.places import base_environment

OUTPUT = Path("/var/log/cloud-init-output.log")
INSTANCE = Path("/var/lib/cloud/instance")
SCRIPTS = Path("/var/lib/cloud/instance/scripts")
_BUSY_SECONDS = 0.01
RESULT = Path("/run/cloud-init/result")
FILE_FIELDS = {"path", "content", "encoding", "permissions", "owner", "append", "defer"}
DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "b64": base64.b64decode,
    "base64": base64.b64decode,
    "gz": gzip.decompress,
    "gzip": gzip.decompress,
    "gz+b64": lambda text: gzip.decompress(base64.b64decode(text)),
    "gz+base64": lambda text: gzip.decompress(base64.b64decode(text)),
    "gzip+base64": lambda text: gzip.decompress(base64.b64decode(text)),
    "text/plain": bytes,
}


class UserDataError(Exception):
    """The user data cannot be run as written."""


def _write_file(entry: Mapping[str, Any]) -> None:
    unknown = set(entry) - FILE_FIELDS
    if unknown or "path" not in entry:
        raise UserDataError(f"write_files: unknown or missing field in {sorted(entry)}")
    if entry.get("owner", "root:root") not in ("root:root", "root"):
        raise UserDataError(f"write_files: owner {entry['owner']} does not exist on this machine")
    encoding = entry.get("encoding", "text/plain")
    if encoding not in DECODERS:
        raise UserDataError(f"write_files: unknown encoding {encoding}")
    content = entry.get("content", "")
    raw = content if isinstance(content, bytes) else str(content).encode()
    path = Path(entry["path"])
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab" if entry.get("append") else "wb") as file:
        file.write(DECODERS[encoding](raw))
    permissions = entry.get("permissions", "0644")
    if not isinstance(permissions, str):
        raise UserDataError(f"write_files: permissions of {path} must be a quoted string, got {permissions}")
    path.chmod(int(permissions, 8))


def _shell_line(command: object) -> str:
    """Return one line of the script that cloud-init makes of runcmd: lists are quoted, strings are not."""
    if isinstance(command, str):
        return command
    if isinstance(command, list) and all(isinstance(word, str | int | float) for word in command):
        quoted = [str(word).replace("'", "'\\''") for word in command]
        return " ".join(f"'{word}'" for word in quoted)
    raise UserDataError(f"runcmd: {command!r} is neither a string nor a list of words")


def _run(script: str, name: str) -> None:
    SCRIPTS.mkdir(parents=True, exist_ok=True)
    file = SCRIPTS / name
    file.write_text(script)
    file.chmod(0o700)
    with OUTPUT.open("ab") as log:
        status = _status_of(file, log)
    if status != 0:
        raise UserDataError(f"{name}: exit status {status}")


def _status_of(file: Path, log: BinaryIO) -> int:
    environment = base_environment()
    while True:
        try:
            return subprocess.run(
                [file], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, cwd="/", check=False
            ).returncode
        except OSError as problem:
            # What another thread forked while the file was written holds it open until it becomes its own program.
            if problem.errno != errno.ETXTBSY:
                raise
            time.sleep(_BUSY_SECONDS)


def _run_commands(commands: object, name: str) -> None:
    if not isinstance(commands, list):
        raise UserDataError(f"{name}: must be a list")
    _run("#!/bin/sh\n" + "".join(_shell_line(command) + "\n" for command in commands), name)


def _write_files(entries: object) -> None:
    if not isinstance(entries, list):
        raise UserDataError("write_files: must be a list")
    for entry in entries:
        _write_file(entry)


MODULES: dict[str, Callable[[object], None]] = {
    "bootcmd": lambda value: _run_commands(value, "bootcmd"),
    "write_files": _write_files,
    "runcmd": lambda value: _run_commands(value, "runcmd"),
}
"""Supported top-level keys, in the order in which cloud-init runs them."""


def _load(text: str) -> dict[str, object]:
    try:
        config = yaml.safe_load(text)
    except yaml.YAMLError as problem:
        raise UserDataError(f"not YAML: {problem}") from problem
    if not isinstance(config, dict):
        raise UserDataError("a #cloud-config must be a mapping")
    unknown = sorted(str(key) for key in set(config) - set(MODULES))
    if unknown:
        raise UserDataError(f"unknown keys: {', '.join(unknown)}. Known: {', '.join(MODULES)}.")
    return config


def _dispatch(text: str) -> None:
    first = text.split("\n", 1)[0].rstrip()
    if first.startswith("#!"):
        _run(text, "part-001")
    elif first == "#cloud-config":
        config = _load(text)
        for name, module in MODULES.items():
            if name in config:
                module(config[name])
    elif text:
        raise UserDataError(f"first line {first[:40]!r} is neither '#cloud-config' nor '#!'")


def run(user_data: str, instance_id: str) -> None:
    """
    Run *user_data* once in the life of *instance_id*; later boots only note that they came up.

    The result, ``done`` or ``error``, is in RESULT, its cause in OUTPUT.
    """
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    INSTANCE.mkdir(parents=True, exist_ok=True)
    once = INSTANCE / "instance-id"
    problem = ""
    if not once.exists() or once.read_text() != instance_id:
        once.write_text(instance_id)
        try:
            _dispatch(user_data)
        except (UserDataError, OSError, ValueError, binascii.Error, AttributeError, TypeError) as caught:
            problem = str(caught)
    if problem:
        with OUTPUT.open("a") as log:
            log.write(f"cloud-init: {problem}\n")
    else:
        (INSTANCE / "boot-finished").write_text(f"{os.getpid()}\n")
    temporary = RESULT.with_suffix(".tmp")
    temporary.write_text("error\n" + problem if problem else "done\n")
    temporary.replace(RESULT)
