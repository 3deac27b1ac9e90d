"""Cloud Assistant's agent: runs a script as root and keeps the end of its output."""

import asyncio
import os
import signal
import tempfile
import uuid
from pathlib import Path

from scripts.localcloud.machines.guest.places import base_environment
from scripts.localcloud.machines.guest.processes import MARK, signal_marked
from scripts.localcloud.machines.guest.wire import Message

OUTPUT_BYTES = 12_000
"""How much of the end of the output is kept. Source: aliyun_assist_client, the server's least quota."""

TIMED_OUT = 124


def _script_file(text: str) -> Path:
    handle, name = tempfile.mkstemp(prefix="assist-", suffix=".sh")
    with os.fdopen(handle, "w") as file:
        file.write(text)
    path = Path(name)
    path.chmod(0o755)
    return path


async def run(script: str, timeout_seconds: float) -> Message:
    """Run *script* by its own first line, else by sh, in /root; a timeout ends every process it left."""
    file = _script_file(script)
    invocation = uuid.uuid4().hex
    argv = [str(file)] if script.startswith("#!") else ["sh", str(file)]
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=base_environment() | {"HOME": "/root", MARK: invocation},
        cwd="/root",
        start_new_session=True,
    )
    assert process.stdout is not None  # noqa: S101 - asked for above
    tail = asyncio.ensure_future(_tail(process.stdout))
    timed_out = False
    try:
        await asyncio.wait_for(process.wait(), timeout_seconds)
    except TimeoutError:
        timed_out = True
        signal_marked(invocation, signal.SIGKILL)
        await process.wait()
    output = await tail
    file.unlink(missing_ok=True)
    exit_code = TIMED_OUT if timed_out else process.returncode
    return {"exit_code": exit_code, "output": output.decode(errors="replace"), "timed_out": timed_out}


async def _tail(stream: asyncio.StreamReader) -> bytes:
    kept = b""
    while chunk := await stream.read(65536):
        kept = (kept + chunk)[-OUTPUT_BYTES:]
    return kept
