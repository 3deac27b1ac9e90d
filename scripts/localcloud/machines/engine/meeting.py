"""How nodes find each other: rank 0 waits at a known port, then each connects to a random port of the other."""

import os
import socket
import time
from typing import Any

from scripts.localcloud.machines.engine import lines
from scripts.localcloud.machines.engine.lines import Line, LostError
from scripts.localcloud.machines.engine.nodes import Alone, Follower, Leader, Node, StartError

JOIN_SECONDS = 12
"""How long they wait for each other: torch's 600 s at the pace of a machine's clock."""

INTERFACE = "GLOO_SOCKET_IFNAME"


def join(node: Node) -> Alone:
    """
    Return this node's part of the group.

    Raises:
        StartError: The nodes did not find each other.
    """
    if node.count == 1:
        return Alone()
    _check_interface()
    own = node.own or lines.route(node.host)
    deadline = time.monotonic() + JOIN_SECONDS
    with _open(f"zmq.error.ZMQError: Cannot bind tcp://{own}", own) as data:
        try:
            return (_follow if node.rank else _lead)(node, data, deadline)
        except LostError as problem:
            raise StartError(f"torch.distributed.DistNetworkError: Connection reset by peer {problem}") from None


def _check_interface() -> None:
    name = os.environ.get(INTERFACE)
    if name and name not in (known for _, known in socket.if_nameindex()):
        raise StartError(
            "RuntimeError: [enforce fail at gloo/transport/tcp/device.cc] ifa != nullptr. "
            f"Unable to find interface for: {name}"
        )


def _open(complaint: str, address: str, port: int = 0) -> socket.socket:
    try:
        return lines.listen(address, port)
    except OSError as problem:
        raise StartError(f"{complaint}: {problem.strerror}") from None


def _lead(node: Node, data: socket.socket, deadline: float) -> Leader:
    """Wait for the others; one that splits the model otherwise waits in vain and hears nothing, as the real one."""
    others: dict[int, tuple[Line, dict[str, Any]]] = {}
    strangers: list[Line] = []
    complaint = (
        "torch.distributed.DistNetworkError: The server socket has failed to listen on any local network address"
    )
    with _open(f"{complaint}. port: {node.port}", "", node.port) as master:
        try:
            while len(others) < node.count - 1:
                line = lines.accept(master, deadline)
                hello = line.receive()
                if hello["layout"] == list(node.layout):
                    others[hello["rank"]] = line, hello
                else:
                    strangers.append(line)
            answers = [lines.connect(tuple(hello["listens"]), deadline) for _, hello in others.values()]
            for line, _ in others.values():
                line.send({"listens": data.getsockname()})
            requests = [lines.accept(data, deadline) for _ in others]
        except TimeoutError:
            raise StartError(
                "torch.distributed.DistStoreError: Timed out after 601 seconds waiting for clients. "
                f"{len(others) + 1}/{node.count} clients joined."
            ) from None
    return Leader(node, requests, answers)


def _follow(node: Node, data: socket.socket, deadline: float) -> Follower:
    """Find rank 0, and wait until all have come."""
    try:
        master = lines.connect((node.host, node.port), deadline)
        master.send({"rank": node.rank, "layout": node.layout, "listens": data.getsockname()})
        answers = lines.accept(data, deadline)
        requests = lines.connect(tuple(master.receive()["listens"]), deadline)
    except TimeoutError:
        raise StartError(
            "torch.distributed.DistNetworkError: The client socket has timed out after 600000ms "
            f"while trying to connect to ({node.host}, {node.port})."
        ) from None
    return Follower(node, requests, answers)
