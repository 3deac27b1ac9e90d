"""Compare the gate with a direct connection: the machine's own Caddyfile in a real Caddy before a stub engine."""

import argparse
import functools
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.bench.load import Load, Measured, run
from scripts.bench.report import BenchError, alternate, exit_code, heading, percentile, ratio, table

MACHINE = Path(__file__).resolve().parents[2] / "components" / "userdata" / "machine"
KEY = "key-of-the-bench"
DIRECT, GATE, CONTROL = "direct", "gate", "direct again"
START_SECONDS = 20


def main() -> None:
    """Measure and print."""
    arguments = _arguments()
    heading(
        "the gate in front of a stub engine, against the same engine directly. Load, stub and gate share these cores. "
        "The Caddyfile is the machine's; replaced in it are the address it binds to and the key's folder."
    )
    with tempfile.TemporaryDirectory() as folder, engine() as engine_port, gate(Path(folder), engine_port) as gate_port:
        ports = {DIRECT: engine_port, GATE: gate_port, CONTROL: engine_port}
        for port in (engine_port, gate_port):
            run(Load(arguments.connections, 2, 0), port, KEY)
        results = {
            name: alternate({side: functools.partial(run, load, port, KEY) for side, port in ports.items()}, rounds)
            for name, (load, rounds) in _loads(arguments).items()
        }
    _print_rates(results)
    _print_delays(results)


@contextmanager
def engine() -> Iterator[int]:
    """Run the stub engine and return its port."""
    command = [sys.executable, str(Path(__file__).with_name("engine.py"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout  # noqa: S101  # a pipe was asked for
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


@contextmanager
def gate(folder: Path, engine_port: int) -> Iterator[int]:
    """
    Run Caddy with the machine's Caddyfile, its files in *folder*, and return its port.

    Raises:
        BenchError: There is no caddy, or it does not start.
    """
    port = _free_port()
    places = {"\n:{$GATE_PORT} {": "\n:{$GATE_PORT} {\n\tbind 127.0.0.1", "/run/secrets": str(folder)}
    (folder / "Caddyfile").write_text(_replaced((MACHINE / "Caddyfile").read_text(), places))
    (folder / "api_key").write_text(KEY)
    caddy = shutil.which("caddy", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if caddy is None:
        raise BenchError("caddy is not on PATH. Install tests/requirements.txt.")
    settings = {
        "GATE_ENGINE": f"127.0.0.1:{engine_port}",
        "GATE_PORT": str(port),
        "LLM_TLS": "off",
        "LLM_MAX_REQUEST_MIB": "16",
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder),
    }
    command = [caddy, "run", "--config", "Caddyfile", "--adapter", "caddyfile"]
    log = folder / "caddy.log"
    with log.open("w") as out, subprocess.Popen(command, cwd=folder, env=settings, stdout=out, stderr=out) as process:
        try:
            _wait_for(port, process, log)
            yield port
        finally:
            process.terminate()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench/gate", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of direct, gate, direct again (default 5)")
    parser.add_argument("--connections", type=int, default=64, help="at the same time (default 64)")
    parser.add_argument("--answer-ms", type=int, default=100, help="time of a short completion (default 100)")
    parser.add_argument("--token-ms", type=int, default=20, help="time between the chunks of a stream (default 20)")
    parser.add_argument("--tokens", type=int, default=200, help="chunks of a stream (default 200)")
    return parser.parse_args()


def _loads(arguments: argparse.Namespace) -> dict[str, tuple[Load, int]]:
    answer, gap = arguments.answer_ms / 1000, arguments.token_ms / 1000
    return {
        f"completions of {arguments.answer_ms} ms": (Load(arguments.connections, 20, answer), arguments.rounds),
        f"streams of {arguments.tokens} chunks, {arguments.token_ms} ms apart": (
            Load(arguments.connections, 1, answer, gap, arguments.tokens),
            arguments.rounds,
        ),
        "completions of 0 ms: all that these cores can carry": (Load(arguments.connections, 50, 0), arguments.rounds),
    }


def _print_rates(results: dict[str, dict[str, list[Measured]]]) -> None:
    rows = []
    for name, sides in results.items():
        rates = {side: [one.rate for one in measured] for side, measured in sides.items()}
        per_second = [f"{percentile(rates[side], 0.5):.0f}/s" for side in (DIRECT, GATE)]
        compared = [ratio(rates[side], rates[DIRECT]) for side in (GATE, CONTROL)]
        rows.append([name, *per_second, *compared])
    table(["load", "direct", "gate", "gate / direct, median (range)", "direct again / direct"], rows)


def _print_delays(results: dict[str, dict[str, list[Measured]]]) -> None:
    rows = []
    for name, sides in results.items():
        for side in (DIRECT, GATE):
            measured = sides[side]
            times = (
                [second for one in measured for second in one.first],
                [second for one in measured for second in one.delays],
                [second for one in measured for second in one.gaps],
            )
            rows.append([name, side, *(_milliseconds(seconds) for seconds in times)])
    table(["load", "side", "first byte", "engine to client, each chunk", "gap between chunks"], rows)
    print("Times are in ms: median / 99th percentile.")


def _milliseconds(seconds: list[float]) -> str:
    return f"{percentile(seconds, 0.5) * 1000:.1f} / {percentile(seconds, 0.99) * 1000:.1f}" if seconds else "-"


def _replaced(text: str, places: dict[str, str]) -> str:
    for old, new in places.items():
        if old not in text:
            raise BenchError(f"The Caddyfile no longer says {old!r}, so the bench cannot put its own address there.")
        text = text.replace(old, new)
    return text


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise BenchError(f"Caddy did not start: {log.read_text()[-2000:]}")


if __name__ == "__main__":
    sys.exit(exit_code(main))
