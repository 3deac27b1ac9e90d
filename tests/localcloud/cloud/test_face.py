"""The monitor over gRPC: what a component plugin, in a process of its own, finds in the engine's place."""

import asyncio
import contextvars
from collections.abc import Callable

import grpc
import pulumi
import pytest
from pulumi.runtime import Settings, configure, run_in_stack
from pulumi.runtime.proto import resource_pb2, resource_pb2_grpc

from scripts.localcloud.cloud import Cloud
from scripts.localcloud.inprocess.face import served
from scripts.localcloud.inprocess.monitor import CloudMonitor, Setup
from scripts.localcloud.inprocess.stack_file import StackFile
from tests.localcloud.cloud.programs import network


@pytest.fixture
def monitor(cloud: Cloud) -> CloudMonitor:
    """Return the monitor of an update."""
    setup = Setup("project", "dev", "cn-hangzhou", preview=False)
    return CloudMonitor(cloud, setup, StackFile(cloud.home, "project", "dev"))


def _run(program: Callable[[], object], address: str) -> None:
    """Run *program* with the SDK's own gRPC clients."""

    def quiet() -> None:
        program()

    def inside() -> None:
        pulumi.runtime.settings.ROOT.set(None)
        configure(Settings(project="project", stack="dev", monitor=address, engine=address))
        asyncio.run(run_in_stack(quiet))

    contextvars.copy_context().run(inside)


def test_a_program_registers_through_it(monitor: CloudMonitor) -> None:
    """Resources, their outputs, hooks, log messages and the stack's outputs all arrive."""
    called: list[str] = []

    def program() -> None:
        pulumi.log.warn("careful")
        before = pulumi.ResourceHook("before", lambda args: called.append(args.name))
        net = network(hooks=pulumi.ResourceHookBinding(before_create=[before]))
        pulumi.export("id", net.id)
        pulumi.export("key", pulumi.Output.secret("k"))

    with served(monitor) as address:
        _run(program, address)

    [record] = monitor.cloud.store.read().records
    assert {"id": record.id, "key": "k"} == monitor.outputs
    assert {"key"} == monitor.secret_outputs
    assert ["net"] == called
    assert ["careful"] == [message.text for message in monitor.journal.messages]


def test_what_the_cloud_refuses_ends_it_quietly(monitor: CloudMonitor) -> None:
    """The reason is in the journal; the caller is told, as by the engine, that the monitor is gone."""
    request = resource_pb2.RegisterResourceRequest(type="demo:index:Thing", name="twice")

    with served(monitor) as address, grpc.insecure_channel(address) as channel:
        stub = resource_pb2_grpc.ResourceMonitorStub(channel)
        stub.RegisterResource(request)
        with pytest.raises(grpc.RpcError) as refused:
            stub.RegisterResource(request)

    assert grpc.StatusCode.UNAVAILABLE == refused.value.code()
    [error] = monitor.journal.errors
    assert error.text.startswith("Duplicate resource URN")


@pytest.mark.parametrize(
    ("method", "request_", "code", "said"),
    [
        ("Call", resource_pb2.ResourceCallRequest(tok="a:b:c"), grpc.StatusCode.UNIMPLEMENTED, "Method not found!"),
        (
            "ReadResource",
            resource_pb2.ReadResourceRequest(type="aws:s3/bucket:Bucket", name="b", id="b"),
            grpc.StatusCode.UNKNOWN,
            "provider: 'aws' is not in the local cloud. It has alicloud and random.",
        ),
    ],
)
def test_other_errors_are_told(
    monitor: CloudMonitor, method: str, request_: object, code: grpc.StatusCode, said: str
) -> None:
    """A call that this monitor lacks, or that fails, is answered with its reason."""
    with (
        served(monitor) as address,
        grpc.insecure_channel(address) as channel,
        pytest.raises(grpc.RpcError) as refused,
    ):
        getattr(resource_pb2_grpc.ResourceMonitorStub(channel), method)(request_)

    assert (code, said) == (refused.value.code(), refused.value.details())
