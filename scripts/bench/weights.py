"""Compare the machine's weights program with a single curl of the same files, from a server on loopback."""

import argparse
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from scripts.bench.report import BenchError, alternate, exit_code, heading, percentile, ratio, table

HERE = Path(__file__).parent
MIB = 1 << 20
SHARDS = 2
CURL, CHECKED = "curl", "curl, sha256sum, sync"


class Fetched(NamedTuple):
    """One run: its wall time, and the peak memory of the weights program (0 for curl)."""

    seconds: float
    memory_kib: int


def main() -> None:
    """Measure and print."""
    arguments = _arguments()
    if not shutil.which("curl"):
        raise BenchError("curl is not on PATH, and it is what the weights program is compared with.")
    heading(
        f"{arguments.mebibytes} MiB in {SHARDS} shards from a plain HTTP server on loopback; server and client share "
        "these cores. The weights program checks every shard's sha256 and syncs it; a single curl does neither."
    )
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        results = {
            label: _compared(Path(name), arguments, cap)
            for label, cap in {
                "no limit": float("inf"),
                f"{arguments.cap} MiB/s per connection": float(arguments.cap * MIB),
            }.items()
        }
        small = _memory_of_a_quarter(Path(name), arguments)
    _print(results, arguments, small)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench/weights", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of every side (default 5)")
    parser.add_argument("--mebibytes", type=int, default=512, help="size of all shards together (default 512)")
    parser.add_argument("--streams", type=int, default=8, help="connections of the parallel side (default 8)")
    parser.add_argument("--cap", type=int, default=100, help="MiB/s of one connection, second half (default 100)")
    parser.add_argument("--folder", help="where to write (default: the folder for temporary files)")
    return parser.parse_args()


def _compared(folder: Path, arguments: argparse.Namespace, cap: float) -> dict[str, list[Fetched]]:
    with _source(folder, arguments.mebibytes, cap) as port:
        sides: dict[str, Callable[[], Fetched]] = {
            CURL: functools.partial(_curl, folder, port, checked=False),
            CHECKED: functools.partial(_curl, folder, port, checked=True),
            "weights, 1 stream": functools.partial(_weights, folder, port, 1),
            f"weights, {arguments.streams} streams": functools.partial(_weights, folder, port, arguments.streams),
        }
        return alternate(sides, arguments.rounds)


def _memory_of_a_quarter(folder: Path, arguments: argparse.Namespace) -> int:
    with _source(folder, arguments.mebibytes // 4, float("inf")) as port:
        return _weights(folder, port, arguments.streams).memory_kib


@contextmanager
def _source(folder: Path, mebibytes: int, cap: float) -> Iterator[int]:
    files = folder / "source"
    files.mkdir()
    for name in _names():
        _write_shard(files / name, mebibytes * MIB // SHARDS)
    command = [sys.executable, str(HERE / "source.py"), str(files), str(cap)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout  # noqa: S101  # a pipe was asked for
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()
            shutil.rmtree(files)


def _names() -> list[str]:
    return [f"model-{number:05}-of-{SHARDS:05}.safetensors" for number in range(1, SHARDS + 1)]


def _write_shard(path: Path, size: int) -> None:
    room = size - 256
    entry = {"w": {"dtype": "U8", "shape": [room], "data_offsets": [0, room]}}
    header = json.dumps(entry).encode().ljust(size - room - 8)
    block = os.urandom(MIB)
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        while room:
            room -= file.write(block[:room])


def _curl(folder: Path, port: int, *, checked: bool) -> Fetched:
    base = f"http://127.0.0.1:{port}/api/v1/models/bench/bench/repo?Revision=master&FilePath="
    with tempfile.TemporaryDirectory(dir=folder) as place:
        words = [word for name in _names() for word in ("--output", name, base + name)]
        start = time.perf_counter()
        _run(["curl", "--silent", "--show-error", "--fail", *words], place)
        if checked:
            _run(["sha256sum", *_names()], place)
            _run(["sync", *_names()], place)
        return Fetched(time.perf_counter() - start, 0)


def _weights(folder: Path, port: int, streams: int) -> Fetched:
    with tempfile.TemporaryDirectory(dir=folder) as place:
        start = time.perf_counter()
        said = _run([sys.executable, str(HERE / "fetch.py"), str(port), place, str(streams)], place)
        return Fetched(time.perf_counter() - start, int(said.splitlines()[-1]))


def _run(command: list[str], place: str) -> str:
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"{command[0]} ended with {done.returncode}: {(done.stdout + done.stderr)[-500:]}")
    return done.stdout


def _print(results: dict[str, dict[str, list[Fetched]]], arguments: argparse.Namespace, small: int) -> None:
    rows = []
    for limit, sides in results.items():
        base = [fetched.seconds for fetched in sides[CURL]]
        for side, runs in sides.items():
            seconds = [fetched.seconds for fetched in runs]
            speed = f"{arguments.mebibytes / percentile(seconds, 0.5):.0f} MiB/s"
            memory = max(fetched.memory_kib for fetched in runs)
            rows.append([limit, side, speed, ratio(base, seconds), f"{memory / 1024:.0f} MiB" if memory else "-"])
    table(["bandwidth", "side", "speed", "speed / curl, median (range)", "peak memory"], rows)
    print(f"Peak memory with {arguments.streams} streams and a quarter of the bytes: {small / 1024:.0f} MiB.")


if __name__ == "__main__":
    sys.exit(exit_code(main))
