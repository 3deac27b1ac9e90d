"""Hooks that a program registers: kept by name, run over the SDK's own callback server as the engine does."""

from collections.abc import Iterable

import grpc
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc, resource_pb2

from scripts.localcloud.errors import LocalCloudError


class Hooks:
    """The hooks of one run."""

    def __init__(self) -> None:
        self._callbacks: dict[str, callback_pb2.Callback] = {}
        self._on_preview: set[str] = set()

    def add(self, name: str, callback: callback_pb2.Callback, *, on_preview: bool = False) -> None:
        """Keep *callback* under *name*."""
        self._callbacks[name] = callback
        if on_preview:
            self._on_preview.add(name)

    def retry(self, names: Iterable[str], request: resource_pb2.ErrorHookRequest) -> bool:
        """
        Run the error hooks *names*; return whether one asks for another try.

        Raises:
            LocalCloudError: A hook failed.

        """
        answers = []
        for name in names:
            response = resource_pb2.ErrorHookResponse.FromString(self._call(name, request.SerializeToString()))
            if response.error:
                raise LocalCloudError(f"error hook {name!r} failed: {response.error}")
            answers.append(response.retry)
        return any(answers)

    def run(self, names: Iterable[str], request: resource_pb2.ResourceHookRequest, *, preview: bool) -> None:
        """
        Run the resource hooks *names*.

        Raises:
            LocalCloudError: A hook failed.

        """
        for name in names:
            if preview and name not in self._on_preview:
                continue
            response = resource_pb2.ResourceHookResponse.FromString(self._call(name, request.SerializeToString()))
            if response.error:
                raise LocalCloudError(f"resource hook {name!r} failed: {response.error}")

    def _call(self, name: str, request: bytes) -> bytes:
        callback = self._callbacks.get(name)
        if callback is None:
            raise LocalCloudError(f"hook {name!r} was not registered.")
        with grpc.insecure_channel(callback.target) as channel:
            invoked = callback_pb2_grpc.CallbacksStub(channel).Invoke(
                callback_pb2.CallbackInvokeRequest(token=callback.token, request=request)
            )
            return bytes(invoked.response)
