"""Which private networks call an endpoint of a cluster."""

import ipaddress

from components.args import AcsLlmClusterArgs
from components.network import vswitch_cidr


def private_callers(args: AcsLlmClusterArgs) -> tuple[str, ...]:
    """Return those of *args* and the pods' own: the Job that asks for the first completion is a caller, too."""
    own = () if args.own_network else (vswitch_cidr(args.vpc_cidr),)
    networks = map(ipaddress.IPv4Network, (*args.allowed_private, *own))
    return tuple(map(str, ipaddress.collapse_addresses(networks)))
