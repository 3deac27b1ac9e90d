"""What becomes of a resource that the stack has: nothing, an update or a replacement, as the engine decides it."""

from collections.abc import Iterable

from pulumi.runtime.proto import resource_pb2

from scripts.localcloud.backend import Call, State
from scripts.localcloud.diff import Diff
from scripts.localcloud.inprocess.aliases import Aliases
from scripts.localcloud.inprocess.events import Registration
from scripts.localcloud.inprocess.paths import contains, parse
from scripts.localcloud.inprocess.providers import TYPES, Providers, urn_of
from scripts.localcloud.inprocess.remembered import UNKNOWN_TRIGGER, trigger
from scripts.localcloud.inprocess.stack_file import Known
from scripts.localcloud.values import UNKNOWN

_INIT_ERROR = "#initerror"


class Steps:
    """The decisions of one run; what is replaced takes others along."""

    def __init__(self, providers: Providers, aliases: Aliases) -> None:
        self._providers = providers
        self._aliases = aliases
        self._decided: set[str] = set()
        self._replaced: set[str] = set()
        self._deleted_first: dict[str, tuple[str, ...]] = {}

    def decide(self, registration: Registration, request: resource_pb2.RegisterResourceRequest) -> None:
        """Give *registration* its step, and the names of what changed and of what replaces it."""
        old = registration.old
        if old is None:
            return
        if registration.type.startswith(TYPES):
            self._decide_provider(registration, old)
        elif registration.custom:
            self._decide_custom(registration, request, old)
        else:
            registration.changed = _unlike(old, registration)
        if registration.replaces:
            registration.step = "replace"
            self._replaced |= {registration.urn, old.urn}
        elif registration.changed or old.failed:
            registration.step = "update"
        else:
            registration.step = "same"
        self._decided.add(old.urn)

    def _decide_provider(self, registration: Registration, old: Known) -> None:
        registration.changed = _unlike(old, registration)
        found = self._providers.made(registration.urn).diff_config(old.inputs, registration.inputs)
        registration.replaces = _replacing(found)

    def _decide_custom(
        self, registration: Registration, request: resource_pb2.RegisterResourceRequest, old: Known
    ) -> None:
        found = Diff()
        forced = self._forced(request, old)
        if forced is not None:
            registration.changed = registration.replaces = forced
        else:
            backend = self._providers.of(request.type, request.provider)
            call, state = Call(old.type, old.name, registration.urn), State(old.id, old.inputs, old.outputs)
            found = backend.diff(call, state, registration.inputs, frozenset(request.ignoreChanges))
            registration.changed = found.names
            failed = bool(old.failed) and any(contains(parse(one), [_INIT_ERROR]) for one in request.replaceOnChanges)
            registration.replaces = _replacing(found, request.replaceOnChanges) + ((_INIT_ERROR,) if failed else ())
        first = request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else found.delete_before_replace
        if registration.replaces and first:
            self._condemn_dependents(old)

    def _forced(self, request: resource_pb2.RegisterResourceRequest, old: Known) -> tuple[str, ...] | None:
        """Return why it is replaced whatever its provider says, or nothing."""
        marks = (old.trigger, trigger(request))
        reasons = {
            "replacementTrigger": UNKNOWN_TRIGGER in marks or (all(marks) and marks[0] != marks[1]),
            "replaceWith": bool(self._replaced.intersection(request.replace_with)),
            "deletedWith": request.deletedWith in self._replaced,
            "provider": self._provider_replaces(request, old),
        }
        found = tuple(reason for reason, holds in reasons.items() if holds)
        return self._deleted_first.get(old.urn) or found or None

    def _provider_replaces(self, request: resource_pb2.RegisterResourceRequest, old: Known) -> bool:
        was, now = urn_of(old.provider), urn_of(request.provider)
        if now in self._replaced:
            return True
        if now in (was, self._aliases.owner(was)):
            return False
        olds, news = (self._providers.settings(request.type, urn) for urn in (was, now))
        return self._providers.of(request.type, request.provider).diff_config(olds, news).replaces

    def _condemn_dependents(self, root: Known) -> None:
        """Note what goes before *root* does: whatever would be replaced if what it has of it were unknown."""
        replaced, dependents = {root.urn}, {root.urn}
        for known in self._aliases.known.values():
            if known.urn in self._decided or known.urn in self._deleted_first or not dependents & _needs(known):
                continue
            dependents.add(known.urn)
            why = self._taken_along(known, replaced)
            if why:
                replaced.add(known.urn)
                self._deleted_first[known.urn] = why

    def _taken_along(self, known: Known, replaced: set[str]) -> tuple[str, ...]:
        if not known.custom or known.type.startswith(TYPES):
            return ()
        if urn_of(known.provider) in replaced:
            return ("provider",)
        if known.deleted_with in replaced:
            return ("deletedWith",)
        if replaced.intersection(known.replace_with):
            return ("replaceWith",)
        unknown = {name for name, urns in known.property_dependencies.items() if replaced.intersection(urns)}
        inputs = known.inputs | dict.fromkeys(unknown & set(known.inputs), UNKNOWN)
        call, state = Call(known.type, known.name, known.urn), State(known.id, known.inputs, known.outputs)
        backend = self._providers.of(known.type, known.provider)
        found = backend.diff(call, state, inputs, frozenset(known.ignore_changes)) if unknown else Diff()
        return _replacing(found, known.replace_on_changes)


def _unlike(old: Known, registration: Registration) -> tuple[str, ...]:
    names = sorted({*old.inputs, *registration.inputs})
    return tuple(name for name in names if old.inputs.get(name) != registration.inputs.get(name))


def _replacing(found: Diff, wanted: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the top-level names of what replaces, by the provider's word or because the program *wanted* it."""
    outer = [parse(path) for path in wanted]
    paths = [(change.replaces, parse(change.path)) for change in found.changes]
    names = [str(path[0]) for replaces, path in paths if replaces or any(contains(one, path) for one in outer)]
    return tuple(dict.fromkeys(names))


def _needs(known: Known) -> set[str]:
    found = {*known.dependencies, urn_of(known.provider), known.deleted_with, *known.replace_with}
    return found.union(*known.property_dependencies.values()) - {""}
