"""What becomes of one registration: checked, then made, found unchanged, or only foreseen; and remembered."""

from dataclasses import dataclass
from threading import Event

from pulumi.runtime.proto import resource_pb2

from scripts.localcloud import wire
from scripts.localcloud.backend import Backend, Call, State
from scripts.localcloud.durations import seconds
from scripts.localcloud.errors import InitFailedError, LocalCloudError
from scripts.localcloud.inprocess import providers
from scripts.localcloud.inprocess.assuming import assumed, assumed_outputs
from scripts.localcloud.inprocess.events import Journal, Registration
from scripts.localcloud.inprocess.hooks import Hooks
from scripts.localcloud.inprocess.providers import Providers
from scripts.localcloud.inprocess.stack_file import Known, StackFile

_MOST_RETRIES = 100
ONLY_NEW = (
    "Without the pulumi command the local cloud only makes new resources. Run destroy first, or use the pulumi command."
)
"""What this door says to a change of something that exists."""


@dataclass(frozen=True)
class Setup:
    """
    What a run is for: the stack, where resources go by default, and whether it is only a look ahead.

    A preview that is *kept* is remembered as if it had been made, for the next one to be compared with it.
    """

    project: str
    stack: str
    region: str
    preview: bool
    kept: bool = False


class Placer:
    """Places the registrations of one run."""

    def __init__(self, found: Providers, setup: Setup, known: StackFile, journal: Journal) -> None:
        self.hooks = Hooks()
        self.cancelled = Event()
        self._providers = found
        self._setup = setup
        self._known = known
        self._journal = journal

    def place(self, registration: Registration, request: resource_pb2.RegisterResourceRequest) -> None:
        """
        Give *registration* an id and outputs.

        Raises:
            LocalCloudError: Refused, or made and failed; then it is remembered as such.

        """
        if request.type.startswith(providers.TYPES):
            self._provider(registration, request)
            return
        backend, old = self._providers.of(request.type, request.provider), self._known.resources.get(registration.urn)
        checked = backend.check(
            self._call(registration, request),
            old.inputs if old else {},
            registration.inputs,
            registration.secret,
            registration.urn,
        )
        if checked.failures:
            raise LocalCloudError("\n".join(map(str, checked.failures)))
        registration.inputs = checked.inputs
        registration.secret |= backend.hidden(request.type)
        if old is not None:
            self._existing(registration, request, backend, old)
        elif self._setup.kept:
            self._assume(registration, request, backend)
        elif self._setup.preview:
            registration.outputs = backend.preview(self._call(registration, request), checked.inputs, None)
        else:
            self._create(registration, request, backend)

    def _provider(self, registration: Registration, request: resource_pb2.RegisterResourceRequest) -> None:
        registration.inputs = self._providers.make(registration.urn, request.type, registration.inputs)
        registration.id = "provider"
        registration.outputs = dict(registration.inputs)
        self.remember(registration, request)

    def _call(self, registration: Registration, request: resource_pb2.RegisterResourceRequest) -> Call:
        timeout = seconds(request.customTimeouts.create)
        return Call(request.type, request.name, registration.urn, timeout, self.cancelled)

    def _existing(
        self,
        registration: Registration,
        request: resource_pb2.RegisterResourceRequest,
        backend: Backend,
        old: Known,
    ) -> None:
        call, state = self._call(registration, request), State(old.id, old.inputs, old.outputs)
        found = backend.diff(call, state, registration.inputs, frozenset(request.ignoreChanges))
        registration.changed = found.names
        wanted = set(request.replaceOnChanges)
        if found.replaces or wanted & set(found.names) or (old.failed and wanted & {"*", "#initerror"}):
            registration.step = "replace"
        elif found.changes or old.failed:
            registration.step = "update"
        if registration.step == "same":
            registration.id, registration.outputs = old.id, old.outputs
        elif self._setup.preview:
            replacing = registration.step == "replace"
            registration.id = "" if replacing else old.id
            registration.outputs = backend.preview(call, registration.inputs, None if replacing else state)
        else:
            changed = ", ".join(found.names) or "it failed the last time"
            raise LocalCloudError(f"would need {registration.step} ({changed}). {ONLY_NEW}")

    def _assume(
        self, registration: Registration, request: resource_pb2.RegisterResourceRequest, backend: Backend
    ) -> None:
        """Make it, or assume it was made where it needs what this cloud has not: the user's own network, say."""
        call = self._call(registration, request)
        registration.inputs = assumed(request.type, request.name, registration.inputs)
        try:
            record = backend.create(call, registration.inputs, registration.secret)
            registration.id, registration.outputs = record.id, dict(record.properties)
            registration.secret |= frozenset(record.secret)
        except InitFailedError as failure:
            registration.id, registration.outputs = failure.id, failure.properties
        except LocalCloudError:
            registration.id = f"assumed-{request.name}"
            foreseen = backend.preview(call, registration.inputs, None)
            registration.outputs = assumed_outputs(request.type, request.name, foreseen)
        self.remember(registration, request)

    def _create(
        self, registration: Registration, request: resource_pb2.RegisterResourceRequest, backend: Backend
    ) -> None:
        self.hooks.run(request.hooks.before_create, self._hook_request(registration), preview=False)
        call = self._call(registration, request)
        failures: list[str] = []
        while True:
            try:
                record = backend.create(call, registration.inputs, registration.secret)
                break
            except InitFailedError as failure:
                registration.id, registration.outputs = failure.id, failure.properties
                failures.insert(0, str(failure))
                if not self._again(registration, request, failures):
                    self.remember(registration, request, failed=str(failure))
                    raise
            except LocalCloudError as failure:
                failures.insert(0, str(failure))
                if not self._again(registration, request, failures):
                    raise
        registration.id, registration.outputs = record.id, dict(record.properties)
        registration.secret = registration.secret | frozenset(record.secret)
        self.remember(registration, request)
        self.hooks.run(request.hooks.after_create, self._hook_request(registration), preview=False)

    def _again(
        self, registration: Registration, request: resource_pb2.RegisterResourceRequest, failures: list[str]
    ) -> bool:
        if not request.hooks.on_error or len(failures) > _MOST_RETRIES:
            return False
        asked = resource_pb2.ErrorHookRequest(
            urn=registration.urn,
            name=registration.name,
            type=registration.type,
            new_inputs=wire.encode(registration.inputs, registration.secret),
            failed_operation="create",
            errors=failures,
        )
        again = self.hooks.retry(request.hooks.on_error, asked)
        if again:
            note = f"retrying create due to on-error hook request ({len(failures)}/{_MOST_RETRIES})"
            self._journal.say("warning", note, registration.urn)
        return again

    def _hook_request(self, registration: Registration) -> resource_pb2.ResourceHookRequest:
        return resource_pb2.ResourceHookRequest(
            urn=registration.urn,
            id=registration.id,
            name=registration.name,
            type=registration.type,
            new_inputs=wire.encode(registration.inputs, registration.secret),
            new_outputs=wire.encode(registration.outputs, registration.secret),
        )

    def remember(
        self, registration: Registration, request: resource_pb2.RegisterResourceRequest, *, failed: str = ""
    ) -> None:
        """Write *registration* to the stack's file; a preview writes nothing, unless it is kept."""
        if self._setup.preview and not self._setup.kept:
            return
        self._known.put(
            Known(
                urn=registration.urn,
                type=registration.type,
                name=registration.name,
                parent=registration.parent,
                custom=registration.custom,
                id=registration.id,
                provider=request.provider,
                inputs=registration.inputs,
                outputs=registration.outputs,
                secret=sorted(registration.secret | set(request.additionalSecretOutputs)),
                dependencies=list(request.dependencies),
                protect=request.protect,
                retain=request.retainOnDelete,
                deleted_with=request.deletedWith,
                failed=failed,
            )
        )
