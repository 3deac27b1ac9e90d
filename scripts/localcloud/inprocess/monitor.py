"""The resource monitor that a program talks to, in the engine's place."""

from threading import Lock
from time import monotonic

import pulumi
from google.protobuf import empty_pb2
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.proto import provider_pb2, resource_pb2

from scripts.localcloud import wire
from scripts.localcloud.backend import Call, State
from scripts.localcloud.cloud import Cloud
from scripts.localcloud.errors import LocalCloudError
from scripts.localcloud.inprocess.events import Journal, Registration
from scripts.localcloud.inprocess.placing import Placer, Setup
from scripts.localcloud.inprocess.providers import Providers
from scripts.localcloud.inprocess.stack_file import StackFile
from scripts.localcloud.values import UNKNOWN, Values

__all__ = ["CloudMonitor", "Setup", "StepError"]

_STACK = "pulumi:pulumi:Stack"
_FEATURES = (
    resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACEMENT_TRIGGER,
    resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
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
        self._providers = Providers(cloud, setup.region, known.resources)
        self._placer = Placer(self._providers, setup, known, self.journal)
        self._seen: set[str] = set()
        self._closed = False
        self._lock = Lock()

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """Return the URN of a resource, as the engine makes it."""
        inside = parent.split("::")[2] if parent else ""
        qualified = f"{inside}${type_}" if inside and not inside.endswith(_STACK) else type_
        return f"urn:pulumi:{self.setup.stack}::{self.setup.project}::{qualified}::{name}"

    def close(self) -> None:
        """Take no more registrations and call off what is waiting."""
        self._closed = True
        self._placer.cancelled.set()

    def RegisterResource(  # noqa: N802 the protocol's name
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        """Register one resource: the stack, a component, a provider, or one that the cloud makes."""
        registration = self._registration(request)
        if not request.custom:
            self._placer.remember(registration, request)
            self.journal.done(registration)
            return resource_pb2.RegisterResourceResponse(urn=registration.urn)
        start = monotonic()
        try:
            self._placer.place(registration, request)
        except LocalCloudError as problem:
            registration.failed = True
            self._closed = True
            self.journal.say("error", str(problem), registration.urn)
            raise StepError(str(problem)) from None
        finally:
            registration.seconds = monotonic() - start
            self.journal.done(registration)
        secret = registration.secret | set(request.additionalSecretOutputs)
        body = wire.encode(registration.outputs, secret)
        return resource_pb2.RegisterResourceResponse(urn=registration.urn, id=registration.id, object=body)

    def _registration(self, request: resource_pb2.RegisterResourceRequest) -> Registration:
        if self._closed:
            raise pulumi.RunError("Resource monitor has terminated, shutting down")
        urn = self.make_urn(request.parent, request.type, request.name)
        inputs, secret = wire.decode(request.object)
        registration = Registration(
            urn, request.type, request.name, request.parent, request.custom, inputs, secret, request
        )
        with self._lock:
            duplicate = urn in self._seen
            self._seen.add(urn)
        self.journal.add(registration)
        if duplicate:
            self._closed = True
            message = f"Duplicate resource URN '{urn}'; try giving it a unique name"
            self.journal.say("error", message, urn)
            raise StepError(message)
        if urn in self.known.resources:
            registration.step = "same"
        return registration

    def RegisterResourceOutputs(  # noqa: N802 the protocol's name
        self, request: resource_pb2.RegisterResourceOutputsRequest
    ) -> empty_pb2.Empty:
        """Take the outputs of a component or of the stack."""
        outputs, secret = wire.decode(request.outputs)
        for registration in self.journal.registrations:
            if registration.urn == request.urn:
                registration.outputs = outputs
                registration.secret = registration.secret | secret
        if request.urn.split("::")[2] == _STACK:
            self.outputs, self.secret_outputs = outputs, secret
        return empty_pb2.Empty()

    def ReadResource(  # noqa: N802 the protocol's name
        self, request: resource_pb2.ReadResourceRequest
    ) -> resource_pb2.ReadResourceResponse:
        """Look an existing resource up by its id."""
        urn = self.make_urn(request.parent, request.type, request.name)
        state, _ = wire.decode(request.properties)
        backend = self._providers.of(request.type, request.provider)
        found = backend.read(Call(request.type, request.name, urn), State(request.id, {}, state))
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
            failure = provider_pb2.CheckFailure(reason=str(problem))
            return resource_pb2.ResourceInvokeResponse(failures=[failure])
        fields = {"return": wire.encode(answer)}
        return resource_pb2.ResourceInvokeResponse(**fields)  # type: ignore[arg-type]  # its name is a keyword

    def RegisterErrorHook(self, request: resource_pb2.RegisterErrorHookRequest) -> empty_pb2.Empty:  # noqa: N802
        """Keep an error hook."""
        self._placer.hooks.add(request.name, request.callback)
        return empty_pb2.Empty()

    def RegisterResourceHook(self, request: resource_pb2.RegisterResourceHookRequest) -> empty_pb2.Empty:  # noqa: N802
        """Keep a resource hook."""
        self._placer.hooks.add(request.name, request.callback, on_preview=request.on_dry_run)
        return empty_pb2.Empty()

    def GetDeploymentInfo(self, request: empty_pb2.Empty) -> resource_pb2.DeploymentInfo:  # noqa: ARG002, N802
        """Say what this monitor can do; resource references and transforms are left out."""
        return resource_pb2.DeploymentInfo(supportedFeatures=_FEATURES)
