"""Files of variables, as far as they are plain. Source: https://docs.docker.com/reference/compose-file/services/#env_file."""

import re
from pathlib import Path

from scripts.localcloud.machines.guest.docker.compose.values import ComposeError

_LINE = re.compile(r"(?P<name>[A-Za-z_]\w*)=(?:'(?P<quoted>[^']*)'|(?P<plain>[^'\"$#\\\s]*(?: [^'\"$#\\\s]+)*))\s*")


def read(value: object, where: str, folder: Path) -> dict[str, str]:
    """
    Return the variables of one file or a list of them, the later ones winning.

    Raises:
        ComposeError: A file is missing, or a line is not NAME=value with at most single quotes.
    """
    names = value if isinstance(value, list) else [value]
    found: dict[str, str] = {}
    for name in names:
        if not isinstance(name, str):
            raise ComposeError(f"stand-in: {where}: only paths are supported, got {name!r}")
        found |= _one(folder / name)
    return found


def _one(file: Path) -> dict[str, str]:
    if not file.is_file():
        raise ComposeError(f"env file {file} not found: stat {file}: no such file or directory")
    found = {}
    for number, line in enumerate(file.read_text().splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if not match:
            raise ComposeError(f"stand-in: {file}:{number}: {line!r} is not NAME=value with at most single quotes")
        found[match["name"]] = match["plain"] if match["quoted"] is None else match["quoted"]
    return found
