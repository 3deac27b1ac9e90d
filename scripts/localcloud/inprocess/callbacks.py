"""The program's own functions, called over the SDK's callback server as the engine calls them."""

from threading import Lock

import grpc
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc

from scripts.localcloud.errors import LocalCloudError


class Callbacks:
    """One connection to each callback server of a run: the program's, and that of every component plugin."""

    def __init__(self) -> None:
        self._channels: dict[str, grpc.Channel] = {}
        self._lock = Lock()

    def call(self, callback: callback_pb2.Callback, request: bytes) -> bytes:
        """
        Return what *callback* answers to *request*.

        Raises:
            LocalCloudError: It failed.

        """
        with self._lock:
            if callback.target not in self._channels:
                self._channels[callback.target] = grpc.insecure_channel(callback.target)
            channel = self._channels[callback.target]
        asked = callback_pb2.CallbackInvokeRequest(token=callback.token, request=request)
        try:
            return bytes(callback_pb2_grpc.CallbacksStub(channel).Invoke(asked).response)
        except grpc.RpcError as problem:
            raise LocalCloudError(problem.details()) from None

    def close(self) -> None:
        """End the connections."""
        with self._lock:
            for channel in self._channels.values():
                channel.close()
            self._channels.clear()
