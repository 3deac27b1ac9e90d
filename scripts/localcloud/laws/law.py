"""What one resource type does when it is made, changed and removed; the default is to remember and forget."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from scripts.localcloud.control_planes import ControlPlanes
from scripts.localcloud.faults import Faults
from scripts.localcloud.machine import Machines
from scripts.localcloud.values import Values
from scripts.localcloud.world import Record, World


@dataclass(frozen=True)
class Ask:
    """One call to the service: what is wanted, where, and the world it happens in."""

    world: World
    region: str
    inputs: Values
    secret: frozenset[str]
    home: Path
    faults: Faults
    control_planes: ControlPlanes


@dataclass(frozen=True)
class Waiting:
    """What a long call has while it waits outside the lock; *cancelled* says that nobody waits for it any more."""

    machines: Callable[[], Machines]
    look: Callable[[], World]
    home: Path
    faults: Faults
    timeout_seconds: float
    cancelled: Event


class Law(ABC):
    """The behaviour of one resource type; methods raise `CloudError` with the vendor's code."""

    type: str

    @abstractmethod
    def create(self, ask: Ask) -> Record:
        """Check *ask* against the world and add a record to it."""

    def settle(self, record: Record, waiting: Waiting) -> Values:  # noqa: ARG002
        """Do what takes time after the record exists; return the properties it changes."""
        return {}

    def update(self, ask: Ask, record: Record, changed: frozenset[str]) -> None:  # noqa: B027 most allow it
        """Check the *changed* properties, whose new values are in *ask*; the caller stores them."""

    def delete(self, ask: Ask, record: Record) -> None:  # noqa: B027 most allow it
        """Check that *record* may go; the caller removes it."""

    def read(self, world: World, record: Record) -> Values:  # noqa: ARG002
        """Return the properties as they are now."""
        return record.properties


def record_of(type_: str, ask: Ask, resource_id: str, outputs: Values) -> Record:
    """Return a record of what was asked, with the service's own *outputs* where nothing was asked."""
    return Record(type_, resource_id, ask.region, outputs | ask.inputs, sorted(ask.secret & set(ask.inputs)))
