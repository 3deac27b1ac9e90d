"""Where the endpoint lives and who may reach it."""

from collections.abc import Iterable, Mapping
from typing import Annotated, ClassVar

from components.args.base import Args, ResourceId, rule
from components.args.values import Cidr, Port, VpcCidr, Zone, is_private, is_whole_internet, region_of, within
from components.plan import Problem

Bandwidth = Annotated[int, within(1, 200)]


class NetworkArgs(Args):
    """Zone, VPC, and the lists of who may call."""

    PLACEHOLDERS: ClassVar[Mapping[str, object]] = {"zone_id": "cn-hangzhou-h"}

    zone_id: Zone
    """Zone to run in, such as `cn-hangzhou-h`; the region follows from it. Required."""

    vpc_id: ResourceId | None = None
    """Id of an existing VPC; needs `vswitchId` too. Default: one is created."""

    vswitch_id: ResourceId | None = None
    """Id of an existing vSwitch in that zone. Default: one is created."""

    security_group_id: ResourceId | None = None
    """Id of an existing security group, which gets the endpoint's rules. Default: one is created."""

    vpc_cidr: VpcCidr = "10.0.0.0/16"
    """Network of the VPC to create."""

    port: Port = 8000
    """TCP port of the endpoint, 1024 to 32767 or 61000 to 65535."""

    private_allowed_cidrs: tuple[Cidr, ...] | None = None
    """Private networks that may call; default: the VPC. Required with a VPC of your own."""

    public_allowed_cidrs: tuple[Cidr, ...] | None = None
    """Networks on the internet that may call; the endpoint is public exactly when this is given."""

    allow_whole_internet: bool = False
    """Must be true beside a `publicAllowedCidrs` that lets in everybody."""

    eip_bandwidth_mbps: Bandwidth = 100
    """Bandwidth of the public address, the endpoint's or the NAT gateway's, in Mbit/s; paid by traffic."""

    create_nat_gateway: bool | None = None
    """Buy a NAT gateway for the boot's downloads; default: when they need one and the VPC is created here."""

    @property
    def region(self) -> str:
        """The zone's region."""
        return region_of(self.zone_id)

    @property
    def own_network(self) -> bool:
        """Say whether the endpoint joins a vSwitch of the user's."""
        return self.vswitch_id is not None

    @property
    def public(self) -> bool:
        """Say whether the endpoint has an address on the internet."""
        return self.public_allowed_cidrs is not None

    @property
    def allowed_private(self) -> tuple[str, ...]:
        """The private networks that may call."""
        return (self.vpc_cidr,) if self.private_allowed_cidrs is None else self.private_allowed_cidrs

    @rule("vpc_id", "vswitch_id", "security_group_id", "vpc_cidr")
    def _network_is_whole(self) -> Iterable[Problem]:
        own = self.vpc_id is not None or self.vswitch_id is not None
        if own and "vpc_cidr" in self.model_fields_set:
            yield Problem("vpc_cidr", "is the network of a VPC to create, and you gave one of your own. Leave one out.")
        if self.vpc_id is not None and self.vswitch_id is None:
            yield Problem("vswitch_id", "is required with vpcId: the zone's vSwitch is not known without a look-up.")
        if self.security_group_id is not None and self.vswitch_id is None:
            yield Problem("vswitch_id", "is required with securityGroupId: the group lives in a VPC that exists.")

    @rule("vpc_id", "vswitch_id", "create_nat_gateway")
    def _nat_has_a_vpc(self) -> Iterable[Problem]:
        if self.create_nat_gateway and self.vswitch_id is not None and self.vpc_id is None:
            yield Problem("vpc_id", "is required with createNatGateway in a network of your own.")

    @rule("vpc_id", "vswitch_id", "private_allowed_cidrs", "public_allowed_cidrs")
    def _private_list(self) -> Iterable[Problem]:
        given, name = self.private_allowed_cidrs, "private_allowed_cidrs"
        if given is None and self.own_network:
            yield Problem(name, "is required with a VPC of your own, whose networks are not known without a look-up.")
        if given == () and not self.public:
            yield Problem(name, "is empty, so nobody could call. Name a network, or leave it out for the whole VPC.")
        for cidr in given or ():
            if is_whole_internet((cidr,)) or (self.public and not is_private(cidr)):
                yield Problem(name, f"{cidr!r} lets in the internet. Move it to publicAllowedCidrs.")

    @rule("public_allowed_cidrs", "allow_whole_internet")
    def _public_list(self) -> Iterable[Problem]:
        given, name = self.public_allowed_cidrs, "public_allowed_cidrs"
        if given is None:
            if self.allow_whole_internet:
                text = (
                    "true, and publicAllowedCidrs is not given. Add publicAllowedCidrs: ['0.0.0.0/0'], or leave it out."
                )
                yield Problem("allow_whole_internet", text)
        elif not given:
            yield Problem(
                name, "is empty: public, and open to nobody. Name a network, or leave it out to stay private."
            )
        elif is_whole_internet(given) and not self.allow_whole_internet:
            text = (
                f"{', '.join(given)} lets in the whole internet. Name your networks, or set allowWholeInternet: true."
            )
            yield Problem(name, text)
