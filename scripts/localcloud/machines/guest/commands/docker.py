"""docker: the client of the machine's container engine."""

import json
import re
import sys
from collections.abc import Callable

from scripts.localcloud.machines.guest.commands import RefusedError, complain, say
from scripts.localcloud.machines.guest.commands.options import Options, last
from scripts.localcloud.machines.guest.docker import client
from scripts.localcloud.machines.guest.docker.client import DockerError, ask
from scripts.localcloud.machines.guest.docker.compose import commands

_FIELD = re.compile(r"\{\{\s*(?P<json>json\s+)?(?P<path>(?:\.\w+)+|\.)\s*\}\}")


def render(template: str, value: object) -> str:
    """
    Return *value* through a Go template that only has fields and ``json``.

    Raises:
        RefusedError: The template has anything else, or a field is missing.
    """

    def field(match: re.Match[str]) -> str:
        found = value
        for name in [part for part in match["path"].split(".") if part]:
            if not isinstance(found, dict) or name not in found:
                raise RefusedError(f"template: no field {match['path']}")
            found = found[name]
        if match["json"]:
            return json.dumps(found)
        return str(found).lower() if isinstance(found, bool) else str(found)

    text = _FIELD.sub(field, template)
    if "{{" in text:
        raise RefusedError(f"template: only fields are supported, got {template}")
    return text


def _info(arguments: list[str]) -> int:
    given, _ = Options((), ("-f", "--format")).read(arguments)
    facts = {"ServerVersion": ask("version")["version"], "Driver": "overlay2", "CgroupDriver": "cgroupfs"}
    template = last(given, "-f", "--format")
    say(render(template, facts) if template else f"Server:\n Server Version: {facts['ServerVersion']}")
    return 0


def _version(arguments: list[str]) -> int:
    given, _ = Options((), ("-f", "--format")).read(arguments)
    version = ask("version")["version"]
    template = last(given, "-f", "--format")
    facts = {"Server": {"Version": version}, "Client": {"Version": version}}
    say(render(template, facts) if template else f"Client:\n Version: {version}\n\nServer:\n Version: {version}")
    return 0


def _pull(arguments: list[str]) -> int:
    _, words = Options(("-q", "--quiet")).read(arguments)
    if len(words) != 1:
        raise RefusedError(f"give one image, got: {' '.join(words)}")
    say(ask("pull", image=words[0])["line"])
    return 0


def _image(arguments: list[str]) -> int:
    if arguments[:1] != ["inspect"]:
        raise RefusedError(f"image: only inspect is supported, got: {' '.join(arguments)}")
    given, words = Options((), ("-f", "--format")).read(arguments[1:])
    here = ask("images")["images"]
    for word in words:
        if word not in here:
            say("[]")
            raise DockerError(f"Error response from daemon: No such image: {word}")
    facts = [{"Id": word, "RepoTags": [word]} for word in words]
    template = last(given, "-f", "--format")
    for fact in facts if template else []:
        say(render(template, fact))
    if not template:
        say(json.dumps(facts, indent=4))
    return 0


def _images(arguments: list[str]) -> int:
    given, _ = Options(("-q",)).read(arguments)
    if not given:
        say("REPOSITORY:TAG")
    for reference in ask("images")["images"]:
        say(reference)
    return 0


def _inspect(arguments: list[str]) -> int:
    given, words = Options((), ("-f", "--format")).read(arguments)
    found = [ask("inspect", reference=word)["container"] for word in words]
    template = last(given, "-f", "--format")
    if not template:
        say(json.dumps(found, indent=4))
    for one in found if template else []:
        say(render(template, one))
    return 0


def _ps(arguments: list[str]) -> int:
    split = [part for argument in arguments for part in (["-a", "-q"] if argument in ("-aq", "-qa") else [argument])]
    given, _ = Options(("-a", "--all", "-q", "--quiet", "--no-trunc"), ("--format", "--filter")).read(split)
    if "--filter" in given or "--format" in given:
        raise RefusedError("ps: --filter and --format are not supported")
    every = "-a" in given or "--all" in given
    quiet = "-q" in given or "--quiet" in given
    found = client.containers()
    if not quiet:
        say("CONTAINER ID  IMAGE  COMMAND  STATUS  NAMES")
    for one in found:
        if not every and not one["State"]["Running"]:
            continue
        short = one["Id"][:12]
        line = f'{short}  {one["Config"]["Image"]}  "{one["Path"]}"  {one["State"]["Status"]}  {one["Name"][1:]}'
        say(short if quiet else line)
    return 0


def _logs(arguments: list[str]) -> int:
    given, words = Options((), ("-n", "--tail")).read(arguments)
    for word in words:
        container = ask("inspect", reference=word)["container"]
        sys.stdout.writelines(client.tail(container, last(given, "-n", "--tail", default="all")))
    return 0


def _exec(arguments: list[str]) -> int:
    given, words = Options(("-i",), ("-e", "--env")).read(arguments, stop_at_word=True)
    if len(words) < 2:  # noqa: PLR2004 - a container and a program
        raise RefusedError("give a container and a command")
    variables = dict(item.split("=", 1) for name in ("-e", "--env") for item in given.get(name, []))
    return client.execute(ask("inspect", reference=words[0])["container"], words[1:], variables)


def _for_each(operation: str, **extra: object) -> Callable[[list[str]], int]:
    def run(arguments: list[str]) -> int:
        given, words = Options(("-f", "--force"), ("-t", "--time")).read(arguments)
        more = {"force": True} if operation == "remove" and given else extra
        for word in words:
            ask(operation, reference=word, **more)
            say(word)
        return 0

    return run


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "compose": commands.main,
    "exec": _exec,
    "image": _image,
    "images": _images,
    "info": _info,
    "inspect": _inspect,
    "logs": _logs,
    "ps": _ps,
    "pull": _pull,
    "restart": lambda arguments: _for_each("stop")(arguments) or _for_each("start")(arguments),
    "rm": _for_each("remove"),
    "start": _for_each("start"),
    "stop": _for_each("stop"),
    "version": _version,
}


def main(_name: str, arguments: list[str]) -> int:
    """Run one docker command."""
    if not arguments or arguments[0] not in COMMANDS:
        raise RefusedError(f"unknown command: docker {' '.join(arguments)}")
    try:
        return COMMANDS[arguments[0]](arguments[1:])
    except DockerError as problem:
        complain(str(problem))
        return 1
