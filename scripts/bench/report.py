"""Alternate the sides of a comparison and print what came out as Markdown, with the command that made it."""

import itertools
import os
import platform
import shlex
import statistics
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

Measured = TypeVar("Measured")


class BenchError(Exception):
    """A sentence that says why nothing could be measured."""


def exit_code(main: Callable[[], None]) -> int:
    """Run *main* and return 0, or 1 with a sentence on the error output when nothing could be measured."""
    try:
        main()
    except (BenchError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def alternate(sides: Mapping[str, Callable[[], Measured]], rounds: int) -> dict[str, list[Measured]]:
    """Run every side once per round, in turn forwards and backwards, and return what each one measured."""
    results: dict[str, list[Measured]] = {name: [] for name in sides}
    for number in range(rounds):
        for name in list(sides) if number % 2 == 0 else reversed(list(sides)):
            results[name].append(sides[name]())
    return results


def ratio(numerators: Sequence[float], denominators: Sequence[float]) -> str:
    """Return the median of the ratios within each round, and their range."""
    ratios = [one / other for one, other in zip(numerators, denominators, strict=True)]
    return f"**{statistics.median(ratios):.3f}** ({min(ratios):.3f} to {max(ratios):.3f})"


def percentile(values: Sequence[float], part: float) -> float:
    """Return the value below which *part* (0 to 1) of *values* lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def heading(what: str) -> None:
    """Print the command line, *what* it measures and the machine it ran on."""
    print(f"`{shlex.join([f'scripts/bench/{Path(sys.argv[0]).stem}', *sys.argv[1:]])}`: {what}")
    print(f"\n{len(os.sched_getaffinity(0))} cores ({_processor()}), Python {platform.python_version()}.\n", flush=True)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a Markdown table, each row once it is there."""
    for row in itertools.chain([header, ["---"] * len(header)], rows):
        print(f"| {' | '.join(row)} |", flush=True)
    print(flush=True)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(": ")[2]
    return platform.machine()
