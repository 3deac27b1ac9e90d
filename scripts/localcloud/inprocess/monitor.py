"""The resource monitor that a program talks to: check, decide, create in the cloud, remember."""

from dataclasses import dataclass
from threading import Event, Lock
from time import monotonic

import pulumi
from google.protobuf import empty_pb2
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.proto import provider_pb2, resource_pb2

from scripts.localcloud import wire
from scripts.localcloud.cloud import Cloud, Target
from scripts.localcloud.durations import seconds
from scripts.localcloud.errors import InitFailedError, LocalCloudError
from scripts.localcloud.inprocess.events import Journal, Registration
from scripts.localcloud.inprocess.hooks import Hooks
from scripts.localcloud.inprocess.stack_file import Known, StackFile
from scripts.localcloud.rules import rule
from scripts.localcloud.values import UNKNOWN, Values, text

_STACK = "pulumi:pulumi:Stack"
_PROVIDERS = "pulumi:providers:"
_MOST_RETRIES = 100
ONLY_NEW = (
    "Without the pulumi command the local cloud only makes new resources. Run destroy first, or use the pulumi command."
)
"""What this door says to a change of something that exists."""
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


@dataclass(frozen=True)
class Setup:
    """What a run is for: the stack, where resources go by default, and whether it is only a look ahead."""

    project: str
    stack: str
    region: str
    preview: bool


class CloudMonitor(MockMonitor):
    """Registers resources in the cloud; also usable as the monitor of ``pulumi.runtime.set_mocks``."""

    def __init__(self, cloud: Cloud, setup: Setup, known: StackFile, journal: Journal | None = None) -> None:
        super().__init__(None)  # type: ignore[arg-type]  # every method that would ask the mocks is replaced here
        self.cloud = cloud
        self.setup = setup
        self.known = known
        self.journal = journal or Journal()
        self.hooks = Hooks()
        self.cancelled = Event()
        self.outputs: Values = {}
        self.secret_outputs: frozenset[str] = frozenset()
        self._regions: dict[str, str] = {}
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
        self.cancelled.set()

    def RegisterResource(  # noqa: N802 the protocol's name
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        """Register one resource: the stack, a component, a provider, or one that the cloud makes."""
        registration = self._registration(request)
        if not request.custom:
            self._remember(registration, request)
            self.journal.done(registration)
            return resource_pb2.RegisterResourceResponse(urn=registration.urn)
        start = monotonic()
        try:
            self._place(registration, request)
        except LocalCloudError as problem:
            registration.failed = True
            self._closed = True
            self.journal.say("error", str(problem), registration.urn)
            raise StepError(str(problem)) from None
        finally:
            registration.seconds = monotonic() - start
            self.journal.done(registration)
        secret = set(registration.secret) | set(request.additionalSecretOutputs) | self._secret_by_rule(request.type)
        known_id = registration.id or ""
        body = wire.encode(registration.outputs, secret)
        return resource_pb2.RegisterResourceResponse(urn=registration.urn, id=known_id, object=body)

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

    def _secret_by_rule(self, type_: str) -> set[str]:
        if type_.startswith(_PROVIDERS):
            return set()
        return {name for name, row in rule(type_).properties.items() if row.secret}

    def _place(self, registration: Registration, request: resource_pb2.RegisterResourceRequest) -> None:
        """Give *registration* an id and outputs: checked, and then new, unchanged, or only foreseen."""
        if request.type.startswith(_PROVIDERS):
            self._provider(registration, request)
            return
        cloud, old = self.cloud, self.known.resources.get(registration.urn)
        checked = cloud.check(
            request.type, request.name, registration.inputs, secret=registration.secret, seed=registration.urn
        )
        if checked.failures:
            raise LocalCloudError("\n".join(map(str, checked.failures)))
        registration.inputs = checked.inputs
        region = self._region(request)
        if old is not None:
            self._existing(registration, request, old)
        elif self.setup.preview:
            registration.outputs = cloud.preview(request.type, checked.inputs)
        else:
            self._create(registration, request, Target(region, seconds(request.customTimeouts.create), self.cancelled))

    def _provider(self, registration: Registration, request: resource_pb2.RegisterResourceRequest) -> None:
        region = text(registration.inputs, "region") or self.setup.region
        self._regions[registration.urn] = region
        registration.id = "provider"
        registration.outputs = dict(registration.inputs)
        self._remember(registration, request)

    def _region(self, request: resource_pb2.RegisterResourceRequest) -> str:
        region = self._regions.get(request.provider.rsplit("::", 1)[0], self.setup.region)
        if not region and not rule(request.type).local:
            raise LocalCloudError("alicloud:region: missing. Set it in the stack's configuration, such as cn-hangzhou.")
        return region

    def _existing(self, registration: Registration, request: resource_pb2.RegisterResourceRequest, old: Known) -> None:
        found = self.cloud.diff(
            request.type, request.name, old.outputs, registration.inputs, ignore=frozenset(request.ignoreChanges)
        )
        registration.changed = found.names
        wanted = set(request.replaceOnChanges)
        if found.replaces or wanted & set(found.names) or (old.failed and wanted & {"*", "#initerror"}):
            registration.step = "replace"
        elif found.changes or old.failed:
            registration.step = "update"
        if registration.step == "same":
            registration.id, registration.outputs = old.id, old.outputs
        elif self.setup.preview:
            replacing = registration.step == "replace"
            registration.id = "" if replacing else old.id
            state = None if replacing else old.outputs
            registration.outputs = self.cloud.preview(request.type, registration.inputs, state)
        else:
            changed = ", ".join(found.names) or "it failed the last time"
            raise LocalCloudError(f"would need {registration.step} ({changed}). {ONLY_NEW}")

    def _create(
        self, registration: Registration, request: resource_pb2.RegisterResourceRequest, target: Target
    ) -> None:
        self.hooks.run(request.hooks.before_create, self._hook_request(registration), preview=False)
        secret = registration.secret | self._secret_by_rule(request.type)
        failures: list[str] = []
        while True:
            try:
                record = self.cloud.create(request.type, registration.inputs, frozenset(secret), target)
                break
            except InitFailedError as failure:
                registration.id, registration.outputs = failure.id, failure.properties
                failures.insert(0, failure.reason)
                if not self._again(registration, request, failures):
                    self._remember(registration, request, failed=failure.reason, region=target.region)
                    raise
            except LocalCloudError as failure:
                failures.insert(0, str(failure))
                if not self._again(registration, request, failures):
                    raise
        registration.id, registration.outputs = record.id, dict(record.properties)
        registration.secret = registration.secret | frozenset(record.secret)
        self._remember(registration, request, region=target.region)
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
            self.journal.say("warning", note, registration.urn)
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

    def _remember(
        self,
        registration: Registration,
        request: resource_pb2.RegisterResourceRequest,
        *,
        failed: str = "",
        region: str = "",
    ) -> None:
        if self.setup.preview:
            return
        secret = registration.secret | set(request.additionalSecretOutputs)
        if registration.custom:
            secret |= self._secret_by_rule(registration.type)
        self.known.put(
            Known(
                urn=registration.urn,
                type=registration.type,
                name=registration.name,
                parent=registration.parent,
                custom=registration.custom,
                id=registration.id,
                region=region,
                inputs=registration.inputs,
                outputs=registration.outputs,
                secret=sorted(secret),
                dependencies=list(request.dependencies),
                protect=request.protect,
                retain=request.retainOnDelete,
                failed=failed,
            )
        )

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
        record = self.cloud.read(request.type, request.id, state)
        if record is None:
            message = f"resource {request.id!r} does not exist"
            self.journal.say("error", message, urn)
            raise StepError(message)
        return resource_pb2.ReadResourceResponse(urn=urn, properties=wire.encode(record.properties, record.secret))

    def Invoke(  # noqa: N802 the protocol's name
        self, request: resource_pb2.ResourceInvokeRequest
    ) -> resource_pb2.ResourceInvokeResponse:
        """Answer a provider function."""
        inputs, _ = wire.decode(request.args)
        if UNKNOWN in inputs.values():
            return resource_pb2.ResourceInvokeResponse()
        try:
            answer = self.cloud.invoke(request.tok, inputs)
        except LocalCloudError as problem:
            failure = provider_pb2.CheckFailure(reason=str(problem))
            return resource_pb2.ResourceInvokeResponse(failures=[failure])
        fields = {"return": wire.encode(answer)}
        return resource_pb2.ResourceInvokeResponse(**fields)  # type: ignore[arg-type]  # its name is a keyword

    def RegisterErrorHook(self, request: resource_pb2.RegisterErrorHookRequest) -> empty_pb2.Empty:  # noqa: N802
        """Keep an error hook."""
        self.hooks.add(request.name, request.callback)
        return empty_pb2.Empty()

    def RegisterResourceHook(self, request: resource_pb2.RegisterResourceHookRequest) -> empty_pb2.Empty:  # noqa: N802
        """Keep a resource hook."""
        self.hooks.add(request.name, request.callback, on_preview=request.on_dry_run)
        return empty_pb2.Empty()

    def GetDeploymentInfo(self, request: empty_pb2.Empty) -> resource_pb2.DeploymentInfo:  # noqa: ARG002, N802
        """Say what this monitor can do; resource references and transforms are left out."""
        return resource_pb2.DeploymentInfo(supportedFeatures=_FEATURES)
