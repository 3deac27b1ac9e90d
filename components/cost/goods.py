"""What is rented by the hour, in the names of the price list."""

import dataclasses
from collections.abc import Mapping

from components.plan.words import counted

NAT_GATEWAY, LOAD_BALANCER = "nat-gateway", "load-balancer"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Good:
    """Something to rent, *count* times."""

    what: str
    count: int = 1
    each: Mapping[str, float]
    """What one of them is billed by: names of the price list, and how much of each."""
    limits: Mapping[str, float] = dataclasses.field(default_factory=dict)
    """Of these names, the highest price that is ever paid."""


def machine(
    instance_type: str, count: int, system_disk_gib: int, *, spot: bool = False, spot_limit: float | None = None
) -> Good:
    """Return machines with their system disks; those of the spot market at the highest price they can come to."""
    at_most = ", spot: at its highest price" if spot else ""
    return Good(
        what=f"{instance_type} with a system disk of {system_disk_gib} GiB{at_most}",
        count=count,
        # The instance asks for no performance level, and PL1 is the service's default.
        each={instance_type: 1, essd("PL1"): system_disk_gib},
        limits={} if spot_limit is None else {instance_type: spot_limit},
    )


def disk(what: str, level: str, gib: int, count: int) -> Good:
    """Return disks of *gib* each."""
    return Good(what=f"{what}, {gib:,} GiB of ESSD {level}", count=count, each={essd(level): gib})


def nat_gateway() -> Good:
    """Return a NAT gateway."""
    return Good(what="NAT gateway", each={NAT_GATEWAY: 1})


def load_balancers(count: int) -> Good:
    """Return load balancers, the classic ones."""
    return Good(what="load balancer", count=count, each={LOAD_BALANCER: 1})


def pods(what: str, series: str, count: int, vcpus: int, memory_gib: int, gpus: int = 0) -> Good:
    """
    Return pods of ACS, which are billed by their parts.

    Source: https://www.alibabacloud.com/help/en/cs/product-overview/product-billing-rules, 2026-03-26.
    """
    cards = {f"acs.{series}.gpu": gpus} if gpus else {}
    sizes = [counted(gpus, "GPU")] * bool(gpus) + [counted(vcpus, "vCPU"), f"{memory_gib} GiB"]
    return Good(
        what=", ".join([what, *sizes]),
        count=count,
        each={**cards, f"acs.{series}.vcpu": vcpus, f"acs.{series}.gib": memory_gib},
    )


def essd(level: str) -> str:
    """Return what the price list calls a GiB of an ESSD of that performance level."""
    return f"cloud_essd.{level}"


def quoted(name: str) -> bool:
    """Say whether `scripts/prices` can ask for the price of *name*: ECS quotes its own, and no other product does."""
    return name.startswith(("ecs.", "cloud_essd."))
