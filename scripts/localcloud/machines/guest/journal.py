"""The journal: one file of JSON lines per unit."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path("/var/log/journal")


def write(unit: str, source: str, pid: int, text: str) -> None:
    """Append the lines of *text*, said by *source* with *pid*, to the journal of *unit*."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / f"{unit}.jsonl").open("a") as file:
        for line in text.splitlines():
            file.write(json.dumps({"time": time.time(), "source": source, "pid": pid, "line": line}) + "\n")


def read(unit: str) -> Iterator[dict[str, str | int | float]]:
    """Yield the entries of *unit*, oldest first: time (Unix seconds), source, pid, line."""
    file = FOLDER / f"{unit}.jsonl"
    if not file.exists():
        return
    for line in file.read_text().splitlines():
        yield json.loads(line)
