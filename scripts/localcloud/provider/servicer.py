"""The calls of the provider protocol, each a few lines over the cloud."""

import json
from collections.abc import Iterable
from importlib.metadata import version
from threading import Event

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from scripts.localcloud import wire
from scripts.localcloud.check import auto_named
from scripts.localcloud.check_values import Failure
from scripts.localcloud.cloud import Cloud, Target
from scripts.localcloud.diff import Change
from scripts.localcloud.errors import InitFailedError, suggestion
from scripts.localcloud.facts import regions
from scripts.localcloud.kinds import INSTANCE
from scripts.localcloud.provider.refusal import answers, half_made
from scripts.localcloud.rules import Provider, rule
from scripts.localcloud.values import UNKNOWN, Values, text

_ENGINE_KEYS = {"version", "pluginDownloadURL"}
_KINDS = {
    ("add", False): provider_pb2.PropertyDiff.ADD,
    ("add", True): provider_pb2.PropertyDiff.ADD_REPLACE,
    ("delete", False): provider_pb2.PropertyDiff.DELETE,
    ("delete", True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    ("update", False): provider_pb2.PropertyDiff.UPDATE,
    ("update", True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """One provider of the local cloud."""

    def __init__(self, provider: Provider, cloud: Cloud) -> None:
        self._provider = provider
        self._cloud = cloud
        self._region = ""
        self._replace_on_image = False
        self._cancelled = Event()

    def Handshake(  # noqa: N802 the protocol's name
        self,
        request: provider_pb2.ProviderHandshakeRequest,  # noqa: ARG002
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> provider_pb2.ProviderHandshakeResponse:
        """Say what this provider can do."""
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def GetPluginInfo(  # noqa: N802
        self,
        request: empty_pb2.Empty,  # noqa: ARG002
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> plugin_pb2.PluginInfo:
        """Return the version of the SDK this provider stands in for."""
        return plugin_pb2.PluginInfo(version=version(self._provider.package))

    def GetSchema(  # noqa: N802
        self,
        request: provider_pb2.GetSchemaRequest,  # noqa: ARG002
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> provider_pb2.GetSchemaResponse:
        """Return a schema with nothing but the name: no SDK is made from the local cloud."""
        schema = {"name": self._provider.name, "version": version(self._provider.package)}
        return provider_pb2.GetSchemaResponse(schema=json.dumps(schema))

    def Attach(self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: ARG002, N802
        """Accept another engine."""
        return empty_pb2.Empty()

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: ARG002, N802
        """Call off whatever waits."""
        self._cancelled.set()
        return empty_pb2.Empty()

    @answers
    def CheckConfig(  # noqa: N802
        self,
        request: provider_pb2.CheckRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> provider_pb2.CheckResponse:
        """Check the provider's configuration; alicloud needs a region that exists."""
        inputs, _ = wire.decode(request.news)
        failures = [
            Failure(name, f"no such setting of the provider.{suggestion(name, self._provider.config)}")
            for name in inputs
            if name not in self._provider.config | _ENGINE_KEYS
        ]
        if "region" in self._provider.config:
            failures += _region_failures(inputs)
        return provider_pb2.CheckResponse(inputs=request.news, failures=_wired(failures))

    def DiffConfig(  # noqa: N802
        self,
        request: provider_pb2.DiffRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> provider_pb2.DiffResponse:
        """Compare two configurations; none replaces resources."""
        changed = request.olds != request.news
        some, none = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(changes=some if changed else none)

    @answers
    def Configure(  # noqa: N802
        self,
        request: provider_pb2.ConfigureRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> provider_pb2.ConfigureResponse:
        """Take the region and the one feature that changes a diff."""
        inputs, _ = wire.decode(request.args)
        self._region = text(inputs, "region")
        features = inputs.get("features")
        parsed = json.loads(features) if isinstance(features, str) and features else features
        ecs = parsed.get("ecsInstance") if isinstance(parsed, dict) else None
        self._replace_on_image = isinstance(ecs, dict) and ecs.get("replaceOnImageUpdate") is True
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    @answers
    def Check(  # noqa: N802
        self,
        request: provider_pb2.CheckRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> provider_pb2.CheckResponse:
        """Check a resource's inputs and fill in defaults; an automatic name stays what it was."""
        inputs, secret = wire.decode(request.news)
        olds, _ = wire.decode(request.olds)
        for name, row in rule(request.type).properties.items():
            if row.auto_name and name not in inputs and auto_named(request.name, olds.get(name)):
                inputs[name] = olds[name]
        checked = self._cloud.check(request.type, request.name, inputs, secret=secret, seed=request.randomSeed.hex())
        response = wire.encode(checked.inputs, secret)
        return provider_pb2.CheckResponse(inputs=response, failures=_wired(checked.failures))

    @answers
    def Diff(  # noqa: N802
        self,
        request: provider_pb2.DiffRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> provider_pb2.DiffResponse:
        """Say what changed and what replaces."""
        state, _ = wire.decode(request.olds)
        inputs, _ = wire.decode(request.news)
        image = frozenset({"imageId"}) if self._replace_on_image and request.type == INSTANCE else frozenset()
        found = self._cloud.diff(
            request.type,
            request.name,
            state,
            inputs,
            ignore=frozenset(request.ignoreChanges),
            replace_known=image,
        )
        some, none = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(
            changes=some if found.changes else none,
            diffs=found.names,
            replaces=[change.path for change in found.changes if change.replaces],
            detailedDiff={change.path: _kind(change) for change in found.changes},
            hasDetailedDiff=True,
            deleteBeforeReplace=found.replaces and found.delete_before_replace,
        )

    @answers
    def Create(  # noqa: N802
        self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CreateResponse:
        """Make a resource, or say what it will be."""
        inputs, secret = wire.decode(request.properties)
        hidden = secret | _secret_by_rule(request.type)
        if request.preview:
            outputs = self._cloud.preview(request.type, inputs)
            return provider_pb2.CreateResponse(properties=wire.encode(outputs, hidden))
        target = Target(self._region, request.timeout, self._cancelled)
        try:
            record = self._cloud.create(request.type, inputs, hidden, target)
        except InitFailedError as failure:
            half_made(context, failure, wire.encode(failure.properties, hidden))
        return provider_pb2.CreateResponse(id=record.id, properties=wire.encode(record.properties, hidden))

    @answers
    def Read(  # noqa: N802
        self,
        request: provider_pb2.ReadRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> provider_pb2.ReadResponse:
        """Return a resource as it is now; no id says that it is gone."""
        state, _ = wire.decode(request.properties)
        olds, secret = wire.decode(request.inputs)
        record = self._cloud.read(request.type, request.id, state)
        if record is None:
            return provider_pb2.ReadResponse()
        rows = rule(request.type).properties
        wanted = olds or {name: value for name, value in record.properties.items() if not rows[name].output}
        inputs: Values = {name: record.properties.get(name, value) for name, value in wanted.items()}
        hidden = secret | frozenset(record.secret) | _secret_by_rule(request.type)
        return provider_pb2.ReadResponse(
            id=record.id,
            properties=wire.encode(record.properties, hidden),
            inputs=wire.encode(inputs, hidden & set(inputs)),
        )

    @answers
    def Update(  # noqa: N802
        self,
        request: provider_pb2.UpdateRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> provider_pb2.UpdateResponse:
        """Change a resource in place, or say what it will be."""
        state, _ = wire.decode(request.olds)
        inputs, secret = wire.decode(request.news)
        hidden = secret | _secret_by_rule(request.type)
        if request.preview:
            outputs = self._cloud.preview(request.type, inputs, state)
            return provider_pb2.UpdateResponse(properties=wire.encode(outputs, hidden))
        target = Target(self._region, request.timeout, self._cancelled)
        record = self._cloud.update(request.type, request.id, request.name, inputs, hidden, target)
        return provider_pb2.UpdateResponse(properties=wire.encode(record.properties, hidden))

    @answers
    def Delete(  # noqa: N802
        self,
        request: provider_pb2.DeleteRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> empty_pb2.Empty:
        """Remove a resource."""
        self._cloud.delete(request.type, request.id, self._region)
        return empty_pb2.Empty()

    @answers
    def Invoke(  # noqa: N802
        self,
        request: provider_pb2.InvokeRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> provider_pb2.InvokeResponse:
        """Answer a function."""
        inputs, _ = wire.decode(request.args)
        fields = {"return": wire.encode(self._cloud.invoke(request.tok, inputs))}
        return provider_pb2.InvokeResponse(**fields)  # type: ignore[arg-type]  # its name is a keyword


def _region_failures(inputs: Values) -> list[Failure]:
    region = inputs.get("region")
    if region is UNKNOWN or region in regions():
        return []
    if not isinstance(region, str) or not region:
        return [Failure("region", "missing. Set alicloud:region in the stack's configuration, such as cn-hangzhou.")]
    return [Failure("region", f"{region!r} is not a region of the local cloud.{suggestion(region, regions())}")]


def _wired(failures: Iterable[Failure]) -> list[provider_pb2.CheckFailure]:
    return [provider_pb2.CheckFailure(property=failure.path, reason=failure.reason) for failure in failures]


def _kind(change: Change) -> provider_pb2.PropertyDiff:
    return provider_pb2.PropertyDiff(kind=_KINDS[change.kind, change.replaces])


def _secret_by_rule(type_: str) -> frozenset[str]:
    return frozenset(name for name, row in rule(type_).properties.items() if row.secret)
