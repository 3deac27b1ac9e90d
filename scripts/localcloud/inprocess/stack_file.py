"""What a stack remembers between runs of this door: its resources in order of creation, and its outputs."""

import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from threading import Lock
from typing import Any

from scripts.localcloud.marks import mark, unmark
from scripts.localcloud.store import complete_lines, write_private
from scripts.localcloud.values import Values


@dataclass
class Known:
    """One resource of a stack."""

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    id: str = ""
    provider: str = ""
    inputs: Values = field(default_factory=dict)
    outputs: Values = field(default_factory=dict)
    secret: list[str] = field(default_factory=list)
    dependencies: list[str] = field(default_factory=list)
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    protect: bool = False
    retain: bool = False
    deleted_with: str = ""
    replace_with: list[str] = field(default_factory=list)
    replace_on_changes: list[str] = field(default_factory=list)
    ignore_changes: list[str] = field(default_factory=list)
    trigger: str = ""
    failed: str = ""


class StackFile:
    """The file of one stack: a line for every change, secret values marked; short again when a run ended well."""

    def __init__(self, home: Path, project: str, stack: str) -> None:
        self.path = home / "stacks" / f"{project}.{stack}.jsonl"
        self._lock = Lock()
        self.resources: dict[str, Known] = {}
        self.outputs: Values = {}
        self.secret_outputs: list[str] = []
        for line in complete_lines(self.path):
            self._take(json.loads(line))

    def _take(self, line: dict[str, Any]) -> None:
        match line:
            case {"put": row, "old": old}:
                row["inputs"], row["outputs"] = unmark(row["inputs"]), unmark(row["outputs"])
                self._place(Known(**row), old)
            case {"drop": urn}:
                self.resources.pop(urn, None)
            case {"outputs": outputs, "secret": secret}:
                self.outputs, self.secret_outputs = unmark(outputs), secret

    def _place(self, known: Known, old: str) -> None:
        if old != known.urn and old in self.resources:
            self.resources = {known.urn if urn == old else urn: kept for urn, kept in self.resources.items()}
        self.resources[known.urn] = known

    def put(self, known: Known, old: Known | None = None) -> None:
        """Remember *known*, in the place of its *old* state, whose name may be another."""
        with self._lock:
            former = old.urn if old else known.urn
            self._place(known, former)
            self._append(_put(known, former))

    def drop(self, urn: str) -> None:
        """Forget the resource *urn*."""
        with self._lock:
            self.resources.pop(urn, None)
            self._append({"drop": urn})

    def finish(self, outputs: Values, secret: list[str]) -> None:
        """Remember the outputs of the stack."""
        with self._lock:
            self.outputs, self.secret_outputs = outputs, secret
            lines = [_put(known, known.urn) for known in self.resources.values()]
            ends = {"outputs": mark(outputs, secret), "secret": secret}
            write_private(self.path, "".join(f"{json.dumps(line)}\n" for line in [*lines, ends]))

    def remove(self) -> None:
        """Delete the file."""
        self.path.unlink(missing_ok=True)

    def _append(self, line: dict[str, object]) -> None:
        if not self.path.exists():
            write_private(self.path, "")
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{json.dumps(line)}\n")


def _put(known: Known, old: str) -> dict[str, object]:
    # Not `asdict`, which copies every value inside: a stack may have thousands of resources.
    row = {field.name: getattr(known, field.name) for field in fields(known)}
    row |= {"inputs": mark(known.inputs, known.secret), "outputs": mark(known.outputs, known.secret)}
    return {"put": row, "old": old}
