"""Faults on request: what shall go wrong, read from ``faults.json`` or an environment variable."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scripts.localcloud.errors import CloudError, LocalCloudError, suggestion
from scripts.localcloud.facts import error_codes
from scripts.localcloud.rules import rule
from scripts.localcloud.world import World

VARIABLE = "LOCALCLOUD_FAULTS"
"""Environment variable: the faults as JSON; it goes before ``faults.json`` in the cloud's home."""
RETRIES = 8
"""How often the provider repeats a throttled call before it gives up; without waiting, here."""
_CALLS = ("create", "update", "delete")


@dataclass(frozen=True)
class Faults:
    """Refusals by call and type, throttled calls and slow creates (in seconds) by type, faults of machines by name."""

    calls: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    throttle: Mapping[str, int] = field(default_factory=dict)
    slow: Mapping[str, float] = field(default_factory=dict)
    machine: Mapping[str, object] = field(default_factory=dict)

    def refuse(self, call: str, type_: str) -> None:
        """
        Fail *call* of *type_* when that was asked for.

        Raises:
            CloudError: With the code that was asked for.

        """
        code = self.calls.get(call, {}).get(type_)
        if code is not None:
            raise CloudError(code, error_codes()[code])

    def throttled(self, world: World, type_: str) -> bool:
        """Count the throttled calls of one create of *type_*; whether the provider gives up on it."""
        for _ in range(RETRIES):
            if world.counters.get(f"throttled {type_}", 0) >= self.throttle.get(type_, 0):
                return False
            world.count(f"throttled {type_}")
        return True


def read(home: Path) -> Faults:
    """
    Return the faults asked for.

    Raises:
        LocalCloudError: A fault that nobody knows.

    """
    given = os.environ.get(VARIABLE)
    path = home / "faults.json"
    if not given and not path.exists():
        return Faults()
    source = VARIABLE if given else str(path)
    try:
        document = json.loads(given or path.read_text(encoding="utf-8"))
    except ValueError as problem:
        raise LocalCloudError(f"{source}: not JSON: {problem}.") from None
    return parse(document, source)


def parse(document: object, source: str) -> Faults:
    """
    Return the faults that *document*, read from *source*, asks for.

    Raises:
        LocalCloudError: A fault that nobody knows.

    """
    known = (*_CALLS, "throttle", "slow", "machine")
    if not isinstance(document, dict):
        raise LocalCloudError(f"{source}: must be an object with {', '.join(known)}.")
    for key, value in document.items():
        if key not in known or not isinstance(value, dict):
            raise LocalCloudError(f"{source}: {key!r} is no fault. One of {', '.join(known)}.{suggestion(key, known)}")
    for type_ in (type_ for key in (*_CALLS, "throttle", "slow") for type_ in document.get(key, {})):
        rule(type_)
    unknown = {code for call in _CALLS for code in document.get(call, {}).values()} - set(error_codes())
    if unknown:
        shown, codes = ", ".join(sorted(unknown)), ", ".join(error_codes())
        raise LocalCloudError(f"{source}: {shown} is no error code known here. One of {codes}.")
    calls = {call: document.get(call, {}) for call in _CALLS}
    return Faults(calls, document.get("throttle", {}), document.get("slow", {}), document.get("machine", {}))
