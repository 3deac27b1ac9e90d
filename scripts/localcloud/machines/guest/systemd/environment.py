"""The environment of a service and what a command line makes of it."""

import re
import shlex
from pathlib import Path

from scripts.localcloud.machines.guest.places import base_environment
from scripts.localcloud.machines.guest.processes import MARK
from scripts.localcloud.machines.guest.systemd.unitfile import Unit, UnitError

_BRACED = re.compile(r"\$\{(\w+)\}")
_WHOLE = re.compile(r"\$(\w+)")


def of(unit: Unit, invocation: str) -> dict[str, str]:
    """
    Return the variables that the processes of *unit* start with.

    Raises:
        UnitError: A file of EnvironmentFile is missing, or a line is no assignment.
    """
    variables = base_environment() | {MARK: invocation}
    for line in unit.values.get("Service.Environment", []):
        variables |= dict(_assignment(word) for word in shlex.split(line))
    for name in unit.values.get("Service.EnvironmentFile", []):
        variables |= _file(name)
    if directories := unit.words("Service.RuntimeDirectory"):
        variables["RUNTIME_DIRECTORY"] = ":".join(f"/run/{name}" for name in directories)
    return variables


def _file(name: str) -> dict[str, str]:
    path = Path(name.removeprefix("-"))
    if not path.exists():
        if name.startswith("-"):
            return {}
        raise UnitError(f"Failed to load environment files: {path}: No such file or directory")
    lines = [line.strip() for line in path.read_text().splitlines()]
    return dict(_assignment("".join(shlex.split(line))) for line in lines if line and line[0] not in "#;")


def _assignment(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not equals:
        raise UnitError(f"{word!r} is not an assignment")
    return name, value


def expand(unit: Unit, argv: tuple[str, ...], variables: dict[str, str]) -> list[str]:
    """Return *argv* as systemd starts it: ``%n`` specifiers, ``${X}`` inside words, ``$X`` split into words."""
    words: list[str] = []
    for word in argv:
        named = word.replace("%n", unit.name).replace("%N", unit.name.removesuffix(".service")).replace("%%", "%")
        if whole := _WHOLE.fullmatch(named):
            words += variables.get(whole.group(1), "").split()
        else:
            words.append(_BRACED.sub(lambda found: variables.get(found.group(1), ""), named).replace("$$", "$"))
    return words
