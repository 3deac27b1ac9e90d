"""What the endpoints on ECS instances have in common, however many machines serve one model."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, ClassVar, Literal

import pydantic

from components import catalog, engine
from components.args.access import AccessArgs
from components.args.base import rule
from components.args.cost import CostArgs
from components.args.machine import PLANNED, MachineArgs
from components.args.naming import NamingArgs
from components.args.network import NetworkArgs
from components.args.serving import given_weights_bytes
from components.args.values import matching, within
from components.catalog import Image
from components.cost import Good, goods
from components.plan import Problem
from components.sizing import OSS_MBPS, ready_minutes

LONGEST_BOOT_MINUTES = 24 * 60
"""Longest time Cloud Assistant waits for a command. Source: commonly quoted as 86400 seconds, not confirmed."""

ReadyMinutes = Annotated[int, within(10, LONGEST_BOOT_MINUTES)]


def _default_image() -> str:
    return next(row.name for row in catalog.rows(Image).values() if row.default)


def boot_minutes(data: dict[str, Any], nodes: int) -> int:
    """Return how long the first boot of *nodes* machines with the arguments in *data* may take."""
    # A bucket serves every machine at that rate; the way to the internet is shared.
    mbps = OSS_MBPS if data["weights_source"] == "oss" else data["eip_bandwidth_mbps"] / nodes
    return ready_minutes(given_weights_bytes(data), mbps)


def _ready_minutes(data: dict[str, Any]) -> int:
    return min(LONGEST_BOOT_MINUTES, boot_minutes(data, EcsLlmArgs.NODES))


class EcsLlmArgs(NamingArgs, CostArgs, AccessArgs, NetworkArgs, MachineArgs):
    """GPU instances serving one model."""

    NODES: ClassVar[int] = 1

    system_image_id: Annotated[str, matching(r"[\w.:-]{3,128}", "an image id")] = pydantic.Field(
        default_factory=_default_image
    )
    """Id of the machine's system image, with GPU driver and Cloud Assistant; default: a dated public one."""

    system_disk_gib: Annotated[int, within(100, 2048)] = 100
    """Size of the system disk in GiB; the public GPU images need 100. Container images live here too."""

    spot_strategy: Literal["NoSpot", "SpotAsPriceGo", "SpotWithPriceLimit"] = "NoSpot"
    """`NoSpot`, `SpotAsPriceGo` or `SpotWithPriceLimit`; a spot machine can be taken back at short notice."""

    spot_price_limit: Annotated[float, within(0.001, 10_000)] | None = None
    """Highest price an hour, in the account's currency; with `SpotWithPriceLimit`, and only then."""

    ready_timeout_minutes: ReadyMinutes = pydantic.Field(default_factory=_ready_minutes)
    """How long `up` waits for the first completion; default: computed from the size of the weights."""

    @property
    def needs_internet(self) -> bool:
        """Say whether the boot reaches beyond the VPC."""
        return engine.needs_internet(self.weights_source, self.region, self.engine_image, self.gate_image)

    @property
    def nat_gateway(self) -> bool:
        """Say whether to create a NAT gateway; an endpoint's own public address is a way out, but for one machine."""
        if self.create_nat_gateway is not None:
            return self.create_nat_gateway
        way_out = self.own_network or (self.public and self.NODES == 1)
        return self.needs_internet and not way_out

    @rule("vpc_id", "vswitch_id", "security_group_id")
    def _group_has_a_vpc(self) -> Iterable[Problem]:
        if self.own_network and self.vpc_id is None and self.security_group_id is None:
            yield Problem("vpc_id", "is required with vswitchId, for the security group to create in it.")

    @rule("spot_strategy", "spot_price_limit")
    def _spot_price(self) -> Iterable[Problem]:
        limited = self.spot_strategy == "SpotWithPriceLimit"
        if limited and self.spot_price_limit is None:
            yield Problem("spot_price_limit", "is required with spotStrategy 'SpotWithPriceLimit'.")
        if not limited and self.spot_price_limit is not None:
            text = f"{self.spot_price_limit} has no meaning with spotStrategy {self.spot_strategy!r}. Leave it out."
            yield Problem("spot_price_limit", text)

    @rule("instance_type", "system_image_id")
    def _uefi_image(self) -> Iterable[Problem]:
        if self.instance.uefi_image and "system_image_id" not in self.model_fields_set:
            text = (
                f"is required with {self.instance_type}, which boots only UEFI images: whether {self.system_image_id} "
            )
            yield Problem(
                "system_image_id", text + "is one was not checked. Give a UEFI image's id, or that one to try."
            )

    def _goods(self) -> Iterator[Good]:
        spot = self.spot_strategy != "NoSpot"
        yield goods.machine(
            self.instance_type, self.NODES, self.system_disk_gib, spot=spot, spot_limit=self.spot_price_limit
        )
        yield goods.disk("weights disk", self.weights_disk_performance_level, self.disk_gib, self.NODES)
        if self.nat_gateway:
            yield goods.nat_gateway()

    def _by_usage(self) -> Iterator[str]:
        if self.public:
            yield "traffic out of the public address, by the GB"
        if self.nat_gateway:
            yield "traffic through the NAT gateway, and its public address"

    @rule(*PLANNED, "zone_id", "system_disk_gib", "spot_strategy", "spot_price_limit", "price_file", "monthly_budget")
    def _budget_holds(self) -> Iterable[Problem]:
        return self._over_budget()
