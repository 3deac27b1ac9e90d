"""Whether the zone has the machines and the disks."""

from collections.abc import Iterator
from typing import Any

from scripts.openapi import OpenApi, RefusedError, UnreachableError
from scripts.preflighting.clusters import clusters
from scripts.preflighting.demand import Demand, Machine
from scripts.preflighting.finding import Finding, unseen

ACTION = "ecs:DescribeAvailableResource"
SOLD = {"WithStock": "in stock", "ClosedWithStock": "in stock, but little is left"}
"""
What can be bought, by ``StatusCategory``; with every other value it cannot.

Source: DescribeAvailableResourceResponseBody of the vendor's ECS libraries (PyPI alibabacloud-ecs20140526 7.11.8; the
meaning of the values in https://github.com/alibabacloud-sdk-php/ecs-20140526), 2026-11-21.
"""

Offers = dict[str, dict[str, str]]
"""Zone id to what is sold there, with its ``StatusCategory``."""


def stock(api: OpenApi, demand: Demand) -> Iterator[Finding]:
    """Yield a line for every kind of machine, of disk and of cluster."""
    for machine, count in demand.machines.items():
        yield from _machine(api, machine, count)
    for category, zone in sorted(demand.disks):
        yield _disk(api, category, zone, "data disk", {"ResourceType": "disk", "DestinationResource": "DataDisk"})
    yield from clusters(api, demand)


def _machine(api: OpenApi, machine: Machine, count: int) -> Iterator[Finding]:
    name, zone = machine.instance_type, machine.zone
    what = f"{count} x {name}" if count > 1 else name
    wanted = {"ResourceType": "instance", "InstanceType": name, "SpotStrategy": machine.spot}
    try:
        # Without a zone, so that the answer knows where else there are some.
        zones = _offers(api, wanted | {"DestinationResource": "InstanceType"})
    except (RefusedError, UnreachableError) as error:
        yield unseen(what, error, ACTION)
        return
    state = zones.get(zone, {}).get(name)
    if state in SOLD:
        yield Finding("ok", f"{what} in {zone}: {SOLD[state]}{'; how many is not said' if count > 1 else ''}.")
        yield _disk(api, machine.disk, zone, "system disk", wanted | {"DestinationResource": "SystemDisk"})
    else:
        others = sorted(other for other, types in zones.items() if types.get(name) in SOLD)
        way_out = (
            f"It is in {', '.join(others)}: set zoneId." if others else "No zone of the region has it: another type."
        )
        yield Finding("stop", f"{what} in {zone}: {'sold out' if state else 'not sold'}.", way_out)


def _disk(api: OpenApi, category: str, zone: str, use: str, wanted: dict[str, str]) -> Finding:
    what = f"{category}, {use}"
    try:
        sold = _offers(api, wanted | {"ZoneId": zone}).get(zone, {})
    except (RefusedError, UnreachableError) as error:
        return unseen(what, error, ACTION)
    if sold.get(category) in SOLD:
        return Finding("ok", f"{what} in {zone}: {SOLD[sold[category]]}.")
    others = sorted(name for name, state in sold.items() if state in SOLD)
    return Finding("stop", f"{what} in {zone}: not sold.", f"The zone has {', '.join(others) or 'none'}.")


def _offers(api: OpenApi, wanted: dict[str, str]) -> Offers:
    always = {"RegionId": api.region, "InstanceChargeType": "PostPaid", "IoOptimized": "optimized"}
    answer = api.call("ecs", "DescribeAvailableResource", **always | wanted)
    zones = (answer.get("AvailableZones") or {}).get("AvailableZone") or []
    return {zone["ZoneId"]: dict(_sold(zone)) for zone in zones}


def _sold(zone: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for group in (zone.get("AvailableResources") or {}).get("AvailableResource") or []:
        for row in (group.get("SupportedResources") or {}).get("SupportedResource") or []:
            yield row["Value"], row["StatusCategory"]
