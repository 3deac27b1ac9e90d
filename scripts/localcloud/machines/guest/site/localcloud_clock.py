# ruff: noqa: INP001 - a file of site-packages
"""Python's own sleep runs as fast as the sleep command of a machine."""

import time

SPEED = 50  # as in guest/clock.py, which programs of the machine cannot import
_real_sleep = time.sleep


def _sleep(seconds: float) -> None:
    _real_sleep(seconds / SPEED)


setattr(time, "sleep", _sleep)  # noqa: B010 - replaces it for the whole process
