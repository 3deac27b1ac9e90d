"""What both doors ask of a provider, whichever provider it is."""

from dataclasses import dataclass, field
from threading import Event
from typing import Protocol

from scripts.localcloud.check import Checked
from scripts.localcloud.check_values import Failure
from scripts.localcloud.diff import Diff
from scripts.localcloud.values import Values
from scripts.localcloud.world import Record


@dataclass(frozen=True)
class Call:
    """One call about one resource: how long it may take (0: as long as the provider likes), what calls it off."""

    type: str
    name: str
    urn: str = ""
    timeout_seconds: float = 0
    cancelled: Event = field(default_factory=Event)


@dataclass(frozen=True)
class State:
    """What a stack remembers of a resource."""

    id: str = ""
    inputs: Values = field(default_factory=dict)
    outputs: Values = field(default_factory=dict)


class Backend(Protocol):
    """A provider with its configuration; every method may raise `LocalCloudError`."""

    @property
    def package(self) -> str:
        """The SDK's package this provider stands in for."""

    def configured(self, settings: Values) -> "Backend":
        """Return the same provider with other settings."""

    def check_config(self, inputs: Values) -> list[Failure]:
        """Return what is wrong with the provider's configuration."""

    def diff_config(self, olds: Values, news: Values) -> Diff:
        """Return what changed in the provider's configuration; a change that replaces takes every resource along."""

    def hidden(self, type_: str) -> frozenset[str]:
        """Return the properties of *type_* that are secret whatever the program says."""

    def check(self, call: Call, olds: Values, inputs: Values, secret: frozenset[str], seed: str) -> Checked:
        """Return *inputs* with defaults and what is wrong with them; *olds* are the last ones."""

    def diff(self, call: Call, state: State, inputs: Values, ignore: frozenset[str]) -> Diff:
        """Return what an update to *inputs* would change."""

    def preview(self, call: Call, inputs: Values, state: State | None) -> Values:
        """Return the properties a resource will have, as far as they are known before the update."""

    def create(self, call: Call, inputs: Values, secret: frozenset[str]) -> Record:
        """Make a resource and wait until it is what was asked for."""

    def read(self, call: Call, state: State) -> tuple[Record, Values] | None:
        """Return a resource and its inputs as they are now, or nothing when it is gone."""

    def update(self, call: Call, state: State, inputs: Values, secret: frozenset[str]) -> Record:
        """Change a resource in place and wait until it is what was asked for."""

    def delete(self, call: Call, state: State) -> None:
        """Remove a resource; one that is gone already is fine."""

    def invoke(self, token: str, inputs: Values) -> Values:
        """Answer a function."""
