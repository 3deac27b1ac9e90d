"""journalctl: prints what units said."""

import time

from scripts.localcloud.machines.guest import journal
from scripts.localcloud.machines.guest.commands import RefusedError, say
from scripts.localcloud.machines.guest.commands.options import Options, last

OPTIONS = Options(
    flags=("--no-pager", "-q", "--quiet", "-b", "--boot"), valued=("-u", "--unit", "-n", "--lines", "-o", "--output")
)
Entry = dict[str, str | int | float]


def _short(entry: Entry) -> str:
    stamp = time.strftime("%b %d %H:%M:%S", time.gmtime(float(entry["time"])))
    return f"{stamp} localhost {entry['source']}[{entry['pid']}]: {entry['line']}"


FORMS = {"cat": lambda entry: str(entry["line"]), "short": _short}


def main(_name: str, arguments: list[str]) -> int:
    """Print the journal of the units asked for."""
    given, words = OPTIONS.read(arguments)
    units = given.get("-u", []) + given.get("--unit", [])
    form = last(given, "-o", "--output", default="short")
    if words or not units or form not in FORMS:
        raise RefusedError(f"give -u UNIT and -o {' or '.join(FORMS)} only, got: {' '.join(arguments)}")
    names = [unit if unit.endswith((".service", ".target")) else f"{unit}.service" for unit in units]
    entries = sorted((entry for name in names for entry in journal.read(name)), key=lambda entry: float(entry["time"]))
    count = last(given, "-n", "--lines", default="all")
    for entry in entries if count == "all" else entries[len(entries) - min(int(count), len(entries)) :]:
        say(FORMS[form](entry))
    return 0
