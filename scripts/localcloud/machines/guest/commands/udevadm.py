"""udevadm settle: devices appear at once here."""

from scripts.localcloud.machines.guest.commands import RefusedError
from scripts.localcloud.machines.guest.commands.options import Options


def main(_name: str, arguments: list[str]) -> int:
    """Do nothing for ``settle``, ``trigger`` likewise."""
    _, words = Options(valued=("--timeout", "-t")).read(arguments)
    if words not in (["settle"], ["trigger"]):
        raise RefusedError(f"only 'settle' and 'trigger' are known, got: {' '.join(arguments)}")
    return 0
