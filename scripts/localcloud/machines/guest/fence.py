"""
Rules for what leaves the machine, as far as they forbid groups of processes an address of the cloud.

The kernel's own filter may be missing on a laptop, so the relays that stand for those addresses apply them.
"""

import json
import re
import socket
from pathlib import Path

RULES = Path("/run/localcloud-iptables.json")
"""Rules of the chain OUTPUT in order, each with ``-d`` and the like as iptables was given them."""

_SOCKET = re.compile(r"socket:\[(\d+)\]")
Rule = dict[str, str]
Address = tuple[str, int]


def rules() -> list[Rule]:
    """Return the rules."""
    return list(json.loads(RULES.read_text())) if RULES.exists() else []


def write(changed: list[Rule]) -> None:
    """Replace the rules."""
    RULES.write_text(json.dumps(changed))


def forbids(client: Address, target: Address) -> bool:
    """Return whether a rule keeps the process that connected from *client* from *target*; the first match decides."""
    relevant = [rule for rule in rules() if rule["-d"] == target[0]]
    inode = _inode(client, target) if relevant else None
    if inode is None:  # the container's own network: the chain is not on its way
        return False
    group = _group_of(inode)
    for rule in relevant:
        if group is None or rule.get("--gid-owner", str(group)) == str(group):
            return rule["-j"] != "ACCEPT"
    return False


def _group_of(inode: str) -> int | None:
    """Return the group of the process that holds a socket as that process sees it, None when it is gone."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and inode in _sockets(entry):
            return int((entry / "gid_map").read_text().split()[0])
    return None


def _inode(client: Address, target: Address) -> str | None:
    wanted = [f"{_hexadecimal(host)}:{port:04X}" for host, port in (client, target)]
    for line in Path("/proc/net/tcp").read_text().splitlines():
        fields = line.split()
        if fields[1:3] == wanted:
            return fields[9]
    return None


def _hexadecimal(host: str) -> str:
    return socket.inet_aton(host)[::-1].hex().upper()


def _sockets(process: Path) -> set[str]:
    """Return the inodes of the sockets that *process* holds, none when it is gone."""
    try:
        links = [str(file.readlink()) for file in (process / "fd").iterdir()]
    except OSError:
        return set()
    return {match[1] for link in links if (match := _SOCKET.fullmatch(link))}
