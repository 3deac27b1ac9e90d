"""sleep, as fast as the machine's clock."""

import signal
import time

from scripts.localcloud.machines.guest.clock import SPEED
from scripts.localcloud.machines.guest.commands import RefusedError

FACTORS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _seconds(text: str) -> float:
    if text == "infinity":
        return float("inf")
    number, unit = (text[:-1], text[-1]) if text[-1:] in FACTORS else (text, "s")
    try:
        return float(number) * FACTORS[unit]
    except ValueError:
        raise RefusedError(f"invalid time interval '{text}'") from None


def main(_name: str, arguments: list[str]) -> int:
    """Sleep the sum of *arguments*."""
    if not arguments:
        raise RefusedError("missing operand")
    total = sum(map(_seconds, arguments))
    if total == float("inf"):
        signal.pause()
    time.sleep(total / SPEED)
    return 0
