"""The resource monitor that a program talks to, in the engine's place."""

from threading import Lock
from time import monotonic
from typing import cast

import pulumi
from google.protobuf import empty_pb2
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.proto import callback_pb2, provider_pb2, resource_pb2

from scripts.localcloud import wire
from scripts.localcloud.backend import Call, State
from scripts.localcloud.cloud import Cloud
from scripts.localcloud.errors import LocalCloudError
from scripts.localcloud.inprocess import protection
from scripts.localcloud.inprocess.aliases import STACK, Aliases, make_urn
from scripts.localcloud.inprocess.callbacks import Callbacks
from scripts.localcloud.inprocess.events import Journal, Registration
from scripts.localcloud.inprocess.hooks import Hooks
from scripts.localcloud.inprocess.placing import ONLY_NEW, Placer, Setup
from scripts.localcloud.inprocess.providers import Providers
from scripts.localcloud.inprocess.remembered import leaving
from scripts.localcloud.inprocess.requests import Requests
from scripts.localcloud.inprocess.stack_file import StackFile
from scripts.localcloud.values import UNKNOWN, Values

__all__ = ["CloudMonitor", "Setup", "StepError"]

_FEATURES = (
    resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACEMENT_TRIGGER,
    resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_TRANSFORMS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
)


class StepError(Exception):
    """A resource could not be made; what to show is in the journal."""


class CloudMonitor(MockMonitor):
    """Registers resources in the cloud; also usable as the monitor of ``pulumi.runtime.set_mocks``."""

    def __init__(self, cloud: Cloud, setup: Setup, known: StackFile, journal: Journal | None = None) -> None:
        super().__init__(None)  # type: ignore[arg-type]  # every method that would ask the mocks is replaced here
        self.cloud = cloud
        self.setup = setup
        self.known = known
        self.journal = journal or Journal()
        self.outputs: Values = {}
        self.secret_outputs: frozenset[str] = frozenset()
        self.leaving: list[Registration] = []
        olds = dict(known.resources)
        self._callbacks = Callbacks()
        self._requests = Requests(self._callbacks)
        self._hooks = Hooks(self._callbacks, self.journal, preview=setup.preview)
        self._aliases = Aliases(setup.stack, setup.project, olds)
        self._providers = Providers(cloud, setup.region, olds, lenient=setup.lenient)
        self._placer = Placer(self._providers, setup, known, self._aliases, self._hooks)
        self._seen: dict[str, Registration] = {}
        self._closed = False
        self._lock = Lock()

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """Return the URN of a resource, as the engine makes it."""
        return make_urn(self.setup.stack, self.setup.project, parent, type_, name)

    def close(self) -> None:
        """Take no more registrations and call off what is waiting."""
        self._closed = True
        self._placer.cancelled.set()

    def disconnect(self) -> None:
        """End the connections to the program, which is over."""
        self._callbacks.close()

    def SignalAndWaitForShutdown(self, request: empty_pb2.Empty) -> empty_pb2.Empty:  # noqa: N802 the protocol's name
        """End the connections to a program that has said everything; it says on its error output who else ends one."""
        self.disconnect()
        return request

    def RegisterResource(  # noqa: N802 the protocol's name
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        """Register one resource: the stack, a component, a provider, or one that the cloud makes."""
        registration = self._registration(request)
        start = monotonic()
        try:
            self._settle(registration, request)
            self._placer.place(registration, request)
            self._hold(registration, protect=request.protect)
        except LocalCloudError as problem:
            registration.failed = True
            raise self._refusal(str(problem), registration.urn) from None
        finally:
            registration.seconds = monotonic() - start
            self.journal.done(registration)
        if not request.custom:
            return resource_pb2.RegisterResourceResponse(urn=registration.urn)
        secret = registration.secret | set(request.additionalSecretOutputs)
        body = wire.encode(registration.outputs, secret)
        return resource_pb2.RegisterResourceResponse(urn=registration.urn, id=registration.id, object=body)

    def _registration(self, request: resource_pb2.RegisterResourceRequest) -> Registration:
        if self._closed:
            raise pulumi.RunError("Resource monitor has terminated, shutting down")
        urn = self.make_urn(request.parent, request.type, request.name)
        registration = Registration(
            urn, request.type, request.name, request.parent, request.custom, {}, frozenset(), request
        )
        with self._lock:
            duplicate = self._seen.setdefault(urn, registration) is not registration
        self.journal.add(registration)
        if duplicate:
            raise self._refusal(f"Duplicate resource URN '{urn}'; try giving it a unique name", urn)
        return registration

    def _settle(self, registration: Registration, request: resource_pb2.RegisterResourceRequest) -> None:
        """Find out what is asked for in the end, and what the stack has of it."""
        self._requests.settle(registration.urn, request)
        for wanted, name in ((request.remote, "a component of another program"), (request.importId, "an import")):
            if wanted:
                raise LocalCloudError(f"{request.name} is {name}, which needs the pulumi command.")
        registration.inputs, registration.secret = wire.decode(request.object)
        registration.old = self._aliases.claim(registration.urn, request)

    def _hold(self, registration: Registration, *, protect: bool) -> None:
        """Let a preview go on in which something protected goes, and fail in the end: its reader sees what does it."""
        message = protection.refusal(registration, protect=protect)
        if message:
            self.journal.say("error", message, registration.urn)

    def _refusal(self, message: str, urn: str) -> StepError:
        self._closed = True
        self.journal.say("error", message, urn)
        return StepError(message)

    def finish(self) -> None:
        """Say what becomes of what the program no longer registers; an update of this door has no way for that."""
        self.leaving = [leaving(known) for known in self._aliases.unclaimed()]
        for registration in self.leaving:
            self._hold(registration, protect=True)
        if self.leaving and not self.setup.preview:
            names = ", ".join(item.name for item in self.leaving)
            self.journal.say("error", f"{names}: no longer in the program. {ONLY_NEW}")
        if not self.journal.errors and not self.setup.preview:
            self.known.finish(self.outputs, sorted(self.secret_outputs))

    def RegisterResourceOutputs(  # noqa: N802 the protocol's name
        self, request: resource_pb2.RegisterResourceOutputsRequest
    ) -> empty_pb2.Empty:
        """Take the outputs of a component or of the stack."""
        outputs, secret = wire.decode(request.outputs)
        registration = self._seen[request.urn]
        registration.outputs = outputs
        registration.secret = registration.secret | secret
        if registration.type == STACK:
            self.outputs, self.secret_outputs = outputs, secret
        else:
            self._placer.remember(registration, cast("resource_pb2.RegisterResourceRequest", registration.request))
        return empty_pb2.Empty()

    def ReadResource(  # noqa: N802 the protocol's name
        self, request: resource_pb2.ReadResourceRequest
    ) -> resource_pb2.ReadResourceResponse:
        """Look an existing resource up by its id."""
        urn = self.make_urn(request.parent, request.type, request.name)
        state, _ = wire.decode(request.properties)
        backend = self._providers.of(request.type, request.provider)
        found = backend.read(Call(request.type, request.name, urn), State(request.id, {}, state))
        if found is None and self.setup.lenient:
            return resource_pb2.ReadResourceResponse(urn=urn, properties=request.properties)
        if found is None:
            message = f"resource {request.id!r} does not exist"
            self.journal.say("error", message, urn)
            raise StepError(message)
        record, _ = found
        return resource_pb2.ReadResourceResponse(urn=urn, properties=wire.encode(record.properties, record.secret))

    def Invoke(  # noqa: N802 the protocol's name
        self, request: resource_pb2.ResourceInvokeRequest
    ) -> resource_pb2.ResourceInvokeResponse:
        """Answer a provider function."""
        inputs, _ = wire.decode(request.args)
        if UNKNOWN in inputs.values():
            return resource_pb2.ResourceInvokeResponse()
        try:
            answer = self._providers.of(request.tok, request.provider).invoke(request.tok, inputs)
        except LocalCloudError as problem:
            if self.setup.lenient:
                return resource_pb2.ResourceInvokeResponse(unknown=True)
            failure = provider_pb2.CheckFailure(reason=str(problem))
            return resource_pb2.ResourceInvokeResponse(failures=[failure])
        if self.setup.lenient and [] in answer.values():
            # What it looked for may be in the account, of which only this stack's part is here.
            return resource_pb2.ResourceInvokeResponse(unknown=True)
        fields = {"return": wire.encode(answer)}
        return resource_pb2.ResourceInvokeResponse(**fields)  # type: ignore[arg-type]  # its name is a keyword

    def RegisterStackTransform(self, request: callback_pb2.Callback) -> empty_pb2.Empty:  # noqa: N802
        """Keep a transform of everything."""
        self._requests.transform_all(request)
        return empty_pb2.Empty()

    def RegisterErrorHook(self, request: resource_pb2.RegisterErrorHookRequest) -> empty_pb2.Empty:  # noqa: N802
        """Keep an error hook."""
        self._hooks.add_error(request)
        return empty_pb2.Empty()

    def RegisterResourceHook(self, request: resource_pb2.RegisterResourceHookRequest) -> empty_pb2.Empty:  # noqa: N802
        """Keep a resource hook."""
        self._hooks.add(request)
        return empty_pb2.Empty()

    def GetDeploymentInfo(self, request: empty_pb2.Empty) -> resource_pb2.DeploymentInfo:  # noqa: ARG002, N802
        """Say what this monitor can do; resource references and transforms of functions are left out."""
        return resource_pb2.DeploymentInfo(supportedFeatures=_FEATURES)
