"""Container networks: a bridge each, with a gateway address only where the way out is open."""

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path

from scripts.localcloud.machines.guest import netlink

FIRST_SUBNET = 18
"""Networks are 172.18.0.0/16, 172.19.0.0/16 and so on, as Docker hands them out."""

STORE = Path("/var/lib/docker/networks.json")


@dataclass(frozen=True)
class Network:
    """One network; *number* gives its bridge and subnet."""

    name: str
    number: int
    internal: bool
    labels: dict[str, str]

    @property
    def bridge(self) -> str:
        """Name of the bridge interface."""
        return f"br-{self.number}"

    @property
    def gateway(self) -> str:
        """The machine's address in the network."""
        return f"172.{FIRST_SUBNET + self.number}.0.1"

    def address(self, index: int) -> str:
        """Return the address of the container with *index*, from 2 on."""
        return f"172.{FIRST_SUBNET + self.number}.0.{index}"


class Networks:
    """The networks of this machine."""

    def __init__(self) -> None:
        self._all: dict[str, Network] = {}
        self._next: dict[str, int] = {}
        for entry in json.loads(STORE.read_text()) if STORE.exists() else []:
            self._set_up(Network(**entry))

    def create(self, name: str, labels: dict[str, str], *, internal: bool) -> None:
        """Make a network; one that exists already stays as it is."""
        if name in self._all:
            return
        taken = {network.number for network in self._all.values()}
        number = next(candidate for candidate in range(13) if candidate not in taken)
        self._set_up(Network(name, number, internal, labels))
        self._save()

    def _set_up(self, network: Network) -> None:
        with contextlib.suppress(OSError):
            netlink.delete_link(network.bridge)
        netlink.add_bridge(network.bridge)
        netlink.add_address(network.bridge, network.gateway, 16)
        netlink.bring_up(network.bridge)
        self._all[network.name] = network
        self._next[network.name] = 2

    def remove(self, name: str) -> None:
        """Remove a network. Absent is fine."""
        network = self._all.pop(name, None)
        if network is not None:
            netlink.delete_link(network.bridge)
            self._save()

    def names(self, labels: dict[str, str]) -> list[str]:
        """Return the names of the networks that carry *labels*."""
        return [name for name, network in self._all.items() if labels.items() <= network.labels.items()]

    def get(self, name: str) -> Network:
        """Return the network *name*. Raises KeyError."""
        return self._all[name]

    def next_address(self, name: str) -> str:
        """Return an address that no container of the network has had."""
        self._next[name] += 1
        return self._all[name].address(self._next[name] - 1)

    def _save(self) -> None:
        STORE.parent.mkdir(parents=True, exist_ok=True)
        STORE.write_text(json.dumps([vars(network) for network in self._all.values()]))
