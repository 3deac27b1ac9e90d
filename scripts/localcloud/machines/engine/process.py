"""An engine's life: load, serve, end as told or as a fault says."""

import asyncio
import signal
import ssl
import sys
import time
from collections.abc import Callable
from pathlib import Path

from scripts.localcloud.machines.engine import faults
from scripts.localcloud.machines.engine.http import Handle, serve
from scripts.localcloud.machines.engine.weights import Model, WeightsError, load

LOOK_SECONDS = 0.1


class StartError(Exception):
    """The engine gives up at its start; the text is the last line of its traceback."""


def log(text: str) -> None:
    """Write one line as the engine logs it."""
    sys.stderr.write(f"INFO {time.strftime('%m-%d %H:%M:%S')} [stand-in] {text}\n")
    sys.stderr.flush()


def fail(file: str, message: str) -> int:
    """Write a traceback that ends with *message*; return the exit status."""
    sys.stderr.write(f'Traceback (most recent call last):\n  File "{file}", line 1, in main\n{message}\n')
    return 1


def prepare(model_path: str, gpus_needed: int) -> Model:
    """
    Check the GPUs and read the model.

    Raises:
        StartError: Too few GPUs, or the model cannot be loaded.
    """
    code = faults.current().get("engine_exit_code")
    if code is not None and "engine_exit_after" not in faults.current():
        log(f"fault: ends with {code} at its start")
        raise SystemExit(int(code))
    found = faults.gpus()
    if not found:
        raise StartError("RuntimeError: No CUDA GPUs are available")
    if gpus_needed > found:
        raise StartError(
            f"ValueError: World size ({gpus_needed}) is larger than the number of available GPUs ({found})."
        )
    try:
        model = load(Path(model_path))
    except WeightsError as problem:
        raise StartError(str(problem)) from None
    log(f"Loading weights took 0.01 seconds, {model.bytes_read} bytes from {model_path}")
    return model


def tls(certificate: str | None, key: str | None) -> ssl.SSLContext | None:
    """Return the TLS side that the flags ask for."""
    if not certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


async def _until_the_end(over: asyncio.Event) -> int:
    """Return the exit status: 0 when told to end, else what the faults say."""
    ready = time.monotonic()
    while not over.is_set():
        wanted = faults.current()
        after = wanted.get("engine_exit_after")
        if after is not None and time.monotonic() - ready >= float(after):
            log("fault: the engine's worker died")
            return int(wanted.get("engine_exit_code", 0))
        try:
            await asyncio.wait_for(over.wait(), LOOK_SECONDS)
        except TimeoutError:
            continue
    return 0


async def _run(host: str, port: int, handle: Handle, context: ssl.SSLContext | None, ready: Callable[[], None]) -> int:
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    server = await serve(host, port, handle, context)
    log(f"Uvicorn running on http://{host}:{port}")
    ready()
    code = await _until_the_end(over)
    server.close()
    return code


def run(host: str, port: int, handle: Handle, context: ssl.SSLContext | None, ready: Callable[[], None]) -> int:
    """Serve until the end and return the exit status; *ready* is called once the port is open."""
    return asyncio.run(_run(host, port, handle, context, ready))
