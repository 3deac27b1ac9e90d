"""docker compose: its command line, and all commands but those that start containers."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import yaml

from scripts.localcloud.machines.guest.commands import RefusedError, complain, say
from scripts.localcloud.machines.guest.commands.options import Options, Values, last
from scripts.localcloud.machines.guest.docker import client
from scripts.localcloud.machines.guest.docker.client import Container, DockerError, ask, report
from scripts.localcloud.machines.guest.docker.compose import start
from scripts.localcloud.machines.guest.docker.compose.project import Project, load
from scripts.localcloud.machines.guest.docker.compose.values import ComposeError

GLOBAL = Options(valued=("-f", "--file", "-p", "--project-name", "--ansi", "--progress", "--env-file"))


def _project(given: Values) -> Project:
    files = [Path(name) for name in [*given.get("-f", []), *given.get("--file", [])] or ["compose.yaml"]]
    for file in files:
        if not file.exists():
            raise DockerError(f"open {file.absolute()}: no such file or directory")
    name = last(given, "-p", "--project-name", default=files[0].absolute().parent.name)
    project = load(files, name, os.environ)
    for variable in project.unset:
        complain(f'level=warning msg="The \\"{variable}\\" variable is not set. Defaulting to a blank string."')
    return project


def _down(given: Values, arguments: list[str]) -> int:
    options, words = Options(("--remove-orphans", "-v", "--volumes"), ("-t", "--timeout")).read(arguments)
    if words:
        raise RefusedError(f"unexpected: {' '.join(words)}")
    project = _project(given)
    every = client.containers(project=project.name)
    chosen = [one for one in every if "--remove-orphans" in options or _service_of(one) in project.services]
    start.stop_all(chosen)
    for one in chosen:
        ask("remove", reference=one["Id"], force=True)
        report([f"Container {one['Name'].lstrip('/')}  Removed"])
    _remove_networks(project)
    return 0


def _remove_networks(project: Project) -> None:
    for name in ask("networks", labels={"com.docker.compose.project": project.name})["networks"]:
        ask("network_remove", name=name)
        report([f"Network {name}  Removed"])


def _named(project: Project, words: list[str]) -> list[Container]:
    for word in words:
        if word not in project.services:
            raise DockerError(f"no such service: {word}")
    every = client.containers(project=project.name, oneoff="False")
    return [one for one in every if not words or _service_of(one) in words]


def _service_of(container: Container) -> str:
    return str(container["Config"]["Labels"]["com.docker.compose.service"])


def _stop(given: Values, arguments: list[str]) -> int:
    _, words = Options((), ("-t", "--timeout")).read(arguments)
    start.stop_all(_named(_project(given), words))
    return 0


def _remove(given: Values, arguments: list[str]) -> int:
    options, words = Options(("-f", "--force", "-s", "--stop", "-fs", "-sf", "-v")).read(arguments)
    if not {"-f", "--force", "-fs", "-sf"} & set(options):
        raise RefusedError("rm without --force asks, and nobody is there to answer")
    for one in _named(_project(given), words):
        if {"-s", "--stop", "-fs", "-sf"} & set(options) or not one["State"]["Running"]:
            ask("remove", reference=one["Id"], force=True)
    return 0


def _logs(given: Values, arguments: list[str]) -> int:
    options, words = Options(("--no-color", "--no-log-prefix"), ("-n", "--tail")).read(arguments)
    for one in _named(_project(given), words):
        prefix = "" if "--no-log-prefix" in options else f"{start.short_name(one)}  | "
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
        service = _service_of(one)
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
    "up": lambda given, arguments: start.up(lambda: _project(given), arguments),
    "run": lambda given, arguments: start.run(lambda: _project(given), arguments),
    "stop": _stop,
    "rm": _remove,
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
