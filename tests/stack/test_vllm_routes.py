"""The stand-in's table of routes is the real vLLM's, with and without a key."""

import collections
import dataclasses
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from typing import IO

import httpx
import pytest

from scripts.localcloud.machines.engine.routes import SAMPLES, VLLM, Route
from scripts.localcloud.machines.engine.vllm import GUARDED, VERSION
from tests.stack import real_vllm

pytestmark = pytest.mark.vllm

KEY = "an-engine-key"
STARTED = "Application startup complete."


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until_started(output: IO[str]) -> threading.Thread:
    """Read *output* until the server listens; what comes later is thrown away, because a full pipe would stop it."""
    said = []
    for line in output:
        said.append(line)
        if STARTED in line:
            drain = threading.Thread(target=collections.deque, args=(output, 0))
            drain.start()
            return drain
    pytest.fail("".join(said))


@pytest.fixture(scope="module")
def server() -> Iterator[httpx.Client]:
    """Return a client of a real vLLM that was started with --api-key."""
    program = real_vllm.folder() / "bin" / "vllm"
    port = str(free_port())
    options = ["--host", "127.0.0.1", "--port", port, "--api-key", KEY, "--enforce-eager", "--max-model-len", "1024"]
    with subprocess.Popen(
        [program, "serve", real_vllm.MODEL, *options],
        env=os.environ | real_vllm.ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        drain = until_started(process.stdout or pytest.fail("no output"))
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            yield client
        process.terminate()
        drain.join()


def status(server: httpx.Client, route: Route, headers: dict[str, str]) -> int:
    """Return what the server answers to the sample body of *route*."""
    body = SAMPLES[route.kind] if route.method == "POST" else None
    # A raw path: the client would take the first of two slashes for a host.
    url = server.base_url.copy_with(raw_path=route.path.encode())
    return server.request(route.method, url, json=body, headers=headers).status_code


def test_the_real_answers_are_the_tables(server: httpx.Client) -> None:
    """Every row, without the key and with it; the stand-in is held to the same table by a test of its own."""
    keys: list[dict[str, str]] = [{}, {"Authorization": f"Bearer {KEY}"}]
    said = [(row, [status(server, row, headers) for headers in keys]) for row in VLLM]

    assert {"version": VERSION} == server.get("/version").json()
    assert VLLM == [dataclasses.replace(row, without_key=bare, with_key=full) for row, (bare, full) in said]


def test_the_table_has_every_open_route(server: httpx.Client) -> None:
    """A route that vLLM opens to everybody is one that the gate has to close, so the stand-in has it too."""
    described = server.get("/openapi.json").json()["paths"]
    real = {(method.upper(), path) for path, methods in described.items() for method in methods}

    assert {pair for pair in real if not pair[1].startswith(GUARDED)} <= {(row.method, row.path) for row in VLLM}
