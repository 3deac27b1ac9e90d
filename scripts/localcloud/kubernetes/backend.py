"""The kubernetes provider as both doors see it."""

from typing import Protocol

from scripts.localcloud.api_server import UnreachableError, cluster_behind
from scripts.localcloud.backend import Call, State
from scripts.localcloud.check import Checked
from scripts.localcloud.check_values import Failure
from scripts.localcloud.cloud import Cloud
from scripts.localcloud.diff import Diff
from scripts.localcloud.errors import LocalCloudError
from scripts.localcloud.kubernetes import changes, helm, settings
from scripts.localcloud.kubernetes.api import Api
from scripts.localcloud.kubernetes.manifests import SECRET_FIELDS, Manifests
from scripts.localcloud.kubernetes.objects import Objects, folder_of
from scripts.localcloud.values import UNKNOWN, Values, text
from scripts.localcloud.world import Record

_UNREACHABLE = "configured Kubernetes cluster is unreachable"
_FORGET = (
    "If the cluster was deleted, you can remove this resource from Pulumi state by rerunning the operation "
    'with the PULUMI_K8S_DELETE_UNREACHABLE environment variable set to "true"'
)


class _Handler(Protocol):
    """What handles one sort of resource; it has no cluster where none is reached."""

    def check(
        self, api: Api | None, call: Call, olds: Values, inputs: Values, secret: frozenset[str], seed: str
    ) -> Checked: ...
    def diff(self, state: State, inputs: Values, ignore: frozenset[str]) -> Diff: ...
    def preview(self, api: Api | None, call: Call, inputs: Values, state: State | None) -> Values: ...
    def create(self, api: Api, call: Call, inputs: Values) -> tuple[str, Values]: ...
    def read(self, api: Api, call: Call, state: State) -> tuple[Values, Values] | None: ...
    def update(self, api: Api, call: Call, state: State, inputs: Values) -> Values: ...
    def delete(self, api: Api, call: Call, state: State) -> None: ...


class Kubernetes:
    """The provider with its settings; the clusters it reaches are those of *cloud*."""

    package = "pulumi_kubernetes"

    def __init__(self, cloud: Cloud, given: Values | None = None) -> None:
        self._cloud = cloud
        self._settings = given or {}
        namespace = text(self._settings, "namespace") or "default"
        config_map, secret = (
            settings.is_on(self._settings, f"enable{kind}Mutable") for kind in ("ConfigMap", "Secret")
        )
        self._manifests = Manifests(namespace, changes.Mutable(config_map, secret))
        self._releases = helm.Releases(namespace)

    def configured(self, settings: Values) -> "Kubernetes":
        """Return the same provider with other settings."""
        return Kubernetes(self._cloud, settings)

    def check_config(self, inputs: Values) -> list[Failure]:
        """Return what is wrong with the settings."""
        return settings.failures(inputs)

    def diff_config(self, olds: Values, news: Values) -> Diff:
        """Return what changed in the settings."""
        return settings.diff(olds, news)

    def hidden(self, type_: str) -> frozenset[str]:
        """Return what of a Secret is secret."""
        return SECRET_FIELDS if type_ == "kubernetes:core/v1:Secret" else frozenset()

    def check(self, call: Call, olds: Values, inputs: Values, secret: frozenset[str], seed: str) -> Checked:
        """Return *inputs* with a name and a namespace, and what is wrong with their shape."""
        return self._handler(call).check(self._reached(), call, olds, inputs, secret, seed)

    def diff(self, call: Call, state: State, inputs: Values, ignore: frozenset[str]) -> Diff:
        """Return what an update would change."""
        return self._handler(call).diff(state, inputs, ignore)

    def preview(self, call: Call, inputs: Values, state: State | None) -> Values:
        """Return what is known before the update: nothing at all, before the cluster itself is known."""
        if self._settings.get("kubeconfig") is UNKNOWN:
            return {}
        return self._handler(call).preview(self._reached(), call, inputs, state)

    def create(self, call: Call, inputs: Values, secret: frozenset[str]) -> Record:
        """Make a resource and wait until it is ready."""
        resource_id, outputs = self._handler(call).create(self._api(), call, inputs)
        return Record(call.type, resource_id, "", outputs, sorted(secret & set(outputs)))

    def read(self, call: Call, state: State) -> tuple[Record, Values] | None:
        """
        Return a resource and its inputs as they are now, or nothing when it is gone.

        Raises:
            LocalCloudError: Its cluster is not reached, and nobody asked to forget it then.

        """
        api = self._reached()
        if api is None and settings.is_on(self._settings, "deleteUnreachable"):
            return None
        if api is None:
            raise LocalCloudError(f"failed to read resource state due to unreachable cluster. {_FORGET}")
        found = self._handler(call).read(api, call, state)
        if found is None:
            return None
        outputs, inputs = found
        return Record(call.type, state.id, "", outputs), inputs

    def update(self, call: Call, state: State, inputs: Values, secret: frozenset[str]) -> Record:
        """Change a resource in place and wait until it is ready."""
        outputs = self._handler(call).update(self._api(), call, state, inputs)
        return Record(call.type, state.id, "", outputs, sorted(secret & set(outputs)))

    def delete(self, call: Call, state: State) -> None:
        """
        Remove a resource and wait until it is gone.

        Raises:
            LocalCloudError: Its cluster is not reached, and nobody asked to forget it then.

        """
        api = self._reached()
        if api is not None:
            self._handler(call).delete(api, call, state)
        elif not settings.is_on(self._settings, "deleteUnreachable"):
            raise LocalCloudError(f"{_UNREACHABLE}. {_FORGET}")

    def invoke(self, token: str, inputs: Values) -> Values:  # noqa: ARG002
        """
        Refuse: nobody asks this provider's functions here.

        Raises:
            LocalCloudError: Always.

        """
        raise LocalCloudError(f"{token}: this function is not in the local cloud.")

    def _handler(self, call: Call) -> _Handler:
        return self._releases if call.type == helm.TYPE else self._manifests

    def _api(self) -> Api:
        try:
            config = settings.text_of(text(self._settings, "kubeconfig"))
            cluster = cluster_behind(self._cloud.store.read(), config)
        except UnreachableError as reason:
            raise LocalCloudError(f"{_UNREACHABLE}: {reason}") from reason
        return Api(Objects(folder_of(self._cloud.home, cluster.id)), cluster)

    def _reached(self) -> Api | None:
        try:
            return self._api()
        except LocalCloudError:
            return None
