# ruff: noqa: INP001 - a file of site-packages
"""Python's own sleep runs as fast as a machine's sleep command; whoever slept finds that all of the time has passed."""

import time
from _thread import _local  # threading takes the clock as it finds it, and is not loaded yet

SPEED = 50  # as in guest/clock.py, which programs of the machine cannot import
_real_sleep = time.sleep
_real_monotonic = time.monotonic
_own = _local()


def _sleep(seconds: float) -> None:
    _real_sleep(seconds / SPEED)
    _own.skipped = getattr(_own, "skipped", 0.0) + seconds - seconds / SPEED


def _monotonic() -> float:
    return _real_monotonic() + getattr(_own, "skipped", 0.0)


setattr(time, "sleep", _sleep)  # noqa: B010 - replaces it for the whole process
setattr(time, "monotonic", _monotonic)  # noqa: B010 - likewise
