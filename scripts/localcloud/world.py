"""Everything that exists in the cloud, in memory: records by type and id, and the counters that make ids."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeAlias

from scripts.localcloud.errors import CloudError
from scripts.localcloud.facts import regions
from scripts.localcloud.machine import Machines
from scripts.localcloud.values import Values, text

Key: TypeAlias = tuple[str, str]
"""Type and id of a record."""


@dataclass
class Record:
    """One resource that exists; *secret* names its secret properties, *hidden* is what no output shows."""

    type: str
    id: str
    region: str
    properties: Values
    secret: list[str] = field(default_factory=list)
    hidden: Values = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """What no other record has."""
        return self.type, self.id

    def text(self, name: str) -> str:
        """Return the string property *name*, empty when absent."""
        return text(self.properties, name)


@dataclass
class Balancer:
    """
    A CLB that a cluster made: that of its API server, or of the Service called *service*.

    Its address is in *vswitch_id*, or public when that is empty; *acls* are its ports and the white list of each,
    empty for none.
    """

    id: str
    region: str
    cluster: str
    address: str
    vswitch_id: str = ""
    service: str = ""
    acls: dict[str, str] = field(default_factory=dict)


@dataclass
class World:
    """
    The state of one local cloud; laws change it, the store keeps it.

    Records may be changed that were added, or found one by one; what `all` and `where` yield is for looking.
    """

    counters: dict[str, int] = field(default_factory=dict)
    kept: dict[Key, Record] = field(default_factory=dict)
    balancers: list[Balancer] = field(default_factory=list)
    exposed: dict[str, dict[str, object]] = field(default_factory=dict)
    effects: list[Callable[[Machines], None]] = field(default_factory=list)
    touched: dict[Key, None] = field(default_factory=dict)

    def copy(self) -> "World":
        """Return a world that may change while this one stays as it is."""
        return World(dict(self.counters), dict(self.kept), deepcopy(self.balancers), dict(self.exposed))

    @property
    def records(self) -> list[Record]:
        """Every record in the order of creation."""
        return list(self.kept.values())

    def all(self, type_: str) -> Iterator[Record]:
        """Yield the records of *type_* in the order of their creation."""
        return (record for record in self.records if record.type == type_)

    def find(self, type_: str, resource_id: str) -> Record | None:
        """Return the record of *type_* with *resource_id*, if it exists."""
        key = (type_, resource_id)
        if key in self.kept and key not in self.touched:
            self.touched[key] = None
            self.kept[key] = _own(self.kept[key])
        return self.kept.get(key)

    def need(self, type_: str, resource_id: str, code: str) -> Record:
        """
        Return the record of *type_* with *resource_id*.

        Raises:
            CloudError: It does not exist; *code* is the vendor's code for that.

        """
        record = self.find(type_, resource_id)
        if record is None:
            noun = type_.rsplit(":", 1)[1]
            raise CloudError(code, f"The specified {noun} {resource_id!r} does not exist.")
        return record

    def where(self, type_: str, name: str, value: str) -> Iterator[Record]:
        """Yield the records of *type_* whose string property *name* is *value*."""
        return (record for record in self.all(type_) if value and record.text(name) == value)

    def add(self, record: Record) -> Record:
        """Put *record* into the world and return it."""
        self.touched[record.key] = None
        self.kept[record.key] = record
        return record

    def remove(self, record: Record) -> None:
        """Take *record* out of the world."""
        self.touched[record.key] = None
        del self.kept[record.key]

    def count(self, name: str) -> int:
        """Return how often *name* was counted, this time included."""
        self.counters[name] = self.counters.get(name, 0) + 1
        return self.counters[name]

    def new_id(self, prefix: str, region: str) -> str:
        """Return the next id such as ``vpc-bp100000000000000001``; the same run gives the same ids."""
        return f"{prefix}-{regions()[region].infix}{self.count(prefix):017d}"

    def then(self, effect: Callable[[Machines], None]) -> None:
        """Run *effect* when the change is accepted, before it is kept."""
        self.effects.append(effect)


def _own(record: Record) -> Record:
    return replace(record, properties=deepcopy(record.properties), hidden=deepcopy(record.hidden))


def now() -> str:
    """Return the time as the service writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
