"""Durations as Pulumi writes them in custom timeouts."""

import re

from scripts.localcloud.errors import LocalCloudError

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")


def seconds(duration: str) -> float:
    """
    Return the seconds of *duration*, such as ``1h30m``; 0 for none.

    Raises:
        LocalCloudError: Not a duration.

    """
    if _PART.sub("", duration):
        raise LocalCloudError(f"customTimeouts: {duration!r} is no duration. Write it as 45m or 1h30m.")
    return sum(float(count) * _UNITS[unit] for count, unit in _PART.findall(duration))
