"""The cloud's memory on disk: one JSON file, one lock, several processes."""

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import cast

from scripts.localcloud.values import Value, Values
from scripts.localcloud.world import Balancer, Record, World

SECRET_MARK = "$secret"  # noqa: S105 the mark, not a secret
"""The one key of an object that wraps a secret value in every file the local cloud writes."""


class Store:
    """The state under *home*; only inside `transaction` may it change."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def read(self) -> World:
        """Return the present state, for looking only."""
        with self._lock():
            return self._load()

    @contextmanager
    def transaction(self) -> Iterator[World]:
        """Yield the state under the lock and keep it, unless the body raises."""
        with self._lock():
            world = self._load()
            yield world
            write_json(self.home / "state.json", _dump(world))

    @contextmanager
    def _lock(self) -> Iterator[None]:
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.home / "lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _load(self) -> World:
        path = self.home / "state.json"
        if not path.exists():
            return World()
        document = json.loads(path.read_text(encoding="utf-8"))
        records = [_record(row) for row in document["resources"]]
        balancers = [Balancer(**row) for row in document["balancers"]]
        return World(document["counters"], records, balancers, document["exposed"])


def write_json(path: Path, document: object) -> None:
    """Write *document* to *path* as `write_private` does."""
    write_private(path, json.dumps(document, indent=1) + "\n")


def write_private(path: Path, content: str) -> None:
    """Write *content* to *path* so that a reader sees the old text or the new, never a part; nobody else may read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(content)
    Path(name).replace(path)


def mark(properties: Values, secret: list[str]) -> dict[str, object]:
    """Return *properties* with the values named in *secret* wrapped in `SECRET_MARK`."""
    return {name: {SECRET_MARK: value} if name in secret else value for name, value in properties.items()}


def unmark(properties: dict[str, object]) -> Values:
    """Return what `mark` was given."""
    return {name: _plain(value) for name, value in properties.items()}


def _plain(value: object) -> Value:
    if isinstance(value, dict) and set(value) == {SECRET_MARK}:
        return cast("Value", value[SECRET_MARK])
    return cast("Value", value)


def _dump(world: World) -> dict[str, object]:
    return {
        "counters": world.counters,
        "balancers": [asdict(balancer) for balancer in world.balancers],
        "exposed": world.exposed,
        "resources": [
            {
                "type": record.type,
                "id": record.id,
                "region": record.region,
                "secret": record.secret,
                "hidden": record.hidden,
                "properties": mark(record.properties, record.secret),
            }
            for record in world.records
        ],
    }


def _record(row: dict[str, object]) -> Record:
    return Record(
        type=str(row["type"]),
        id=str(row["id"]),
        region=str(row["region"]),
        properties=unmark(cast("dict[str, object]", row["properties"])),
        secret=cast("list[str]", row["secret"]),
        hidden=cast("Values", row["hidden"]),
    )
