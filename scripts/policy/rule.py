"""What a rule is, and what it sees."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from .resources import Level, Resource


@dataclasses.dataclass(frozen=True)
class View:
    """What a rule sees beside the resource it judges."""

    options: Mapping[str, Any]
    """The rule's own, as the user set them."""
    stack: Mapping[str, Resource] = dataclasses.field(default_factory=dict)
    """The resources of the stack by URN, for rules that ask for the whole stack."""

    def behind(self, resource: Resource, prop: str) -> Resource | None:
        """Return the resource from which *prop* of *resource* comes; None when it is not of this stack."""
        return next((self.stack[urn] for urn in resource.refers.get(prop, ()) if urn in self.stack), None)

    def pointing(self, resource: Resource, type_: str, prop: str) -> Iterator[Resource]:
        """Yield the resources of *type_* whose *prop* comes from *resource*."""
        return (
            other for other in self.stack.values() if other.type == type_ and resource.urn in other.refers.get(prop, ())
        )


@dataclasses.dataclass(frozen=True)
class Rule:
    """A rule that the resources of a stack keep or break."""

    name: str
    says: str
    """What it asks for, one sentence."""
    check: Callable[[Resource, View], Iterator[str]]
    """Yields what is wrong with a resource."""
    level: Level = "mandatory"
    """What it is unless the user says otherwise."""
    whole_stack: bool = False
    """Whether it needs to see other resources, too."""
    options: tuple[str, ...] = ("exempt",)
    """What a user may set, each a list of texts; `exempt` are names of resources that may break the rule."""

    def broken(self, resource: Resource, view: View) -> Iterable[str]:
        """Return how *resource* breaks the rule; nothing when it is exempt."""
        return () if resource.name in view.options.get("exempt", ()) else self.check(resource, view)
