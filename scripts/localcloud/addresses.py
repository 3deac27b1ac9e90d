"""Addresses of the local cloud: all on this host's loopback network, a different part for each cloud."""

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv4Network, ip_network
from pathlib import Path

from scripts.localcloud.errors import LocalCloudError
from scripts.localcloud.kinds import CLUSTER, EIP, INSTANCE
from scripts.localcloud.store import kept_at

SITES = 190
"""How many local clouds one host can hold at a time: 127.64.0.0/16 to 127.253.0.0/16."""
_FIRST = 64
_PUBLIC = 255
_INSIDE = tuple(IPv4Network(cidr) for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"))
_SHOWN = IPv4Network("127.0.0.0/8")
"""Where the private addresses are that programs see, and may write into a rule."""
RESERVED_HOSTS = 4
"""Addresses at the start of a switch that the service keeps for itself."""


def site_of(home: Path) -> int:
    """
    Return the site number of the cloud at *home*, claiming one on this host when it has none.

    A cloud without instances, clusters and addresses may lose its number to another when all are taken: ask each time.

    Raises:
        LocalCloudError: Every number is in use.

    """
    mine = str(home.resolve())
    with _claims() as folder:
        claims = [folder / str(number) for number in range(SITES)]
        own = next((claim for claim in claims if claim.exists() and claim.read_text(encoding="utf-8") == mine), None)
        free = own or next((claim for claim in claims if _is_free(claim)), None) or _least_needed(claims)
        if free is None:
            raise LocalCloudError(
                f"site: {SITES} local clouds of this host have machines. Take one down: localcloud down."
            )
        free.write_text(mine, encoding="utf-8")
        return int(free.name)


def _is_free(claim: Path) -> bool:
    try:
        return not claim.exists() or not Path(claim.read_text(encoding="utf-8")).exists()
    except PermissionError:  # another person's cloud
        return False


def _least_needed(claims: list[Path]) -> Path | None:
    """Return the oldest of *claims* whose cloud has given no address out."""
    idle = [claim for claim in claims if not _gave_addresses(Path(claim.read_text(encoding="utf-8")))]
    return min(idle, key=lambda claim: claim.stat().st_mtime, default=None)


def _gave_addresses(home: Path) -> bool:
    state = kept_at(home)
    try:
        held = state.read_text(encoding="utf-8") if state.exists() else ""
    except PermissionError:  # another person's cloud
        return True
    return any(f'"type": "{type_}"' in held for type_ in (CLUSTER, INSTANCE, EIP))


def release(home: Path) -> None:
    """Give the site number of the cloud at *home* back."""
    mine = str(home.resolve())
    with _claims() as claims:
        for claim in claims.iterdir():
            if claim.name.isdigit() and claim.read_text(encoding="utf-8") == mine:
                claim.unlink()


@contextmanager
def _claims() -> Iterator[Path]:
    folder = Path(tempfile.gettempdir()) / "localcloud-sites"
    if not folder.exists():
        folder.mkdir(exist_ok=True)
        folder.chmod(0o1777)
    lock = folder / "lock"
    fresh = not lock.exists()
    with lock.open("a") as handle:
        if fresh:
            lock.chmod(0o666)
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield folder


def private(site: int, address: IPv4Address) -> str:
    """Return where the private *address* is reachable on this host: 10.1.2.3 at 127.<site>.2.3."""
    _, _, third, fourth = address.packed
    return f"127.{_FIRST + site}.{third}.{fourth}"


def inside(network: IPv4Network, local: str) -> IPv4Address:
    """Return the address in *network* that `private` made reachable at *local*."""
    first, second, _, _ = network.network_address.packed
    _, _, third, fourth = IPv4Address(local).packed
    return IPv4Address(bytes((first, second, third, fourth)))


def public(site: int, number: int) -> str:
    """
    Return the public address *number*, counted from 1.

    Raises:
        LocalCloudError: The 254 public addresses of a cloud are used up.

    """
    if not 1 <= number < _PUBLIC:
        raise LocalCloudError("EIP: the 254 public addresses of this local cloud are used up. Start a new one.")
    return f"127.{_FIRST + site}.{_PUBLIC}.{number}"


def is_public(address: str) -> bool:
    """Whether *address*, as `private` or `public` returned it, lies in the part kept for public addresses."""
    return address.split(".")[2] == str(_PUBLIC)


def hosts(network: IPv4Network) -> Iterator[IPv4Address]:
    """Yield the addresses of *network* that an instance may have, lowest first."""
    for offset in range(RESERVED_HOSTS, network.num_addresses - 1):
        yield network.network_address + offset


def of_internet(cidr: str) -> bool:
    """Whether somebody on the internet may have an address in *cidr*."""
    network = ip_network(cidr)
    return isinstance(network, IPv4Network) and not any(network.subnet_of(inside) for inside in (*_INSIDE, _SHOWN))


def of_network(cidr: str, whole: str) -> bool:
    """Whether a machine of the network *whole* may have an address in *cidr*, which may be one that programs see."""
    network = ip_network(cidr)
    if not isinstance(network, IPv4Network) or network.subnet_of(_SHOWN):
        return False
    return network.overlaps(IPv4Network(whole))
