"""Which resource of the stack a registration means: the one of its URN, or one that was called otherwise."""

from collections.abc import Iterator, Mapping

from pulumi.runtime.proto import alias_pb2, resource_pb2

from scripts.localcloud.errors import LocalCloudError
from scripts.localcloud.inprocess.stack_file import Known

STACK = "pulumi:pulumi:Stack"


def make_urn(stack: str, project: str, parent: str, type_: str, name: str) -> str:
    """Return the URN of a resource, as the engine makes it."""
    inside = parent.split("::")[2] if parent else ""
    qualified = f"{inside}${type_}" if inside and inside != STACK else type_
    return f"urn:pulumi:{stack}::{project}::{qualified}::{name}"


class Aliases:
    """The resources of a stack as they are claimed, one by one, by the registrations of a run."""

    def __init__(self, stack: str, project: str, known: Mapping[str, Known]) -> None:
        self.known = known
        self._stack = stack
        self._project = project
        self._claimed: dict[str, str] = {}
        self._former: dict[str, str] = {}

    def claim(self, urn: str, request: resource_pb2.RegisterResourceRequest) -> Known | None:
        """
        Return what the stack has of *urn* or of one of its aliases, if anything.

        Raises:
            LocalCloudError: Another registration has it already.

        """
        for candidate in [urn, *self._aliases(request)]:
            known = self.known.get(candidate)
            if known is None:
                continue
            if self._claimed.setdefault(candidate, urn) != urn:
                raise LocalCloudError(
                    f"aliases: {candidate} is {self._claimed[candidate]} now and cannot be {urn}, too."
                )
            if candidate != urn:
                self._former[urn] = candidate
            return known
        return None

    def owner(self, urn: str) -> str:
        """Return the registration that has what was called *urn*, empty when none has."""
        return self._claimed.get(urn, "")

    def unclaimed(self) -> list[Known]:
        """Return what no registration meant."""
        return [known for urn, known in self.known.items() if urn not in self._claimed]

    def _aliases(self, request: resource_pb2.RegisterResourceRequest) -> Iterator[str]:
        own = [self._spelled(alias, request) for alias in request.aliases]
        yield from own
        parent = self._former.get(request.parent)
        if parent is None:
            return
        _, prefix = _type_and_name(request.parent)
        for type_, name in [(request.type, request.name), *(_type_and_name(urn) for urn in own)]:
            # A child is nearly always called after its parent, and then it was called after the former one.
            former = _type_and_name(parent)[1] + name.removeprefix(prefix) if name.startswith(prefix) else name
            yield make_urn(self._stack, self._project, parent, type_, former)

    def _spelled(self, alias: alias_pb2.Alias, request: resource_pb2.RegisterResourceRequest) -> str:
        if alias.urn:
            return alias.urn
        spec = alias.spec
        parent = "" if spec.noParent else spec.parentUrn or request.parent
        return make_urn(
            spec.stack or self._stack,
            spec.project or self._project,
            self._former.get(parent, parent) if spec.parentUrn else parent,
            spec.type or request.type,
            spec.name or request.name,
        )


def _type_and_name(urn: str) -> tuple[str, str]:
    _, _, qualified, name = urn.split("::", 3)
    return qualified.rsplit("$", 1)[-1], name
