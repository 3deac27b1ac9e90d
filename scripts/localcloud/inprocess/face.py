"""The monitor of this door over gRPC, for what runs in a process of its own, such as a component plugin."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
import pulumi
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from pulumi.runtime.proto import engine_pb2, resource_pb2

from scripts.localcloud.inprocess.monitor import CloudMonitor, StepError

_THREADS = 64
_OPTIONS = [("grpc.max_receive_message_length", 400 * 1024 * 1024)]


@contextmanager
def served(monitor: CloudMonitor) -> Iterator[str]:
    """Serve *monitor*, and its journal as the engine, on the loopback address that this yields."""
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=_OPTIONS)
    services: list[tuple[ServiceDescriptor, object]] = [
        (resource_pb2.DESCRIPTOR.services_by_name["ResourceMonitor"], monitor),
        (engine_pb2.DESCRIPTOR.services_by_name["Engine"], monitor.journal),
    ]
    server.add_generic_rpc_handlers([_handlers(service, target) for service, target in services])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(grace=None).wait()


def _handlers(service: ServiceDescriptor, target: object) -> grpc.GenericRpcHandler:
    """Return the calls of *service* that *target* has a method for; gRPC refuses the others by itself."""
    methods = {
        method.name: grpc.unary_unary_rpc_method_handler(
            _answering(getattr(target, method.name)),
            request_deserializer=GetMessageClass(method.input_type).FromString,
            response_serializer=GetMessageClass(method.output_type).SerializeToString,
        )
        for method in service.methods
        if hasattr(target, method.name)
    }
    return grpc.method_handlers_generic_handler(service.full_name, methods)


def _answering(call: Callable[[Message], Message]) -> Callable[[Message, grpc.ServicerContext], Message]:
    def answer(request: Message, context: grpc.ServicerContext) -> Message:
        try:
            return call(request)
        except (StepError, pulumi.RunError) as ended:
            # How the SDKs are told, without a word to the user, that the reason is in the engine's hands.
            context.abort(grpc.StatusCode.UNAVAILABLE, str(ended))
        except Exception as problem:  # noqa: BLE001 whatever went wrong here, the caller hears of it
            context.abort(grpc.StatusCode.UNKNOWN, str(problem))
        raise AssertionError("abort never returns")

    return answer
