"""What becomes of one registration: checked, then made, found unchanged, or only foreseen; and remembered."""

from dataclasses import dataclass
from threading import Event

from pulumi.runtime.proto import resource_pb2

from scripts.localcloud import wire
from scripts.localcloud.cloud import Cloud, Target
from scripts.localcloud.durations import seconds
from scripts.localcloud.errors import InitFailedError, LocalCloudError
from scripts.localcloud.inprocess.events import Journal, Registration
from scripts.localcloud.inprocess.hooks import Hooks
from scripts.localcloud.inprocess.stack_file import Known, StackFile
from scripts.localcloud.rules import rule
from scripts.localcloud.values import text

PROVIDERS = "pulumi:providers:"
"""How the type of a provider resource begins."""
_MOST_RETRIES = 100
ONLY_NEW = (
    "Without the pulumi command the local cloud only makes new resources. Run destroy first, or use the pulumi command."
)
"""What this door says to a change of something that exists."""


@dataclass(frozen=True)
class Setup:
    """What a run is for: the stack, where resources go by default, and whether it is only a look ahead."""

    project: str
    stack: str
    region: str
    preview: bool


def secret_by_rule(type_: str) -> frozenset[str]:
    """Return the properties of *type_* that are secret whatever the program says."""
    if type_.startswith(PROVIDERS):
        return frozenset()
    return frozenset(name for name, row in rule(type_).properties.items() if row.secret)


class Placer:
    """Places the registrations of one run."""

    def __init__(self, cloud: Cloud, setup: Setup, known: StackFile, journal: Journal) -> None:
        self.hooks = Hooks()
        self.cancelled = Event()
        self._cloud = cloud
        self._setup = setup
        self._known = known
        self._journal = journal
        self._regions: dict[str, str] = {}

    def place(self, registration: Registration, request: resource_pb2.RegisterResourceRequest) -> None:
        """
        Give *registration* an id and outputs.

        Raises:
            LocalCloudError: Refused, or made and failed; then it is remembered as such.

        """
        if request.type.startswith(PROVIDERS):
            self._provider(registration, request)
            return
        cloud, old = self._cloud, self._known.resources.get(registration.urn)
        checked = cloud.check(
            request.type, request.name, registration.inputs, secret=registration.secret, seed=registration.urn
        )
        if checked.failures:
            raise LocalCloudError("\n".join(map(str, checked.failures)))
        registration.inputs = checked.inputs
        region = self._region(request)
        if old is not None:
            self._existing(registration, request, old)
        elif self._setup.preview:
            registration.outputs = cloud.preview(request.type, checked.inputs)
        else:
            self._create(registration, request, Target(region, seconds(request.customTimeouts.create), self.cancelled))

    def _provider(self, registration: Registration, request: resource_pb2.RegisterResourceRequest) -> None:
        region = text(registration.inputs, "region") or self._setup.region
        self._regions[registration.urn] = region
        registration.id = "provider"
        registration.outputs = dict(registration.inputs)
        self.remember(registration, request)

    def _region(self, request: resource_pb2.RegisterResourceRequest) -> str:
        region = self._regions.get(request.provider.rsplit("::", 1)[0], self._setup.region)
        if not region and not rule(request.type).local:
            raise LocalCloudError("alicloud:region: missing. Set it in the stack's configuration, such as cn-hangzhou.")
        return region

    def _existing(self, registration: Registration, request: resource_pb2.RegisterResourceRequest, old: Known) -> None:
        found = self._cloud.diff(
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
        elif self._setup.preview:
            replacing = registration.step == "replace"
            registration.id = "" if replacing else old.id
            state = None if replacing else old.outputs
            registration.outputs = self._cloud.preview(request.type, registration.inputs, state)
        else:
            changed = ", ".join(found.names) or "it failed the last time"
            raise LocalCloudError(f"would need {registration.step} ({changed}). {ONLY_NEW}")

    def _create(
        self, registration: Registration, request: resource_pb2.RegisterResourceRequest, target: Target
    ) -> None:
        self.hooks.run(request.hooks.before_create, self._hook_request(registration), preview=False)
        secret = registration.secret | secret_by_rule(request.type)
        failures: list[str] = []
        while True:
            try:
                record = self._cloud.create(request.type, registration.inputs, frozenset(secret), target)
                break
            except InitFailedError as failure:
                registration.id, registration.outputs = failure.id, failure.properties
                failures.insert(0, failure.reason)
                if not self._again(registration, request, failures):
                    self.remember(registration, request, failed=failure.reason, region=target.region)
                    raise
            except LocalCloudError as failure:
                failures.insert(0, str(failure))
                if not self._again(registration, request, failures):
                    raise
        registration.id, registration.outputs = record.id, dict(record.properties)
        registration.secret = registration.secret | frozenset(record.secret)
        self.remember(registration, request, region=target.region)
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
        self,
        registration: Registration,
        request: resource_pb2.RegisterResourceRequest,
        *,
        failed: str = "",
        region: str = "",
    ) -> None:
        """Write *registration* to the stack's file; a preview writes nothing."""
        if self._setup.preview:
            return
        secret = registration.secret | set(request.additionalSecretOutputs)
        if registration.custom:
            secret |= secret_by_rule(registration.type)
        self._known.put(
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
