"""Find and end processes: the machine's stand-in for control groups."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

MARK = "INVOCATION_ID"
"""Variable that every process of a unit or command inherits, as under systemd."""


def marked(invocation: str) -> Iterator[int]:
    """Yield the pids whose environment carries *invocation*, forked twice or in a new session included."""
    needle = f"{MARK}={invocation}".encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            environment = (entry / "environ").read_bytes()
        except OSError:
            continue
        if needle in environment.split(b"\0"):
            yield int(entry.name)


def signal_marked(invocation: str, number: signal.Signals) -> int:
    """Send *number* to every process of *invocation*; return how many there were."""
    count = 0
    for pid in marked(invocation):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
        count += 1
    return count
