"""How an error reaches the engine: its text, and for a half-made resource also its id and state."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn, TypeVar

import grpc
from pulumi.runtime.proto import provider_pb2, status_pb2

from scripts.localcloud import wire
from scripts.localcloud.errors import InitFailedError, LocalCloudError
from scripts.localcloud.machines.spec import MachineError

__all__ = ["answers", "half_made"]

_Servicer = TypeVar("_Servicer")
_Request = TypeVar("_Request")
_Response = TypeVar("_Response")


@contextmanager
def _refusals(context: grpc.ServicerContext) -> Iterator[None]:
    try:
        yield
    except (LocalCloudError, MachineError) as problem:
        context.abort(grpc.StatusCode.UNKNOWN, str(problem))


def answers(
    method: Callable[[_Servicer, _Request, grpc.ServicerContext], _Response],
) -> Callable[[_Servicer, _Request, grpc.ServicerContext], _Response]:
    """Decorate a method of a servicer: a refusal of the cloud becomes the error of the call."""

    @functools.wraps(method)
    def wrapper(servicer: _Servicer, request: _Request, context: grpc.ServicerContext) -> _Response:
        with _refusals(context):
            return method(servicer, request, context)
        raise AssertionError("abort never returns")

    return wrapper


def half_made(context: grpc.ServicerContext, failure: InitFailedError, hidden: frozenset[str]) -> NoReturn:
    """End the call as for a resource that exists and failed: the engine keeps its state, *hidden* properties secret."""
    properties = wire.encode(failure.properties, hidden)
    reasons = [failure.reason, *failure.details]
    detail = provider_pb2.ErrorResourceInitFailed(id=failure.id, properties=properties, reasons=reasons)
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=failure.reason)
    status.details.add().Pack(detail)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, failure.reason)
    raise AssertionError("abort never returns")
