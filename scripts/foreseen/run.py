"""Run a program of this or another commit in a process of its own, and take from it what would happen."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.foreseen.seen import Foreseen, Source
from scripts.localcloud.cloud import Cloud
from scripts.localcloud.control_planes import Daemons
from scripts.localcloud.kinds import CLUSTER

ROOT = Path(__file__).resolve().parents[2]
_MODE = "pretend"
"""What machines and pods do here: nothing boots, and what is waited for is there."""
_LINES = 5
"""How many last lines are shown of a program that ended without a word."""


def foresee(source: Source) -> Foreseen:
    """Return what *source* would make where nothing is yet."""
    with tempfile.TemporaryDirectory() as home:
        return _look(Path(home), source)


def foresee_change(base: Source, head: Source) -> tuple[Foreseen, Foreseen]:
    """Return what *base* made, and what *head* would do to it; to nothing, if *base* is not good itself."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        try:
            before = _look(home, base, "keep")
        finally:
            _end_clusters(home)
        return before, _look(home, head) if before.good else foresee(head)


def _look(home: Path, source: Source, *keep: str) -> Foreseen:
    """Run the program of *source* against the local cloud at *home*; this tool's own code is never the program's."""
    folder = source.folder.resolve()
    file = source.file or folder / f"Pulumi.{source.stack}.yaml"
    result = home / "result.json"
    result.unlink(missing_ok=True)
    arguments = [str(home), str(folder), source.stack, str(file.resolve()), str(result), *keep]
    done = subprocess.run(
        # -P: the program's folder may hold a package `scripts`, too.
        [sys.executable, "-P", "-m", "scripts.foreseen.inside", *arguments],
        cwd=folder,
        env=_environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.exists():
        return Foreseen.of(result.read_text(encoding="utf-8"))
    last = "\n".join(done.stdout.strip().splitlines()[-_LINES:])
    return Foreseen.failed(f"The program ended with status {done.returncode} before its resources were known.\n{last}")


def _environment(home: Path) -> dict[str, str]:
    own = {"HOME": str(home), "LANG": "C.UTF-8", "LOCALCLOUD_MACHINES": _MODE, "PYTHONPATH": str(ROOT)}
    # What day it is, for whoever needs the same text tomorrow: https://reproducible-builds.org/specs/source-date-epoch/
    return own | {name: os.environ[name] for name in ("SOURCE_DATE_EPOCH",) if name in os.environ}


def _end_clusters(home: Path) -> None:
    cloud = Cloud(home, control_planes=Daemons(home, _MODE))
    for cluster in cloud.store.read().all(CLUSTER):
        cloud.control_planes.stop(cluster.id)
