"""Compare a preview of the components with one of a bare program that makes the same resources without them."""

import argparse
import functools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from scripts.bench.programs import ROOT, STACK, Writer, many, write_bare, write_stack
from scripts.bench.report import BenchError, alternate, exit_code, heading, percentile, ratio, table

BARE, OURS, CONTROL = "bare", "components", "bare again"


def main() -> None:
    """Measure and print."""
    arguments = _arguments()
    heading(
        f"wall time of a preview of {_what(arguments.endpoints)}, and of a bare program with the same resources that "
        "is made from what it registers; the local cloud answers both."
    )
    header = ["program", "door", BARE, OURS, f"{OURS} / {BARE}, median (range)", f"{CONTROL} / {BARE}"]
    # One folder for all: what one program imported while it was recorded still reads its files with the next.
    with tempfile.TemporaryDirectory() as folder:
        table(header, _rows(Path(folder), arguments))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench/preview", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help=f"rounds of {BARE}, {OURS}, {CONTROL} (default 9)")
    parser.add_argument(
        "--endpoints", type=_count, nargs="+", default=[], metavar="N", help="stacks of so many endpoints, such as 1 10"
    )
    return parser.parse_args()


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of endpoints. Give 1 or more.")
    return int(text)


def _what(endpoints: list[int]) -> str:
    return "stacks of several endpoints" if endpoints else f"the {STACK} stack"


def _programs(endpoints: list[int]) -> dict[str, Writer]:
    if not endpoints:
        return {f"{STACK} stack": write_stack}
    return {f"{count} endpoint{'s' if count > 1 else ''}": many(count) for count in endpoints}


def _rows(folder: Path, arguments: argparse.Namespace) -> Iterator[list[str]]:
    for label, write in _programs(arguments.endpoints).items():
        for row in _measured(folder / label.replace(" ", "-"), write, arguments.rounds):
            yield [label, *row]


def _measured(folder: Path, write: Writer, rounds: int) -> Iterator[list[str]]:
    ours, bare = folder / "ours", folder / "bare"
    write(ours)
    write_bare(bare, ours)
    environment = _environment(folder)
    for door, command in _doors(environment).items():
        _prepare(door, [ours, bare], environment)
        sides: dict[str, Callable[[], float]] = {
            side: functools.partial(_preview, command, place, environment)
            for side, place in {BARE: bare, OURS: ours, CONTROL: bare}.items()
        }
        alternate(sides, 1)
        yield [door, *_row(alternate(sides, rounds))]


def _environment(home: Path) -> dict[str, str]:
    return {
        **os.environ,
        # Each side is compiled in the first round, which does not count, as a user's program is.
        "PYTHONDONTWRITEBYTECODE": "",
        "PATH": f"{ROOT / 'scripts' / 'localcloud' / 'plugins'}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "LOCALCLOUD_HOME": str(home / "cloud"),
        "LOCALCLOUD_PYTHON": sys.executable,
        "PULUMI_HOME": str(home / "pulumi"),
        "PULUMI_CONFIG_PASSPHRASE": "bench",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


def _doors(environment: Mapping[str, str]) -> dict[str, list[str]]:
    doors = {"in process": [sys.executable, "-m", "scripts.localcloud", "--stack", STACK, "preview"]}
    if shutil.which("pulumi", path=environment["PATH"]):
        doors["the pulumi command"] = ["pulumi", "preview", "--stack", STACK, "--non-interactive"]
    return doors


def _prepare(door: str, folders: list[Path], environment: Mapping[str, str]) -> None:
    """Make the stack of each folder, where the door asks for one."""
    for folder in folders if door != "in process" else []:
        _run(["pulumi", "stack", "init", STACK, "--non-interactive"], folder, environment)


def _preview(command: list[str], folder: Path, environment: Mapping[str, str]) -> float:
    start = time.perf_counter()
    _run(command, folder, environment)
    return time.perf_counter() - start


def _run(command: list[str], folder: Path, environment: Mapping[str, str]) -> None:
    own = {**environment, "PULUMI_BACKEND_URL": f"file://{folder}"}
    done = subprocess.run(command, cwd=folder, env=own, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"{' '.join(command)} failed: {(done.stdout + done.stderr)[-1500:]}")


def _row(seconds: dict[str, list[float]]) -> list[str]:
    return [
        *(f"{percentile(seconds[side], 0.5):.2f} s" for side in (BARE, OURS)),
        *(ratio(seconds[side], seconds[BARE]) for side in (OURS, CONTROL)),
    ]


if __name__ == "__main__":
    sys.exit(exit_code(main))
