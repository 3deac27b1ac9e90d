"""The two doors behind one face, so that one test can go through both."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, cast

import grpc
from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, resource_pb2, status_pb2

from scripts.localcloud import wire
from scripts.localcloud.backends import backend_of
from scripts.localcloud.cloud import Cloud
from scripts.localcloud.inprocess.events import Journal
from scripts.localcloud.inprocess.monitor import CloudMonitor, Setup, StepError
from scripts.localcloud.inprocess.stack_file import StackFile
from scripts.localcloud.provider.servicer import Servicer
from scripts.localcloud.values import Values


@dataclass(frozen=True)
class Answer:
    """What came of a resource: an id and outputs, which of them are secret, or a refusal."""

    id: str = ""
    outputs: Values | None = None
    secret: frozenset[str] = frozenset()
    refusal: str = ""


class Door(Protocol):
    """A way to make a resource."""

    def create(self, type_: str, name: str, inputs: struct_pb2.Struct, *, preview: bool = False) -> Answer:
        """Check and create, or only foresee."""


def _answer(resource_id: str, struct: struct_pb2.Struct) -> Answer:
    outputs, secret = wire.decode(struct)
    return Answer(resource_id, outputs, secret)


class InProcess:
    """The SDK's monitor; with *settings*, resources have a provider of their own with these."""

    def __init__(self, cloud: Cloud, settings: Values | None = None) -> None:
        self._cloud = cloud
        self._settings = settings

    def create(self, type_: str, name: str, inputs: struct_pb2.Struct, *, preview: bool = False) -> Answer:
        """Register the resource."""
        setup = Setup("project", "stack", "cn-hangzhou", preview)
        known = StackFile(self._cloud.home, "project", "stack")
        monitor = CloudMonitor(self._cloud, setup, known, Journal())
        request = resource_pb2.RegisterResourceRequest(type=type_, name=name, custom=True, object=inputs)
        if self._settings is not None:
            request.provider = self._provider(monitor, type_.partition(":")[0])
        try:
            response = monitor.RegisterResource(request)
        except StepError as refused:
            known_id = next((item.id for item in known.resources.values() if item.type == type_), "")
            return Answer(id=known_id, refusal=str(refused))
        return _answer(response.id, response.object)

    def _provider(self, monitor: CloudMonitor, name: str) -> str:
        settings = wire.encode(self._settings or {})
        type_ = f"pulumi:providers:{name}"
        request = resource_pb2.RegisterResourceRequest(type=type_, name="own", custom=True, object=settings)
        response = monitor.RegisterResource(request)
        return f"{response.urn}::{response.id}"


class Wire:
    """The provider plugin over gRPC."""

    def __init__(self, stub: provider_pb2_grpc.ResourceProviderStub) -> None:
        self.stub = stub

    def create(self, type_: str, name: str, inputs: struct_pb2.Struct, *, preview: bool = False) -> Answer:
        """Check, then create, as the engine does."""
        asked = provider_pb2.CheckRequest(type=type_, name=name, news=inputs, randomSeed=b"seed")
        try:
            check = self.stub.Check(asked)
        except grpc.RpcError as problem:
            return Answer(refusal=str(problem.details()))
        if check.failures:
            return Answer(refusal="\n".join(f"{one.property}: {one.reason}" for one in check.failures))
        request = provider_pb2.CreateRequest(type=type_, name=name, properties=check.inputs, preview=preview)
        try:
            made = self.stub.Create(request)
        except grpc.RpcError as problem:
            failed = half_made(problem)
            return Answer(id=failed.id, refusal="\n".join(failed.reasons) or str(problem.details()))
        return _answer(made.id, made.properties)


def half_made(problem: grpc.RpcError) -> provider_pb2.ErrorResourceInitFailed:
    """Return what the engine learns of a resource that exists and failed; nothing of one that does not."""
    told = dict(cast("Iterable[tuple[str, bytes]]", problem.trailing_metadata() or ()))
    failed = provider_pb2.ErrorResourceInitFailed()
    if "grpc-status-details-bin" in told:
        status_pb2.Status.FromString(told["grpc-status-details-bin"]).details[0].Unpack(failed)
    return failed


@contextmanager
def served(cloud: Cloud, name: str = "alicloud", settings: Values | None = None) -> Iterator[Wire]:
    """Serve provider *name* of *cloud* with *settings*, or in a region, on a port of this host."""
    server = grpc.server(ThreadPoolExecutor(8))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Servicer(name, backend_of(name, cloud)), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        given = wire.encode(settings or {"region": "cn-hangzhou"})
        stub.Configure(provider_pb2.ConfigureRequest(args=given))
        yield Wire(stub)
    server.stop(None).wait()
