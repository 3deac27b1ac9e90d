"""The process of a container: its namespaces, its sandbox, its devices."""

import contextlib
import json
import os
import signal
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from scripts.localcloud.machines.guest import names, netlink
from scripts.localcloud.machines.guest.docker import sandbox
from scripts.localcloud.machines.guest.docker.config import ContainerConfig
from scripts.localcloud.machines.guest.docker.networks import Network
from scripts.localcloud.machines.guest.places import HOST

Attachment = tuple[Network, str]


@dataclass(frozen=True)
class Running:
    """A started process; *pid* is that of its first program, *resolver* where its questions for names arrive."""

    process: subprocess.Popen[bytes]
    pid: int
    resolver: socket.socket | None


def start(config: ContainerConfig, root: Path, container_id: str, attachments: list[Attachment], log: int) -> Running:
    """
    Start the process, which dies with the calling thread; that has the network namespace of the container from now on.

    Raises:
        OSError: The kernel or the sandbox refused.
    """
    resolver = None if config.host_network else _enter_network(container_id, attachments)
    with contextlib.ExitStack() as held:
        users = []
        if config.user or config.group:
            users.append(_namespace_of(config.user, config.group))
            held.callback(os.close, users[0])
        reading, writing = os.pipe()
        line = sandbox.command(root, config, container_id, writing, users)
        process = subprocess.Popen(
            line, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[writing, *users], env={}
        )
        os.close(writing)
        with os.fdopen(reading) as info:
            pid = json.loads(info.read() or '{"child-pid": 0}')["child-pid"]
    return Running(process, pid, resolver)


def _enter_network(container_id: str, attachments: list[Attachment]) -> socket.socket:
    """Move to a namespace with one interface per network, and a way out when a network has one."""
    namespace = netlink.new_namespace()
    for index, (network, address) in enumerate(attachments):
        name = f"v{container_id[:8]}{index}"
        sandbox.in_machine_network(lambda: netlink.add_veth(name, network.bridge, f"eth{index}", namespace))  # noqa: B023 - called at once
        netlink.add_address(f"eth{index}", address, 16)
        netlink.bring_up(f"eth{index}")
    os.close(namespace)
    outer = [network for network, _ in attachments if not network.internal]
    if outer:
        netlink.add_default_route(outer[0].gateway)
    return names.datagram_socket(names.CONTAINER_RESOLVER_ADDRESS)


def _namespace_of(user: int, group: int) -> int:
    """
    Return a user namespace in which the machine's root is *user* and has *group*.

    A machine of an ordinary user of the laptop has no second one to give.
    """
    with subprocess.Popen([HOST / "usr/bin/unshare", "--user", "cat"], stdin=-1, stdout=-1) as holder:
        assert holder.stdin is not None and holder.stdout is not None  # noqa: S101, PT018 - asked for above
        holder.stdin.write(b"\n")
        holder.stdin.flush()
        holder.stdout.readline()
        entry = Path("/proc") / str(holder.pid)
        (entry / "setgroups").write_text("deny")
        (entry / "uid_map").write_text(f"{user} 0 1")
        (entry / "gid_map").write_text(f"{group} 0 1")
        namespace = os.open(entry / "ns/user", os.O_RDONLY | os.O_CLOEXEC)
        holder.send_signal(signal.SIGKILL)
    return namespace
