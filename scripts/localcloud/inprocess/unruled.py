"""A provider that the local cloud has no rules for: what a program says of its resources is taken as it is."""

from scripts.localcloud.backend import Call, State
from scripts.localcloud.check import Checked
from scripts.localcloud.check_values import Failure
from scripts.localcloud.diff import Change, Diff
from scripts.localcloud.errors import LocalCloudError
from scripts.localcloud.values import Values
from scripts.localcloud.world import Record


class Unruled:
    """Nothing is refused, every change is an update, and what only the provider computes is not known."""

    package = ""

    def configured(self, settings: Values) -> "Unruled":  # noqa: ARG002
        """Return the same provider."""
        return self

    def check_config(self, inputs: Values) -> list[Failure]:  # noqa: ARG002
        """Return that nothing is wrong."""
        return []

    def diff_config(self, olds: Values, news: Values) -> Diff:
        """Return what changed."""
        return _diff(olds, news, frozenset())

    def hidden(self, type_: str) -> frozenset[str]:  # noqa: ARG002
        """Return that nothing is secret unless the program says so."""
        return frozenset()

    def check(self, call: Call, olds: Values, inputs: Values, secret: frozenset[str], seed: str) -> Checked:  # noqa: ARG002
        """Return *inputs* as they are."""
        return Checked(inputs, ())

    def diff(self, call: Call, state: State, inputs: Values, ignore: frozenset[str]) -> Diff:  # noqa: ARG002
        """Return what differs from the last inputs; whether that replaces, nobody here knows."""
        return _diff(state.inputs, inputs, ignore)

    def preview(self, call: Call, inputs: Values, state: State | None) -> Values:  # noqa: ARG002
        """Return *inputs*: all that is known."""
        return inputs

    def create(self, call: Call, inputs: Values, secret: frozenset[str]) -> Record:  # noqa: ARG002
        """Refuse: nothing can be made without rules."""
        raise LocalCloudError(_no_rules(call.type))

    def read(self, call: Call, state: State) -> tuple[Record, Values] | None:  # noqa: ARG002
        """Return nothing: only the account knows."""
        return None

    def update(self, call: Call, state: State, inputs: Values, secret: frozenset[str]) -> Record:  # noqa: ARG002
        """Refuse, as `create` does."""
        raise LocalCloudError(_no_rules(call.type))

    def delete(self, call: Call, state: State) -> None:
        """Do nothing: nothing was made."""

    def invoke(self, token: str, inputs: Values) -> Values:  # noqa: ARG002
        """Refuse: only the account knows."""
        raise LocalCloudError(_no_rules(token))


def _no_rules(token: str) -> str:
    return f"{token}: the local cloud has no rules for it."


def _diff(olds: Values, news: Values, ignore: frozenset[str]) -> Diff:
    names = [name for name in sorted({*olds, *news} - ignore) if olds.get(name) != news.get(name)]
    return Diff(tuple(Change(name, "update", replaces=False) for name in names))
