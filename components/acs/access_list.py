"""An access control list of a load balancer."""

import dataclasses
from collections.abc import Iterable

import pulumi
import pulumi_alicloud as alicloud

from components.args import AcsLlmClusterArgs
from components.names import Name, slug


@dataclasses.dataclass(frozen=True)
class AccessList:
    """A list, and its entries: until they are there, a listener takes the empty list for no list."""

    acl: alicloud.slb.Acl
    entries: tuple[pulumi.Resource, ...]

    @property
    def id(self) -> pulumi.Output[str]:
        """The list's id."""
        return self.acl.id

    @property
    def resources(self) -> tuple[pulumi.Resource, ...]:
        """The list and its entries."""
        return (self.acl, *self.entries)


def access_list(name: Name, args: AcsLlmClusterArgs, cidrs: Iterable[str], opts: pulumi.ResourceOptions) -> AccessList:
    """Return a list with *cidrs*."""
    acl = alicloud.slb.Acl(f"{name}-acl", name=name.physical, ip_version="ipv4", tags=args.tags, opts=opts)
    entries = [
        alicloud.slb.AclEntryAttachment(f"{name}-allow-{slug(cidr)}", acl_id=acl.id, entry=cidr, opts=opts)
        for cidr in dict.fromkeys(cidrs)
    ]
    return AccessList(acl, tuple(entries))
