"""Faults on request: what shall go wrong, read from ``faults.json`` or an environment variable."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scripts.localcloud.errors import CloudError, LocalCloudError, suggestion
from scripts.localcloud.facts import error_codes, instance_types
from scripts.localcloud.machines.spec import MachineError, check_faults
from scripts.localcloud.rules import rule
from scripts.localcloud.world import World

VARIABLE = "LOCALCLOUD_FAULTS"
"""Environment variable: the faults as JSON; it goes before ``faults.json`` in the cloud's home."""
RETRIES = 8
"""How often the provider repeats a throttled call before it gives up; without waiting, here."""
_CALLS = ("create", "update", "delete")
_CLUSTER = {"load_balancers": int, "data_load_fails": bool}


@dataclass(frozen=True)
class Faults:
    """
    What shall go wrong.

    *calls* are refusals by call and type, *throttle* counts calls and *slow* seconds by type, *stock* is how many
    instances of a type a zone has, *machine* goes wrong on every machine, *machines* by the name, or its end, of one.
    *cluster* goes wrong in clusters: *load_balancers* is how many CLBs the account may have, those of API servers
    included; with *data_load_fails* no DataLoad succeeds.
    """

    calls: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    throttle: Mapping[str, int] = field(default_factory=dict)
    slow: Mapping[str, float] = field(default_factory=dict)
    stock: Mapping[str, int] = field(default_factory=dict)
    machine: Mapping[str, object] = field(default_factory=dict)
    machines: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    cluster: Mapping[str, object] = field(default_factory=dict)

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

    def of_machine(self, instance_name: str) -> dict[str, object]:
        """Return what goes wrong on the machine of the instance with that name."""
        own = [asked for name, asked in self.machines.items() if instance_name.endswith(name)]
        return {fault: value for asked in (self.machine, *own) for fault, value in asked.items()}


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
    known = (*_CALLS, "throttle", "slow", "stock", "machine", "machines", "cluster")
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
    for kind in set(document.get("stock", {})) - set(instance_types()):
        raise LocalCloudError(f"{source}: stock: no instance type {kind!r}.{suggestion(kind, instance_types())}")
    _check_machines(document, source)
    _check_cluster(document.get("cluster", {}), source)
    calls = {call: document.get(call, {}) for call in _CALLS}
    return Faults(calls, **{key: document[key] for key in known if key in document and key not in _CALLS})


def _check_machines(document: Mapping[str, Mapping[str, object]], source: str) -> None:
    asked: dict[str, object] = {"machine": document.get("machine", {})}
    asked |= {f"machines.{name}": own for name, own in document.get("machines", {}).items()}
    for path, own in asked.items():
        if not isinstance(own, dict):
            raise LocalCloudError(f"{source}: {path} must be an object with faults.")
        try:
            check_faults(own)
        except MachineError as problem:
            raise LocalCloudError(f"{source}: {path}: {problem}") from None


def _check_cluster(asked: Mapping[str, object], source: str) -> None:
    for name, value in asked.items():
        if name not in _CLUSTER:
            near = suggestion(name, _CLUSTER)
            raise LocalCloudError(f"{source}: cluster: {name!r} is no fault. One of {', '.join(_CLUSTER)}.{near}")
        if type(value) is not _CLUSTER[name]:
            raise LocalCloudError(f"{source}: cluster.{name}: {value!r} is no {_CLUSTER[name].__name__}.")
