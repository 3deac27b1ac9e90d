"""cloud-init status."""

import time

from scripts.localcloud.machines.guest.cloudinit import RESULT
from scripts.localcloud.machines.guest.commands import RefusedError, say
from scripts.localcloud.machines.guest.commands.options import Options

OPTIONS = Options(flags=("--wait", "--long"))
POLL_SECONDS = 0.05
EXIT = {"done": 0, "running": 0, "error": 1}


def main(_name: str, arguments: list[str]) -> int:
    """Print the status, with --wait only once it is final."""
    given, words = OPTIONS.read(arguments)
    if words != ["status"]:
        raise RefusedError(f"only 'status' is known, got: {' '.join(arguments)}")
    while "--wait" in given and not RESULT.exists():
        time.sleep(POLL_SECONDS)
    status, *detail = RESULT.read_text().splitlines() if RESULT.exists() else ["running"]
    say(f"status: {status}")
    if "--long" in given:
        say("detail: " + " ".join(detail))
    return EXIT[status]
