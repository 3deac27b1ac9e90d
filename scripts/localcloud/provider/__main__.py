"""``python -m scripts.localcloud.provider alicloud``: serves one provider and prints its port, as plugins do."""

import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from scripts.localcloud.backends import backend_of
from scripts.localcloud.cloud import Cloud, home_from_environment
from scripts.localcloud.provider.servicer import Servicer

_THREADS = 64
_LARGEST = 400 * 1024 * 1024
_LOOK_SECONDS = 1.0


def main(name: str) -> None:
    """Serve provider *name* until the engine that started it is gone."""
    parent = os.getppid()
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=[("grpc.max_receive_message_length", _LARGEST)])
    backend = backend_of(name, Cloud(home_from_environment()))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Servicer(name, backend), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    ended = Event()
    for number in (signal.SIGINT, signal.SIGTERM):  # how the engine says that it is done with us
        signal.signal(number, lambda _number, _frame: ended.set())
    while not ended.wait(_LOOK_SECONDS) and os.getppid() == parent:
        pass
    os._exit(0)  # a command may still wait on a machine; nobody is left to hear of it


if __name__ == "__main__":
    main(sys.argv[1])
