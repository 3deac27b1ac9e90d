"""An engine's life: load, serve, end as told or as a fault says."""

import asyncio
import contextlib
import signal
import ssl
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scripts.localcloud.machines.engine import faults
from scripts.localcloud.machines.engine.http import Handle, serve
from scripts.localcloud.machines.engine.nodes import Alone, StartError
from scripts.localcloud.machines.engine.weights import Model, WeightsError, load

LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Door:
    """Where an engine answers; *greeting* is logged once it does."""

    host: str
    port: int
    handle: Handle
    greeting: str
    context: ssl.SSLContext | None = None


def log(text: str) -> None:
    """Write one line as the engine logs it."""
    sys.stderr.write(f"INFO {time.strftime('%m-%d %H:%M:%S')} [stand-in] {text}\n")
    sys.stderr.flush()


def fail(file: str, message: str) -> int:
    """Write a traceback that ends with *message*; return the exit status."""
    sys.stderr.write(f'Traceback (most recent call last):\n  File "{file}", line 1, in main\n{message}\n')
    return 1


def start(model_path: str, gpus_needed: int, complaint: str, join: Callable[[], Alone]) -> tuple[Model, Alone]:
    """
    Check this node's GPUs, meet the other nodes and read the model; return it with the nodes once all have read it.

    *complaint* is what the engine says about too few GPUs, with their number in the place of ``{found}``.

    Raises:
        StartError: Too few GPUs, nodes that do not come, or a model that cannot be loaded, here or at another node.
    """
    code = faults.current().get("engine_exit_code")
    if code is not None and "engine_exit_after" not in faults.current():
        log(f"fault: ends with {code} at its start")
        raise SystemExit(int(code))
    found = faults.gpus()
    if not found:
        raise StartError("RuntimeError: No CUDA GPUs are available")
    if gpus_needed > found:
        raise StartError(complaint.format(found=found))
    nodes = join()
    try:
        model = load(Path(model_path))
    except WeightsError as problem:
        raise StartError(str(problem)) from None
    log(f"Loading weights took 0.01 seconds, {model.bytes_read} bytes from {model_path}")
    nodes.ready()
    return model, nodes


def tls(certificate: str | None, key: str | None) -> ssl.SSLContext | None:
    """Return the TLS side that the flags ask for."""
    if not certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


async def _until_the_end(over: asyncio.Event, nodes: Alone) -> int:
    """Return the exit status: 0 when told to end, else what the other nodes' end or the faults make of it."""
    ready = time.monotonic()
    while not over.is_set():
        wanted = faults.current()
        after = wanted.get("engine_exit_after")
        if after is not None and time.monotonic() - ready >= float(after):
            log("fault: the engine's worker died")
            return int(wanted.get("engine_exit_code", 0))
        if (lost := nodes.ended()) is not None:
            return lost
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), LOOK_SECONDS)
    nodes.stop()
    return 0


async def _run(door: Door | None, nodes: Alone) -> int:
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: None if nodes.deaf else over.set())
    server = await serve(door.host, door.port, door.handle, door.context) if door else None
    if door:
        log(f"Uvicorn running on http://{door.host}:{door.port}")
        log(door.greeting)
    code = await _until_the_end(over, nodes)
    if server:
        server.close()
    return code


def run(door: Door | None, nodes: Alone) -> int:
    """Serve at *door*, or nothing, until the end and return the exit status."""
    return asyncio.run(_run(door, nodes))
