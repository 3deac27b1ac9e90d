"""The cloud's memory on disk: one JSON file, one lock, several processes."""

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.localcloud.transactions import apply, change_of, whole
from scripts.localcloud.world import World

_FILE = "state.jsonl"
_SPARE_LINES = 16


def kept_at(home: Path) -> Path:
    """Return the file in which the cloud at *home* keeps its state."""
    return home / _FILE


class Store:
    """
    The state under *home*; only inside `transaction` may it change.

    Every transaction is a line in the file, which is written anew when half of its lines are of the past; what was
    read is kept until another process writes. So a call costs little, however much exists.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self._path = kept_at(home)
        self._seen: tuple[int, int, int] | None = None
        self._lines = 0
        self._world = World()

    def read(self) -> World:
        """Return the present state, for looking only."""
        with self._lock():
            self._refresh()
            return self._world.copy()

    @contextmanager
    def transaction(self) -> Iterator[World]:
        """Yield the state under the lock and keep it, unless the body raises."""
        with self._lock():
            self._refresh()
            world = self._world.copy()
            yield world
            change = change_of(self._world, world)
            if change:
                line = json.dumps(change)
                # From the text: what the body still holds may change later, and this may not.
                apply(self._world, json.loads(line))
                self._write(line)

    def _write(self, line: str) -> None:
        self._lines += 1
        if self._lines > 2 * len(self._world.kept) + _SPARE_LINES or not self._path.exists():
            lines = [f"{json.dumps(change)}\n" for change in whole(self._world)]
            write_private(self._path, "".join(lines))
            self._lines = len(lines)
        else:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")
        self._seen = _stamp(self._path)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.home / "lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _refresh(self) -> None:
        """Read what another process wrote."""
        stamp = _stamp(self._path)
        if stamp == self._seen:
            return
        lines = complete_lines(self._path)
        self._world = World()
        for line in lines:
            apply(self._world, json.loads(line))
        self._lines, self._seen = len(lines), _stamp(self._path)


def complete_lines(path: Path) -> list[str]:
    """Return the lines of the file at *path*, if there is one; half a line, of a writer that was killed, is cut off."""
    content = path.read_text(encoding="utf-8") if path.exists() else ""
    whole_lines, _, rest = content.rpartition("\n")
    if rest:
        os.truncate(path, len(content.encode()) - len(rest.encode()))
    return whole_lines.splitlines()


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


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
