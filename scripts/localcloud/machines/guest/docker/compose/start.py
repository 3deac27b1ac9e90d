"""docker compose up and run: make containers, start them, and follow what they say to their end."""

import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from types import FrameType

from scripts.localcloud.machines.guest.commands import RefusedError, say
from scripts.localcloud.machines.guest.commands.options import Options, Values, last
from scripts.localcloud.machines.guest.docker import client
from scripts.localcloud.machines.guest.docker.client import Container, DockerError, ask, report
from scripts.localcloud.machines.guest.docker.compose import values
from scripts.localcloud.machines.guest.docker.compose.project import Project
from scripts.localcloud.machines.guest.docker.config import ContainerConfig

POLL_SECONDS = 0.03
INTERRUPTED = 130


def _create(project: Project, wanted: list[ContainerConfig]) -> list[Container]:
    used = {name for config in wanted for name in config.networks}
    for network in [one for one in project.networks if one.name in used]:
        label = {"com.docker.compose.project": project.name}
        ask("network_create", name=network.name, internal=network.internal, labels=label)
        report([f"Network {network.name}  Created"])
    made = []
    existing = {one["Name"].lstrip("/"): one for one in client.containers(project=project.name)}
    for config in wanted:
        if config.name in existing:
            ask("remove", reference=config.name, force=True)
        ask("create", config=config.to_json())
        report([f"Container {config.name}  Created"])
        made.append(ask("inspect", reference=config.name)["container"])
    return made


def _start(container: Container) -> None:
    ask("start", reference=container["Id"])
    report([f"Container {container['Name'].lstrip('/')}  Started"])


class _Printer:
    """Copies the logs of containers to standard output, each line with its service's name or *bare*."""

    def __init__(self, made: list[Container], *, bare: bool = False) -> None:
        self._made = made
        self._bare = bare
        self._at = dict.fromkeys((one["Id"] for one in made), 0)
        self._width = max(len(short_name(one)) for one in made)

    def step(self) -> None:
        """Print what is new."""
        for one in self._made:
            lines, self._at[one["Id"]] = client.log_lines(one, self._at[one["Id"]])
            for line in lines:
                sys.stdout.write(line if self._bare else f"{short_name(one):<{self._width}}  | {line}")
        sys.stdout.flush()


def short_name(container: Container) -> str:
    """Return what compose calls a service's container in what it prints."""
    return str(container["Config"]["Labels"]["com.docker.compose.service"]) + "-1"


def stop_all(made: list[Container]) -> None:
    """Stop containers at the same time."""
    threads = [threading.Thread(target=ask, args=("stop",), kwargs={"reference": one["Id"]}) for one in reversed(made)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def up(project: Callable[[], Project], arguments: list[str]) -> int:
    """Run services, all or those named with what they depend on."""
    flags = (
        "-d",
        "--detach",
        "--abort-on-container-exit",
        "--no-color",
        "--remove-orphans",
        "--no-build",
        "--no-deps",
        "--quiet-pull",
    )
    options, words = Options(flags, ("--pull",)).read(arguments)
    made = _create_services(project(), words, alone="--no-deps" in options)
    detached = "-d" in options or "--detach" in options
    ended: list[tuple[Container, int]] = []
    if not detached:
        report([f"Attaching to {', '.join(short_name(one) for one in made)}"])
    for one in made:
        _start(one)
        if not detached:
            threading.Thread(target=_await_end, args=(one, ended), daemon=True).start()
    return 0 if detached else _follow(made, ended, abort="--abort-on-container-exit" in options)


def _create_services(project: Project, words: list[str], *, alone: bool) -> list[Container]:
    chosen = project.with_dependencies(words)
    if alone and words:
        chosen = [name for name in chosen if name in words]
    return _create(project, [project.services[name] for name in chosen])


def run(load: Callable[[], Project], arguments: list[str]) -> int:
    """Run one command in a container of its own, made as the service's are; return its exit status."""
    flags = ("--rm", "--no-deps", "-T", "--no-TTY", "--quiet-pull")
    options, words = Options(flags, ("-e", "--env", "--entrypoint")).read(arguments, stop_at_word=True)
    if not words or not {"-T", "--no-TTY"} & set(options):
        raise RefusedError("give -T and a service: there is no terminal")
    project = load()
    earlier = [name for name in project.with_dependencies(words[:1]) if name != words[0]]
    if earlier and "--no-deps" not in options:
        up(load, ["-d", *earlier])
    made = _create(project, [_once(project, words, options)])
    try:
        return _attend(made[0])
    finally:
        if "--rm" in options:
            ask("remove", reference=made[0]["Id"], force=True)


def _once(project: Project, words: list[str], options: Values) -> ContainerConfig:
    service, *command = words
    config = project.services[service]
    given = [item for name in ("-e", "--env") for item in options.get(name, [])]
    entrypoint = values.words(last(options, "--entrypoint"), "--entrypoint") if "--entrypoint" in options else None
    return replace(
        config,
        name=f"{project.name}-{service}-run-{secrets.token_hex(6)}",
        labels=config.labels | {"com.docker.compose.oneoff": "True"},
        entrypoint=config.entrypoint if entrypoint is None else entrypoint,
        command=command or config.command,
        environment=config.environment | values.environment(given, "--env", {}),
        aliases=[],
        ports=[],
    )


def _attend(container: Container) -> int:
    """Start *container*, print what it says, and return its exit status."""
    _listen()
    ended: list[tuple[Container, int]] = []
    printer = _Printer([container], bare=True)
    _start(container)
    threading.Thread(target=_await_end, args=(container, ended), daemon=True).start()
    try:
        while not ended:
            printer.step()
            time.sleep(POLL_SECONDS)
    except _InterruptedError:
        stop_all([container])
        return INTERRUPTED
    printer.step()
    return ended[0][1]


def _await_end(container: Container, ended: list[tuple[Container, int]]) -> None:
    try:
        ended.append((container, int(ask("wait", reference=container["Id"])["exit"])))
    except DockerError:
        ended.append((container, 137))


class _InterruptedError(Exception):
    """Somebody wants compose to end."""


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise _InterruptedError


def _listen() -> None:
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)


def _follow(made: list[Container], ended: list[tuple[Container, int]], *, abort: bool) -> int:
    """Print logs until all containers, or with *abort* the first, have ended; return the first one's exit status."""
    _listen()
    printer = _Printer(made)
    told = 0
    try:
        while True:
            printer.step()
            for one, code in ended[told:]:
                printer.step()
                say(f"{short_name(one)} exited with code {code}")
            told = len(ended)
            if told == len(made) or (abort and told):
                break
            time.sleep(POLL_SECONDS)
        if abort and told < len(made):
            say("Aborting on container exit...")
            stop_all(made)
            printer.step()
    except _InterruptedError:
        say("Gracefully Stopping... press Ctrl+C again to force")
        stop_all(made)
        return INTERRUPTED
    return ended[0][1]
