"""A machine's security groups, as its place in the network applies them."""

import socket
from collections.abc import Iterable

from scripts.localcloud.machines.network.packet import Flow, Packet
from scripts.localcloud.machines.spec import ANYONE, Ingress

_ANYONE = socket.inet_aton(ANYONE)
_PROTOCOLS = {"tcp": socket.IPPROTO_TCP, "udp": socket.IPPROTO_UDP}


class Group:
    """
    Lets in what a rule allows, what the machine has asked for, and errors about what it sent.

    Everything else is dropped without a word, as on the real network.
    """

    def __init__(self) -> None:
        self._rules: dict[bytes, list[Ingress]] = {}
        self._opened: set[Flow] = set()

    def allow(self, ingress: Iterable[Ingress]) -> None:
        """Replace the rules; flows that are open stay open."""
        rules: dict[bytes, list[Ingress]] = {}
        for rule in ingress:
            rules.setdefault(socket.inet_aton(rule.source), []).append(rule)
        self._rules = rules

    def forget(self) -> None:
        """Forget the flows: the machine boots anew."""
        self._opened.clear()

    def leaving(self, packet: Packet) -> None:
        """Remember a flow that the machine opens."""
        if packet.opens:
            self._opened.add(packet.flow.reverse())

    def lets_in(self, packet: Packet) -> bool:
        """Return whether *packet* may enter; a later fragment may, being worthless without its first one."""
        if packet.about is not None:
            return packet.about.reverse() in self._opened
        if packet.headless or packet.flow in self._opened:
            return True
        rules = [*self._rules.get(packet.flow.source, ()), *self._rules.get(_ANYONE, ())]
        return any(_matches(rule, packet.flow) for rule in rules)


def _matches(rule: Ingress, flow: Flow) -> bool:
    if rule.protocol == "all":
        return True
    return _PROTOCOLS[rule.protocol] == flow.protocol and rule.first_port <= flow.target_port <= rule.last_port
