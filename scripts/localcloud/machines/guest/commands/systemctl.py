"""systemctl: asks the machine's init."""

import sys

from scripts.localcloud.machines.guest.commands import RefusedError
from scripts.localcloud.machines.guest.commands.options import Options
from scripts.localcloud.machines.guest.places import SYSTEMD_SOCKET
from scripts.localcloud.machines.guest.wire import request

VERBS = {
    "start": 1,
    "stop": 1,
    "restart": 1,
    "enable": 1,
    "disable": 1,
    "daemon-reload": 0,
    "reset-failed": 0,
    "is-active": 1,
    "is-enabled": 1,
    "is-failed": 1,
    "show": 1,
    "status": 1,
}
"""Verb to the least number of units."""

OPTIONS = Options(
    flags=("--now", "--no-block", "--quiet", "-q", "--value", "--no-pager"),
    valued=("-p", "--property"),
)


def main(_name: str, arguments: list[str]) -> int:
    """Ask init and print its answer."""
    given, words = OPTIONS.read(arguments)
    verb, units = (words[0], words[1:]) if words else ("", [])
    if verb not in VERBS or len(units) < VERBS[verb]:
        raise RefusedError(f"unknown or incomplete command: {' '.join(arguments)}")
    properties = [
        name for option in ("-p", "--property") for value in given.get(option, []) for name in value.split(",")
    ]
    answer = request(
        SYSTEMD_SOCKET,
        {
            "verb": verb,
            "units": units,
            "now": "--now" in given,
            "no_block": "--no-block" in given,
            "value": "--value" in given,
            "properties": properties,
        },
    )
    if "--quiet" not in given and "-q" not in given:
        sys.stdout.write(answer["out"])
    sys.stderr.write(answer["err"])
    return int(answer["exit"])
