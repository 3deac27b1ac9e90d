"""The calls of the provider protocol, each a few lines over a backend."""

import json
from collections.abc import Iterable
from importlib.metadata import version
from threading import Event
from typing import TypeAlias

import grpc
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from scripts.localcloud import wire
from scripts.localcloud.backend import Backend, Call, State
from scripts.localcloud.check_values import Failure
from scripts.localcloud.diff import Change, Diff
from scripts.localcloud.errors import InitFailedError
from scripts.localcloud.provider.refusal import answers, half_made
from scripts.localcloud.provider.schema import schema

_KINDS = {
    ("add", False): provider_pb2.PropertyDiff.ADD,
    ("add", True): provider_pb2.PropertyDiff.ADD_REPLACE,
    ("delete", False): provider_pb2.PropertyDiff.DELETE,
    ("delete", True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    ("update", False): provider_pb2.PropertyDiff.UPDATE,
    ("update", True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}
_Timed: TypeAlias = (
    provider_pb2.CreateRequest | provider_pb2.ReadRequest | provider_pb2.UpdateRequest | provider_pb2.DeleteRequest
)


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """One provider of the local cloud, called *name*."""

    def __init__(self, name: str, backend: Backend) -> None:
        self._name = name
        self._backend = backend
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
        return plugin_pb2.PluginInfo(version=version(self._backend.package))

    def GetSchema(  # noqa: N802
        self,
        request: provider_pb2.GetSchemaRequest,  # noqa: ARG002
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> provider_pb2.GetSchemaResponse:
        """Return what a program without an SDK needs."""
        told = schema(self._name, version(self._backend.package))
        return provider_pb2.GetSchemaResponse(schema=json.dumps(told))

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
        """Check the provider's configuration."""
        inputs, _ = wire.decode(request.news)
        return provider_pb2.CheckResponse(inputs=request.news, failures=_wired(self._backend.check_config(inputs)))

    @answers
    def DiffConfig(  # noqa: N802
        self,
        request: provider_pb2.DiffRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> provider_pb2.DiffResponse:
        """Compare two configurations."""
        olds, _ = wire.decode(request.olds)
        news, _ = wire.decode(request.news)
        found = self._backend.diff_config(olds, news)
        return provider_pb2.DiffResponse(
            changes=_changes(found), diffs=found.names, replaces=[item.path for item in found.changes if item.replaces]
        )

    @answers
    def Configure(  # noqa: N802
        self,
        request: provider_pb2.ConfigureRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> provider_pb2.ConfigureResponse:
        """Take the settings."""
        settings, _ = wire.decode(request.args)
        self._backend = self._backend.configured(settings)
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    @answers
    def Check(  # noqa: N802
        self,
        request: provider_pb2.CheckRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> provider_pb2.CheckResponse:
        """Check a resource's inputs and fill in defaults."""
        inputs, secret = wire.decode(request.news)
        olds, _ = wire.decode(request.olds)
        call = Call(request.type, request.name, request.urn)
        checked = self._backend.check(call, olds, inputs, secret, request.randomSeed.hex())
        hidden = secret | (self._backend.hidden(request.type) & set(checked.inputs))
        return provider_pb2.CheckResponse(inputs=wire.encode(checked.inputs, hidden), failures=_wired(checked.failures))

    @answers
    def Diff(  # noqa: N802
        self,
        request: provider_pb2.DiffRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> provider_pb2.DiffResponse:
        """Say what changed and what replaces."""
        state = _state(request.id, request.old_inputs, request.olds)
        inputs, _ = wire.decode(request.news)
        call = Call(request.type, request.name, request.urn)
        found = self._backend.diff(call, state, inputs, frozenset(request.ignoreChanges))
        return provider_pb2.DiffResponse(
            changes=_changes(found),
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
        hidden = secret | self._backend.hidden(request.type)
        call = self._call(request)
        if request.preview:
            outputs = self._backend.preview(call, inputs, None)
            return provider_pb2.CreateResponse(properties=wire.encode(outputs, hidden))
        try:
            record = self._backend.create(call, inputs, hidden)
        except InitFailedError as failure:
            half_made(context, failure, hidden)
        return provider_pb2.CreateResponse(id=record.id, properties=wire.encode(record.properties, hidden))

    @answers
    def Read(  # noqa: N802
        self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ReadResponse:
        """Return a resource as it is now; no id says that it is gone."""
        _, secret = wire.decode(request.inputs)
        state = _state(request.id, request.inputs, request.properties)
        hidden = secret | self._backend.hidden(request.type)
        try:
            found = self._backend.read(self._call(request), state)
        except InitFailedError as failure:
            half_made(context, failure, hidden)
        if found is None:
            return provider_pb2.ReadResponse()
        record, inputs = found
        hidden |= frozenset(record.secret)
        return provider_pb2.ReadResponse(
            id=record.id,
            properties=wire.encode(record.properties, hidden),
            inputs=wire.encode(inputs, hidden & set(inputs)),
        )

    @answers
    def Update(  # noqa: N802
        self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.UpdateResponse:
        """Change a resource in place, or say what it will be."""
        state = _state(request.id, request.old_inputs, request.olds)
        inputs, secret = wire.decode(request.news)
        hidden = secret | self._backend.hidden(request.type)
        call = self._call(request)
        if request.preview:
            outputs = self._backend.preview(call, inputs, state)
            return provider_pb2.UpdateResponse(properties=wire.encode(outputs, hidden))
        try:
            record = self._backend.update(call, state, inputs, hidden)
        except InitFailedError as failure:
            half_made(context, failure, hidden)
        return provider_pb2.UpdateResponse(properties=wire.encode(record.properties, hidden))

    @answers
    def Delete(  # noqa: N802
        self,
        request: provider_pb2.DeleteRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> empty_pb2.Empty:
        """Remove a resource."""
        self._backend.delete(self._call(request), _state(request.id, request.old_inputs, request.properties))
        return empty_pb2.Empty()

    @answers
    def Invoke(  # noqa: N802
        self,
        request: provider_pb2.InvokeRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> provider_pb2.InvokeResponse:
        """Answer a function."""
        inputs, _ = wire.decode(request.args)
        fields = {"return": wire.encode(self._backend.invoke(request.tok, inputs))}
        return provider_pb2.InvokeResponse(**fields)  # type: ignore[arg-type]  # its name is a keyword

    def _call(self, request: _Timed) -> Call:
        return Call(request.type, request.name, request.urn, request.timeout, self._cancelled)


def _state(resource_id: str, inputs: struct_pb2.Struct, outputs: struct_pb2.Struct) -> State:
    return State(resource_id, wire.decode(inputs)[0], wire.decode(outputs)[0])


def _wired(failures: Iterable[Failure]) -> list[provider_pb2.CheckFailure]:
    return [provider_pb2.CheckFailure(property=failure.path, reason=failure.reason) for failure in failures]


def _changes(found: Diff) -> provider_pb2.DiffResponse.DiffChanges.ValueType:
    return provider_pb2.DiffResponse.DIFF_SOME if found.changes else provider_pb2.DiffResponse.DIFF_NONE


def _kind(change: Change) -> provider_pb2.PropertyDiff:
    return provider_pb2.PropertyDiff(kind=_KINDS[change.kind, change.replaces])
