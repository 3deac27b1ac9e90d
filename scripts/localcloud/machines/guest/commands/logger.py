"""logger: into the journal."""

import os
import sys

from scripts.localcloud.machines.guest import journal
from scripts.localcloud.machines.guest.commands.options import Options, last

OPTIONS = Options(flags=("-s",), valued=("-t", "--tag", "-p", "--priority"))


def main(_name: str, arguments: list[str]) -> int:
    """Write the words, or standard input without any, to the journal of the tag."""
    given, words = OPTIONS.read(arguments)
    tag = last(given, "-t", "--tag", default="root")
    text = " ".join(words) if words else sys.stdin.read()
    journal.write(f"{tag}.service", tag, os.getppid(), text)
    if "-s" in given:
        sys.stderr.write(f"{tag}: {text}\n")
    return 0
