"""docker compose: up, down, logs, ps, exec, port, config, pull, version."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import yaml

from scripts.localcloud.machines.guest.commands import RefusedError, complain, say
from scripts.localcloud.machines.guest.commands.options import Options, Values, last
from scripts.localcloud.machines.guest.docker import client
from scripts.localcloud.machines.guest.docker.client import Container, DockerError, ask, report
from scripts.localcloud.machines.guest.docker.compose import ComposeError, Project, load

POLL_SECONDS = 0.03
INTERRUPTED = 130
GLOBAL = Options(valued=("-f", "--file", "-p", "--project-name", "--ansi", "--progress", "--env-file"))


def _project(given: Values) -> Project:
    file = Path(last(given, "-f", "--file", default="compose.yaml"))
    if not file.exists():
        raise DockerError(f"open {file.absolute()}: no such file or directory")
    name = last(given, "-p", "--project-name", default=file.absolute().parent.name)
    project = load(file, name, os.environ)
    for variable in project.unset:
        complain(f'level=warning msg="The \\"{variable}\\" variable is not set. Defaulting to a blank string."')
    return project


def _create(project: Project) -> list[Container]:
    label = {"com.docker.compose.project": project.name}
    for network in project.networks:
        ask("network_create", name=network.name, internal=network.internal, labels=label)
        report([f"Network {network.name}  Created"])
    made = []
    existing = {one["Name"].lstrip("/"): one for one in client.containers(project=project.name)}
    for config in project.services.values():
        if config.name in existing:
            ask("remove", reference=config.name, force=True)
        ask("create", config=config.to_json())
        report([f"Container {config.name}  Created"])
        made.append(ask("inspect", reference=config.name)["container"])
    return made


class _Printer:
    """Copies the logs of containers to standard output, each line with its service's name."""

    def __init__(self, made: list[Container]) -> None:
        self._made = made
        self._at = dict.fromkeys((one["Id"] for one in made), 0)
        self._width = max(len(_short(one)) for one in made)

    def step(self) -> None:
        """Print what is new."""
        for one in self._made:
            lines, self._at[one["Id"]] = client.log_lines(one, self._at[one["Id"]])
            for line in lines:
                sys.stdout.write(f"{_short(one):<{self._width}}  | {line}")
        sys.stdout.flush()


def _short(container: Container) -> str:
    return str(container["Config"]["Labels"]["com.docker.compose.service"]) + "-1"


def _stop_all(made: list[Container]) -> None:
    threads = [threading.Thread(target=ask, args=("stop",), kwargs={"reference": one["Id"]}) for one in reversed(made)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _up(given: Values, arguments: list[str]) -> int:
    flags = (
        "-d",
        "--detach",
        "--abort-on-container-exit",
        "--no-color",
        "--remove-orphans",
        "--no-build",
        "--quiet-pull",
    )
    options, words = Options(flags, ("--pull",)).read(arguments)
    if words:
        raise RefusedError(f"up of single services is not supported: {' '.join(words)}")
    project = _project(given)
    made = _create(project)
    detached = "-d" in options or "--detach" in options
    ended: list[tuple[Container, int]] = []
    if not detached:
        report([f"Attaching to {', '.join(_short(one) for one in made)}"])
    for one in made:
        ask("start", reference=one["Id"])
        report([f"Container {one['Name'].lstrip('/')}  Started"])
        if not detached:
            threading.Thread(target=_await_end, args=(one, ended), daemon=True).start()
    return 0 if detached else _follow(made, ended, abort="--abort-on-container-exit" in options)


def _await_end(container: Container, ended: list[tuple[Container, int]]) -> None:
    try:
        ended.append((container, int(ask("wait", reference=container["Id"])["exit"])))
    except DockerError:
        ended.append((container, 137))


class _InterruptedError(Exception):
    """Somebody wants compose to end."""


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise _InterruptedError


def _follow(made: list[Container], ended: list[tuple[Container, int]], *, abort: bool) -> int:
    """Print logs until all containers, or with *abort* the first, have ended; return the first one's exit status."""
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)
    printer = _Printer(made)
    told = 0
    try:
        while True:
            printer.step()
            for one, code in ended[told:]:
                printer.step()
                say(f"{_short(one)} exited with code {code}")
            told = len(ended)
            if told == len(made) or (abort and told):
                break
            time.sleep(POLL_SECONDS)
        if abort and told < len(made):
            say("Aborting on container exit...")
            _stop_all(made)
            printer.step()
    except _InterruptedError:
        say("Gracefully Stopping... press Ctrl+C again to force")
        _stop_all(made)
        return INTERRUPTED
    return ended[0][1]


def _down(given: Values, arguments: list[str]) -> int:
    options, words = Options(("--remove-orphans", "-v", "--volumes"), ("-t", "--timeout")).read(arguments)
    if words:
        raise RefusedError(f"unexpected: {' '.join(words)}")
    project = _project(given)
    every = client.containers(project=project.name)
    known = {config.name for config in project.services.values()}
    chosen = [one for one in every if "--remove-orphans" in options or one["Name"].lstrip("/") in known]
    _stop_all(chosen)
    for one in chosen:
        ask("remove", reference=one["Id"], force=True)
        report([f"Container {one['Name'].lstrip('/')}  Removed"])
    for name in ask("networks", labels={"com.docker.compose.project": project.name})["networks"]:
        ask("network_remove", name=name)
        report([f"Network {name}  Removed"])
    return 0


def _named(project: Project, words: list[str]) -> list[Container]:
    for word in words:
        if word not in project.services:
            raise DockerError(f"no such service: {word}")
    every = client.containers(project=project.name)
    return [one for one in every if not words or one["Config"]["Labels"]["com.docker.compose.service"] in words]


def _logs(given: Values, arguments: list[str]) -> int:
    options, words = Options(("--no-color", "--no-log-prefix"), ("-n", "--tail")).read(arguments)
    for one in _named(_project(given), words):
        prefix = "" if "--no-log-prefix" in options else f"{_short(one)}  | "
        for line in client.tail(one, last(options, "-n", "--tail", default="all")):
            sys.stdout.write(prefix + line)
    return 0


def _ps(given: Values, arguments: list[str]) -> int:
    options, words = Options(("-a", "--all", "-q", "--quiet", "--services")).read(arguments)
    chosen = _named(_project(given), words)
    if "-a" not in options and "--all" not in options:
        chosen = [one for one in chosen if one["State"]["Running"]]
    if "-q" not in options and "--quiet" not in options and "--services" not in options:
        say("NAME  IMAGE  SERVICE  STATUS")
    for one in chosen:
        service = one["Config"]["Labels"]["com.docker.compose.service"]
        if "--services" in options:
            say(service)
        elif "-q" in options or "--quiet" in options:
            say(one["Id"])
        else:
            say(f"{one['Name'].lstrip('/')}  {one['Config']['Image']}  {service}  {one['State']['Status']}")
    return 0


def _exec(given: Values, arguments: list[str]) -> int:
    options, words = Options(("-T", "--no-TTY"), ("-e", "--env")).read(arguments, stop_at_word=True)
    if len(words) < 2:  # noqa: PLR2004 - a service and a program
        raise RefusedError("give a service and a command")
    found = [one for one in _named(_project(given), words[:1]) if one["State"]["Running"]]
    if not found:
        raise DockerError(f'service "{words[0]}" is not running')
    variables = dict(item.split("=", 1) for name in ("-e", "--env") for item in options.get(name, []))
    return client.execute(found[0], words[1:], variables)


def _port(given: Values, arguments: list[str]) -> int:
    _, words = Options().read(arguments)
    if len(words) != 2:  # noqa: PLR2004 - a service and its port
        raise RefusedError("give a service and a port")
    ports = _project(given).services[words[0]].ports
    for port in ports:
        if port.container_port == int(words[1]):
            say(f"{port.host_address}:{port.host_port}")
            return 0
    raise DockerError(f"no port {words[1]}/tcp for container {words[0]}")


def _config(given: Values, arguments: list[str]) -> int:
    options, _ = Options(("-q", "--quiet")).read(arguments)
    project = _project(given)
    if not options:
        sys.stdout.write(yaml.safe_dump(project.document, sort_keys=False))
    return 0


def _pull(given: Values, arguments: list[str]) -> int:
    Options(("-q", "--quiet")).read(arguments)
    for config in _project(given).services.values():
        report([ask("pull", image=config.image)["line"]])
    return 0


def _version(_given: Values, arguments: list[str]) -> int:
    options, _ = Options(("--short",)).read(arguments)
    say("2.38.2" if options else "Docker Compose version v2.38.2")
    return 0


COMMANDS: dict[str, Callable[[Values, list[str]], int]] = {
    "up": _up,
    "down": _down,
    "logs": _logs,
    "ps": _ps,
    "exec": _exec,
    "port": _port,
    "config": _config,
    "pull": _pull,
    "version": _version,
}


def main(arguments: list[str]) -> int:
    """Run one compose command."""
    given, words = GLOBAL.read(arguments, stop_at_word=True)
    if not words or words[0] not in COMMANDS:
        raise RefusedError(f"compose: unknown command: {' '.join(arguments)}")
    try:
        return COMMANDS[words[0]](given, words[1:])
    except ComposeError as problem:
        complain(str(problem))
        return 15
