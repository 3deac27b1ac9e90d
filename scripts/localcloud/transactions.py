"""What a transaction changed in the world, as a line of JSON in the file of the cloud's state."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, TypeAlias

from scripts.localcloud.marks import mark, unmark
from scripts.localcloud.world import Balancer, Record, World

Change: TypeAlias = dict[str, Any]


def change_of(before: World, after: World) -> Change:
    """Return what makes *after* of *before*, empty for nothing."""
    touched = [key for key in after.touched if after.kept.get(key) != before.kept.get(key)]
    parts: Change = {
        "records": [_row(after.kept[key]) for key in touched if key in after.kept],
        "gone": [list(key) for key in touched if key not in after.kept],
        "counters": {name: count for name, count in after.counters.items() if before.counters.get(name) != count},
        "exposed": {name: told for name, told in after.exposed.items() if before.exposed.get(name) != told},
        "hidden": [name for name in before.exposed if name not in after.exposed],
    }
    if before.balancers != after.balancers:
        parts["balancers"] = [asdict(balancer) for balancer in after.balancers]
    return {name: part for name, part in parts.items() if part or name == "balancers"}


def apply(world: World, change: Change) -> None:
    """Make of *world* what it was after *change*."""
    for kind, resource_id in change.get("gone", []):
        del world.kept[kind, resource_id]
    for row in change.get("records", []):
        record = Record(**row | {"properties": unmark(row["properties"])})
        world.kept[record.key] = record
    world.counters |= change.get("counters", {})
    for name in change.get("hidden", []):
        del world.exposed[name]
    world.exposed |= change.get("exposed", {})
    if "balancers" in change:
        world.balancers = [Balancer(**row) for row in change["balancers"]]


def whole(world: World) -> Iterator[Change]:
    """Yield changes that make *world* of nothing, one for each record."""
    yield change_of(World(), World(world.counters, {}, world.balancers, world.exposed))
    for record in world.records:
        yield {"records": [_row(record)]}


def _row(record: Record) -> Change:
    return {
        "type": record.type,
        "id": record.id,
        "region": record.region,
        "secret": record.secret,
        "hidden": record.hidden,
        "properties": mark(record.properties, record.secret),
    }
