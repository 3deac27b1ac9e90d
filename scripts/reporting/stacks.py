"""Which stacks a commit has: every stack file, and the program it belongs to."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import yaml

from scripts.foreseen import Source

_STACK_FILE = re.compile(r"Pulumi\.(?P<stack>[^/]+)\.yaml")


@dataclass(frozen=True)
class Stack:
    """A stack file, and the program of the nearest Pulumi.yaml at or above it; paths are within the commit."""

    file: str
    name: str
    program: str

    def source(self, root: Path) -> Source:
        """Return where to run it, in the tree at *root*."""
        return Source(root / self.program, self.name, root / self.file)


def stacks(paths: Iterable[str]) -> Iterator[Stack]:
    """Yield the stacks among the files *paths* of a commit, in order."""
    files = {PurePosixPath(path) for path in paths}
    for file in sorted(files):
        found = _STACK_FILE.fullmatch(file.name)
        program = next((folder for folder in file.parents if folder / "Pulumi.yaml" in files), None)
        if found and program is not None:
            yield Stack(str(file), found["stack"], str(program))


def foreign(root: Path, stack: Stack) -> str:
    """Return the language of the program of *stack* if it is another than Python; empty where nothing says so."""
    try:
        project = yaml.safe_load((root / stack.program / "Pulumi.yaml").read_text(encoding="utf-8"))
    except yaml.YAMLError:
        return ""
    runtime = project.get("runtime") if isinstance(project, dict) else None
    name = str(runtime.get("name", "") if isinstance(runtime, dict) else runtime or "")
    return "" if name == "python" else name
