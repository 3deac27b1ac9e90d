"""Plain objects, as the provider checks, makes, changes and deletes them."""

import base64
from collections.abc import Callable
from typing import TypeVar, cast

from scripts.localcloud.backend import Call, State
from scripts.localcloud.check import Checked
from scripts.localcloud.check_values import Failure
from scripts.localcloud.diff import Diff
from scripts.localcloud.errors import InitFailedError, LocalCloudError, suggestion
from scripts.localcloud.kubernetes import changes, metadata, schemas, waiting
from scripts.localcloud.kubernetes.api import Api, ApiError
from scripts.localcloud.kubernetes.objects import Manifest
from scripts.localcloud.kubernetes.resources import Resource, kinds, resource_of
from scripts.localcloud.kubernetes.waiting import NotReadyError, Patience
from scripts.localcloud.values import Value, Values, has_unknown

SECRET_FIELDS = frozenset({"data", "stringData"})
"""What of a Secret is secret whatever the program says."""
_SPEED = 10
"""How many seconds of the provider's waiting pass in one."""
_RETRY_SECONDS = 31.0
"""How long a create is repeated while its namespace or its kind is not there yet: 1 + 2 + 4 + 8 + 16 seconds."""
_EXISTS = (
    "\n\nThe resource already exists in the cluster: another resource of the program has its name, or something else "
    "made it. Rename one of the two, or import it."
)
_READ_ONLY = ("creationTimestamp", "deletionTimestamp", "generation", "managedFields", "resourceVersion", "uid")
_Made = TypeVar("_Made")


class Manifests:
    """The objects of one provider; *namespace* is for those that name none, *mutable* what is changed in place."""

    def __init__(self, namespace: str, mutable: changes.Mutable) -> None:
        self._namespace = namespace
        self._mutable = mutable

    def check(
        self, api: Api | None, call: Call, olds: Values, inputs: Values, secret: frozenset[str], seed: str
    ) -> Checked:
        """
        Return *inputs* with a name and a namespace, and what is wrong with their shape.

        The provider itself lets misspelt fields pass in silence; here they are failures.
        """
        manifest = cast("Manifest", _without_nothing(inputs))
        resource = _resource(call.type)
        for name, value in (("apiVersion", resource.api_version), ("kind", resource.kind)):
            if manifest.get(name) != value:
                return Checked(manifest, (Failure(name, f"must be {value!r} for {call.type}."),))
        if not isinstance(manifest.setdefault("metadata", {}), dict):
            return Checked(manifest, (Failure("metadata", "must be an object."),))
        if "generateName" in manifest["metadata"]:
            raise LocalCloudError("the `.metadata.generateName` field is not supported in Server-Side Apply mode")
        manifest = metadata.named(manifest, call.name, seed, olds)
        manifest = _encoded(manifest | {"metadata": self._placed(manifest["metadata"], resource)})
        version = api.version if api else schemas.NEWEST
        quiet = secret | (SECRET_FIELDS if resource.kind == "Secret" else frozenset())
        return Checked(manifest, tuple(schemas.failures(resource, manifest, version, quiet)))

    def _placed(self, given: Manifest, resource: Resource) -> Manifest:
        kept = {name: value for name, value in given.items() if name not in (*_READ_ONLY, "namespace")}
        place = given.get("namespace") or self._namespace
        return ({"namespace": place} if resource.namespaced else {}) | kept

    def diff(self, state: State, inputs: Values, ignore: frozenset[str]) -> Diff:
        """Return what an update would change."""
        return changes.diff(state.inputs, state.outputs, inputs, self._mutable, ignore)

    def preview(self, api: Api | None, call: Call, inputs: Values, state: State | None) -> Values:
        """Return what the API server would make of *inputs*; the inputs themselves where it cannot say."""
        if api is None or has_unknown(inputs):
            return inputs
        contents = api.objects.read()
        try:
            if state is not None:
                return api.applied(contents, inputs, state.inputs)
            return {name: value for name, value in api.created(contents, inputs).items() if name != "status"}
        except ApiError as refused:
            if refused.reason in ("AlreadyExists", "Forbidden", "NoMatch", "NotFound"):
                return inputs
            raise _not_created(call, refused) from refused

    def create(self, api: Api, call: Call, inputs: Values) -> tuple[str, Values]:
        """
        Make an object and wait until it is ready; return its id and what it is.

        Raises:
            InitFailedError: It exists and is not ready.
            LocalCloudError: Refused.

        """
        try:
            made = _patiently(call, lambda: api.create(inputs))
        except ApiError as refused:
            raise _not_created(call, refused) from refused
        try:
            return _id(made), waiting.until_ready(api.objects, inputs, made, _patience(call, inputs))
        except NotReadyError as failure:
            reason = f'resource "{call.urn}" was successfully created, but the Kubernetes API server'
            reason += f" reported that it failed to fully initialize or become live: {failure}"
            raise InitFailedError(_id(made), failure.live, reason, failure.details) from failure

    def read(self, api: Api, call: Call, state: State) -> tuple[Values, Values] | None:
        """
        Return an object and its inputs as they are now, or nothing when it is gone.

        Raises:
            InitFailedError: It is not ready.

        """
        namespace, _, name = state.id.rpartition("/")
        live = api.objects.read().get(_resource(call.type).kind, namespace, name)
        if live is None:
            return None
        shape = state.inputs or {part: value for part, value in live.items() if part != "status"}
        try:
            waiting.check_ready(api.objects, shape, live)
        except NotReadyError as failure:
            raise InitFailedError(state.id, failure.live, str(failure), failure.details) from failure
        return live, changes.pruned(live, shape)

    def update(self, api: Api, call: Call, state: State, inputs: Values) -> Values:
        """
        Change an object in place and wait until it is ready; return it.

        Raises:
            InitFailedError: It was changed and is not ready.
            LocalCloudError: Refused.

        """
        try:
            made = api.apply(inputs, state.inputs)
        except ApiError as refused:
            raise LocalCloudError(f'update of resource "{call.urn}" failed: {refused}') from refused
        try:
            return waiting.until_ready(api.objects, inputs, made, _patience(call, inputs))
        except NotReadyError as failure:
            reason = f'the Kubernetes API server reported that "{state.id}" failed to fully initialize or become live: '
            raise InitFailedError(state.id, failure.live, f"{reason}{failure}", failure.details) from failure

    def delete(self, api: Api, call: Call, state: State) -> None:
        """
        Delete an object and wait until it is gone.

        Raises:
            LocalCloudError: It is still there.

        """
        kind = _resource(call.type).kind
        namespace, _, name = state.id.rpartition("/")
        with api.objects.transaction() as contents:
            live = contents.get(kind, namespace, name)
            contents.remove(kind, namespace, name, foreground=metadata.in_foreground(state.inputs))
        if live is None:
            return
        try:
            waiting.until_gone(api.objects, state.inputs, live, _patience(call, state.inputs))
        except NotReadyError as failure:
            raise LocalCloudError("\n".join((str(failure), *failure.details))) from failure


def _resource(type_: str) -> Resource:
    """Return the kind that the token *type_* names, such as ``kubernetes:apps/v1:Deployment``."""
    _, version, kind = type_.split(":")
    api_version = version.removeprefix("core/")
    found = resource_of({"apiVersion": api_version, "kind": kind})
    if found is None:
        near = suggestion(f"{api_version}/{kind}", kinds())
        raise LocalCloudError(f"{type_}: this kind of object is not in the local cloud.{near}")
    return found


def _id(made: Manifest) -> str:
    return "/".join(filter(None, (made["metadata"].get("namespace"), made["metadata"]["name"])))


def _patience(call: Call, inputs: Values) -> Patience:
    return Patience(metadata.timeout_seconds(inputs, call.timeout_seconds) / _SPEED, call.cancelled)


def _patiently(call: Call, make: Callable[[], _Made]) -> _Made:
    """Return what *make* returns, tried again while something it needs is not there yet."""
    made: list[_Made] = []
    last: list[ApiError] = []

    def tried() -> bool:
        try:
            made.append(make())
        except ApiError as refused:
            if refused.reason not in ("NotFound", "NoMatch"):
                raise
            last.append(refused)
        return bool(made)

    if not Patience(min(_RETRY_SECONDS, call.timeout_seconds or _RETRY_SECONDS), call.cancelled).until(tried):
        raise last[-1]
    return made[0]


def _not_created(call: Call, refused: ApiError) -> LocalCloudError:
    more = _EXISTS if refused.reason == "AlreadyExists" else ""
    return LocalCloudError(
        f'resource "{call.urn}" was not successfully created by the Kubernetes API server: {refused}{more}'
    )


def _encoded(manifest: Manifest) -> Manifest:
    """Return a Secret's plain strings as its data, as soon as all are known; anything else as it is."""
    plain = manifest.get("stringData")
    if manifest["kind"] != "Secret" or not isinstance(plain, dict) or has_unknown(plain):
        return manifest
    data = {name: base64.b64encode(str(value).encode()).decode() for name, value in plain.items()}
    rest = {name: value for name, value in manifest.items() if name != "stringData"}
    return rest | {"data": {**manifest.get("data", {}), **data}}


def _without_nothing(value: Value) -> Value:
    if isinstance(value, dict):
        return {name: _without_nothing(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_nothing(inner) for inner in value]
    return value
