"""What becomes of one registration: checked, then made, found unchanged, or only foreseen; and remembered."""

from dataclasses import dataclass, replace
from threading import Event
from typing import cast

from pulumi.runtime.proto import resource_pb2

from scripts.localcloud.backend import Call, State
from scripts.localcloud.durations import seconds
from scripts.localcloud.errors import InitFailedError, LocalCloudError
from scripts.localcloud.inprocess.aliases import Aliases
from scripts.localcloud.inprocess.assuming import assumed, assumed_outputs, settled
from scripts.localcloud.inprocess.case import Case
from scripts.localcloud.inprocess.events import Registration
from scripts.localcloud.inprocess.hooks import Hooks
from scripts.localcloud.inprocess.paths import kept, parse
from scripts.localcloud.inprocess.providers import TYPES, Providers
from scripts.localcloud.inprocess.remembered import known_of
from scripts.localcloud.inprocess.stack_file import StackFile
from scripts.localcloud.inprocess.steps import Steps
from scripts.localcloud.values import Value, Values

ONLY_NEW = (
    "Without the pulumi command the local cloud only makes new resources. Run destroy first, or use the pulumi command."
)
"""What this door says to a change of something that exists."""

_PATIENCE_SECONDS = 60
"""How long what is only assumed may take to be ready: what pretends is ready at once, or never."""


@dataclass(frozen=True)
class Setup:
    """
    What a run is for: the stack, where resources go by default, and whether it is only a look ahead.

    A preview that is *kept* is remembered as if it had been made, for the next one to be compared with it. A *lenient*
    one lets through what the local cloud has no rules for, and takes what only the account knows for unchanged.
    """

    project: str
    stack: str
    region: str
    preview: bool
    kept: bool = False
    lenient: bool = False


class Placer:
    """Places the registrations of one run."""

    def __init__(self, found: Providers, setup: Setup, known: StackFile, aliases: Aliases, hooks: Hooks) -> None:
        self.cancelled = Event()
        self._providers = found
        self._setup = setup
        self._known = known
        self._steps = Steps(found, aliases)
        self._hooks = hooks
        self._moved: set[str] = set()

    def place(self, registration: Registration, request: resource_pb2.RegisterResourceRequest) -> None:
        """
        Give *registration* its step, an id and outputs.

        Raises:
            LocalCloudError: Refused, or made and failed; then it is remembered as such.

        """
        if registration.type.startswith(TYPES):
            self._provider(registration, request)
        elif registration.custom:
            self._custom(self._case(registration, request))
        else:
            self._decide(registration, request)
            self.remember(registration, request)

    def _provider(self, registration: Registration, request: resource_pb2.RegisterResourceRequest) -> None:
        registration.inputs = self._providers.make(registration.urn, request.type, registration.inputs)
        self._decide(registration, request)
        known = not self._setup.preview or self._setup.kept or registration.step in ("same", "update")
        registration.id = "provider" if known else ""
        registration.outputs = dict(registration.inputs)
        self.remember(registration, request)

    def _decide(self, registration: Registration, request: resource_pb2.RegisterResourceRequest) -> None:
        """Decide its step; a lenient run takes for unchanged what only the account knows."""
        asked = registration.inputs
        if registration.old and self._setup.lenient:
            sources = {name: found.urns for name, found in request.propertyDependencies.items()}
            registration.inputs = settled(asked, registration.old.inputs, sources, self._moved)
        self._steps.decide(registration, request)
        registration.inputs = asked
        if registration.step != "same":
            self._moved.add(registration.urn)

    def _case(self, registration: Registration, request: resource_pb2.RegisterResourceRequest) -> Case:
        timeout = _PATIENCE_SECONDS if self._setup.kept else seconds(request.customTimeouts.create)
        call = Call(request.type, request.name, registration.urn, timeout, self.cancelled)
        return Case(registration, request, self._providers.of(request.type, request.provider), call)

    def _custom(self, case: Case) -> None:
        registration, request, old = case.registration, case.request, case.registration.old
        asked = registration.inputs
        case.check(_without_ignored(request, old.inputs, asked) if old else asked, old)
        self._decide(registration, request)
        if registration.step == "replace":
            case.check(asked, None)
        if old is not None and registration.step == "same":
            registration.id, registration.outputs = old.id, old.outputs
            registration.secret |= frozenset(old.secret)
            self.remember(registration, request)
        elif self._setup.kept:
            self._assume(case)
        elif self._setup.preview:
            self._foresee(case)
        elif registration.step == "create":
            self._create(case)
        else:
            changed = ", ".join(registration.changed) or "it failed the last time"
            raise LocalCloudError(f"would need {registration.step} ({changed}). {ONLY_NEW}")

    def _foresee(self, case: Case) -> None:
        registration, hooks = case.registration, case.request.hooks
        old = registration.old if registration.step == "update" else None
        registration.id = old.id if old else ""
        self._hooks.run("before", hooks.before_update if old else hooks.before_create, case.hook_request(old))
        state = State(old.id, old.inputs, old.outputs) if old else None
        registration.outputs = case.backend.preview(case.call, registration.inputs, state)
        self._hooks.run("after", hooks.after_update if old else hooks.after_create, case.hook_request(old))

    def _assume(self, case: Case) -> None:
        """Make it, or assume it was made where it needs what this cloud has not: the user's own network, say."""
        registration, type_, name = case.registration, case.request.type, case.request.name
        inputs = assumed(type_, name, registration.inputs)
        try:
            record = case.backend.create(case.call, inputs, registration.secret)
            registration.id, registration.outputs = record.id, dict(record.properties)
            registration.secret |= frozenset(record.secret)
        except InitFailedError as failure:
            registration.id, registration.outputs = failure.id, failure.properties
        except LocalCloudError:
            registration.id = f"assumed-{name}"
            foreseen = inputs | case.backend.preview(case.call, inputs, None)
            registration.outputs = assumed_outputs(type_, name, foreseen)
        self.remember(registration, case.request)

    def _create(self, case: Case) -> None:
        registration, hooks = case.registration, case.request.hooks
        self._hooks.run("before", hooks.before_create, case.hook_request())
        failures: list[str] = []
        while True:
            try:
                record = case.backend.create(case.call, registration.inputs, registration.secret)
                break
            except LocalCloudError as failure:
                failures.insert(0, str(failure))
                again = self._hooks.retry(hooks.on_error, case.error_hook_request(failures))
                if isinstance(failure, InitFailedError):
                    registration.id, registration.outputs = failure.id, failure.properties
                    self.remember(registration, case.request, failed=str(failure))
                if not again:
                    raise
        registration.id, registration.outputs = record.id, dict(record.properties)
        registration.secret = registration.secret | frozenset(record.secret)
        self.remember(registration, case.request)
        self._hooks.run("after", hooks.after_create, case.hook_request())

    def remember(
        self, registration: Registration, request: resource_pb2.RegisterResourceRequest, *, failed: str = ""
    ) -> None:
        """Write *registration* to the stack's file; a preview writes nothing, unless it is kept."""
        if self._setup.kept:
            inputs, outputs = (
                assumed(registration.type, registration.name, one)
                for one in (registration.inputs, registration.outputs)
            )
            registration = replace(registration, inputs=inputs, outputs=outputs)
        if not self._setup.preview or self._setup.kept:
            self._known.put(known_of(registration, request, failed=failed), registration.old)


def _without_ignored(request: resource_pb2.RegisterResourceRequest, old: Values, new: Values) -> Values:
    """Return *new* with whatever the program ignores changes of as it was."""
    merged: Value = new
    for path in request.ignoreChanges:
        merged = kept(parse(path), old, merged)
    return cast("Values", merged)
