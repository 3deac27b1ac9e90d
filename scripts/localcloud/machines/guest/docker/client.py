"""What the docker command and compose share: asking the daemon, reading logs, running programs in containers."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.localcloud.machines.guest import wire
from scripts.localcloud.machines.guest.places import DOCKER_SOCKET, HOST

Container = dict[str, Any]


class DockerError(Exception):
    """The daemon refused, or is not there; the text is docker's."""


def ask(operation: str, **arguments: object) -> wire.Message:
    """
    Ask the daemon.

    Raises:
        DockerError: It refused or does not run.
    """
    try:
        return wire.request(DOCKER_SOCKET, {"op": operation, **arguments})
    except wire.WireError as refusal:
        raise DockerError(str(refusal)) from None
    except OSError:
        raise DockerError(
            "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
        ) from None


def containers(**labels: str) -> list[Container]:
    """Return the containers that carry the compose *labels* project and service."""
    wanted = {f"com.docker.compose.{name}": value for name, value in labels.items()}
    found: list[Container] = ask("list", labels=wanted)["containers"]
    return found


def log_lines(container: Container, start: int = 0) -> tuple[list[str], int]:
    """Return the log's lines from byte *start* on, and where the next ones will begin."""
    path = Path(container["LogPath"])
    if not path.exists():
        return [], start
    with path.open("rb") as file:
        file.seek(start)
        raw = file.read()
    whole = raw[: raw.rfind(b"\n") + 1]
    return [json.loads(line)["log"] for line in whole.splitlines()], start + len(whole)


def tail(container: Container, count: str) -> list[str]:
    """Return the last *count* lines of the log, or "all"."""
    lines, _ = log_lines(container)
    return lines if count == "all" else lines[len(lines) - min(int(count), len(lines)) :]


def execute(container: Container, argv: list[str], variables: dict[str, str] | None = None) -> int:
    """Run *argv* in the running *container*'s namespaces and return its exit status."""
    pid = container["State"]["Pid"]
    if not pid:
        raise DockerError(f"Error response from daemon: container {container['Id']} is not running")
    environment = dict(item.split("=", 1) for item in container["Config"]["Env"]) | (variables or {})
    line = [*entering(pid, own_user=bool(container["Config"]["User"])), *argv]
    done = subprocess.run(line, env=environment, stdin=subprocess.DEVNULL, check=False)
    return done.returncode


def entering(pid: int, *, own_user: bool) -> list[str]:
    """Return the words that run a command in the namespaces of the container whose first process is *pid*."""
    words = [str(HOST / _nsenter()), "-t", str(pid), "-m", "-p", "-n", "-u", "-i", "-r", "-w"]
    return [*words, "-U", "--preserve-credentials", "--"] if own_user else [*words, "--"]


def _nsenter() -> str:
    """Return the host's nsenter, which is no command of the machine."""
    places = ("usr/bin/nsenter", "bin/nsenter", "usr/sbin/nsenter")
    return next(place for place in places if os.access(HOST / place, os.X_OK))


def report(lines: Iterator[str] | list[str]) -> None:
    """Write progress lines to standard error, as compose does."""
    for line in lines:
        sys.stderr.write(f" {line}\n")
    sys.stderr.flush()
