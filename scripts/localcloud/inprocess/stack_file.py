"""What a stack remembers between runs of this door: its resources in order of creation, and its outputs."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Lock

from scripts.localcloud.store import mark, unmark, write_json
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
    protect: bool = False
    retain: bool = False
    deleted_with: str = ""
    failed: str = ""


class StackFile:
    """The file of one stack; saved after every change, secret values marked."""

    def __init__(self, home: Path, project: str, stack: str) -> None:
        self.path = home / "stacks" / f"{project}.{stack}.json"
        self._lock = Lock()
        self.resources: dict[str, Known] = {}
        self.outputs: Values = {}
        self.secret_outputs: list[str] = []
        if self.path.exists():
            self._load()

    def _load(self) -> None:
        document = json.loads(self.path.read_text(encoding="utf-8"))
        for row in document["resources"]:
            row["inputs"], row["outputs"] = unmark(row["inputs"]), unmark(row["outputs"])
            self.resources[row["urn"]] = Known(**row)
        self.outputs = unmark(document["outputs"])
        self.secret_outputs = document["secretOutputs"]

    def put(self, known: Known) -> None:
        """Remember *known*, in the place of an older state of it."""
        with self._lock:
            self.resources[known.urn] = known
            self._save()

    def drop(self, urn: str) -> None:
        """Forget the resource *urn*."""
        with self._lock:
            self.resources.pop(urn, None)
            self._save()

    def finish(self, outputs: Values, secret: list[str]) -> None:
        """Remember the outputs of the stack."""
        with self._lock:
            self.outputs, self.secret_outputs = outputs, secret
            self._save()

    def remove(self) -> None:
        """Delete the file."""
        self.path.unlink(missing_ok=True)

    def _save(self) -> None:
        document = {
            "resources": [self._row(known) for known in self.resources.values()],
            "outputs": mark(self.outputs, self.secret_outputs),
            "secretOutputs": self.secret_outputs,
        }
        write_json(self.path, document)

    def _row(self, known: Known) -> dict[str, object]:
        row = asdict(known)
        return row | {"inputs": mark(known.inputs, known.secret), "outputs": mark(known.outputs, known.secret)}
