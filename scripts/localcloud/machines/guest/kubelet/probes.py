"""
Probes and hooks: programs in a container, requests to it, and what their answers mean.

Source: https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/, 2026-11
"""

import asyncio
import contextlib
import os
import signal
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass

from scripts.localcloud.machines.guest.clock import SPEED
from scripts.localcloud.machines.guest.docker import client, sandbox
from scripts.localcloud.machines.guest.docker.container import Container
from scripts.localcloud.machines.guest.kubelet.pod import Manifest

LEAST_PAUSE_SECONDS = 0.3
"""Between two checks: what is checked runs at the laptop's speed, not at that of the machine's clock."""

LEAST_TIMEOUT_SECONDS = 5
"""For one check: a busy laptop is slower than a node."""

_SUCCESSES = range(200, 400)


@dataclass(frozen=True)
class Door:
    """Where a container is asked: the pod's *address*, and the numbers of the ports that have names."""

    address: str
    ports: dict[str, int]

    def number(self, port: int | str) -> int:
        """Return the number of *port*."""
        return port if isinstance(port, int) else self.ports[port]


async def pause(seconds: float) -> None:
    """Wait *seconds* of the machine's time."""
    await asyncio.sleep(seconds / SPEED)


async def execute(container: Container, argv: list[str], timeout_seconds: float) -> str | None:
    """Run *argv* in *container*; return None when it succeeds in time, else what it said."""
    config = container.config
    process = await asyncio.create_subprocess_exec(
        *client.entering(container.pid, own_user=bool(config.user or config.group)),
        *argv,
        env=sandbox.environment(config),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(timeout_seconds):
            output, _ = await process.communicate()
    except TimeoutError:
        return f"command timed out: {' '.join(argv)}"
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return None if process.returncode == 0 else output.decode(errors="replace").strip() or f"exit {process.returncode}"


async def act(container: Container, what: Manifest, door: Door, timeout_seconds: float) -> str | None:
    """Do what a probe or hook says; return None when it succeeds, else why not."""
    if not container.pid:
        return "the container does not run"
    if "exec" in what:
        return await execute(container, what["exec"]["command"], timeout_seconds)
    if "sleep" in what:
        await pause(what["sleep"]["seconds"])
        return None
    kind = "httpGet" if "httpGet" in what else "tcpSocket"
    target = what[kind]
    host, port = target.get("host") or door.address, door.number(target["port"])
    try:
        async with asyncio.timeout(timeout_seconds):
            return await _call(kind, target, host, port)
    except TimeoutError:
        return f"{kind} {host}:{port}: timed out"
    except OSError as problem:
        return f"{kind} {host}:{port}: {problem}"


async def _call(kind: str, target: Manifest, host: str, port: int) -> str | None:
    context = ssl.create_default_context() if target.get("scheme") == "HTTPS" else None
    if context is not None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    reader, writer = await asyncio.open_connection(host, port, ssl=context)
    try:
        return None if kind == "tcpSocket" else await _get(reader, writer, target, f"{host}:{port}")
    finally:
        writer.close()


async def _get(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: Manifest, default: str
) -> str | None:
    headers = {"Host": default, "User-Agent": "kube-probe/1.34", "Connection": "close"}
    headers |= {item["name"]: item["value"] for item in target.get("httpHeaders", [])}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"GET {target.get('path', '/')} HTTP/1.1\r\n{lines}\r\n".encode())
    words = (await reader.readline()).split()
    status = int(words[1]) if len(words) > 1 else 0
    return None if status in _SUCCESSES else f"HTTP probe failed with statuscode: {status}"


async def verdicts(container: Container, probe: Manifest, door: Door) -> AsyncIterator[str | None]:
    """Yield None or the complaint, as long as *container* runs, when as many checks agree as *probe* asks for."""
    needed = {True: probe.get("successThreshold", 1), False: probe.get("failureThreshold", 3)}
    timeout = max(probe.get("timeoutSeconds", 1), LEAST_TIMEOUT_SECONDS)
    await pause(probe.get("initialDelaySeconds", 0))
    good, count = True, 0
    while container.running:
        complaint = await act(container, probe, door, timeout)
        count = count + 1 if good == (complaint is None) else 1
        good = complaint is None
        if count >= needed[good]:
            yield complaint
        await asyncio.sleep(max(probe.get("periodSeconds", 10) / SPEED, LEAST_PAUSE_SECONDS))
