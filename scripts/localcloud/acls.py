"""Access control lists of load balancers: who a listener with one lets in."""

from scripts.localcloud import addresses
from scripts.localcloud.kinds import ACL, ACL_ENTRY
from scripts.localcloud.values import Values, text
from scripts.localcloud.world import Record, World


def entries(world: World, acl: Record) -> list[str]:
    """Return the CIDRs on the list, those written into it and those attached to it."""
    attached = [entry.text("entry") for entry in world.where(ACL_ENTRY, "aclId", acl.id)]
    return [text(row, "entry") for row in rows(acl.properties)] + attached


def rows(properties: Values) -> list[Values]:
    """Return the entries written into a list itself."""
    given = properties.get("entryLists")
    return [row for row in given if isinstance(row, dict)] if isinstance(given, list) else []


def admits_internet(world: World, acl_id: str) -> bool:
    """Whether the list names anybody on the internet."""
    return any(addresses.of_internet(entry) for entry in _named(world, acl_id))


def admits_network(world: World, acl_id: str, cidr: str) -> bool:
    """Whether the list names anybody in the network *cidr*."""
    return any(addresses.of_network(entry, cidr) for entry in _named(world, acl_id))


def _named(world: World, acl_id: str) -> list[str]:
    acl = world.find(ACL, acl_id)
    return [] if acl is None else entries(world, acl)
