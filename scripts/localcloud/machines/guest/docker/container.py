"""One container: its files, its namespaces, its process, its log."""

import asyncio
import contextlib
import datetime as dt
import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from scripts.localcloud.machines.guest import names
from scripts.localcloud.machines.guest.clock import SPEED
from scripts.localcloud.machines.guest.docker import description, process, sandbox
from scripts.localcloud.machines.guest.docker.config import ContainerConfig
from scripts.localcloud.machines.guest.docker.images import image_of
from scripts.localcloud.machines.guest.docker.process import Attachment, Running

STORE = Path("/var/lib/docker/containers")
NEVER = "0001-01-01T00:00:00Z"
NOT_PERMITTED = 255
"""Exit status of a container whose program may not be executed."""

NOT_FOUND = 127
KILLED = 137
LAST_WORDS_SECONDS = 2
"""How long the log of an ended container may take to be read to its end."""


class StartError(Exception):
    """The container cannot be started; the text is the daemon's."""


def now() -> str:
    """Return the time as Docker writes it."""
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Container:
    """A container of this machine; *attachments* are its networks and addresses."""

    def __init__(self, container_id: str, config: ContainerConfig, state: dict[str, Any] | None = None) -> None:
        self.id = container_id
        self.config = config
        self.attachments: list[Attachment] = []
        self.pid = 0
        self.state: dict[str, Any] = state or {
            "Status": "created",
            "ExitCode": 0,
            "Error": "",
            "StartedAt": NEVER,
            "FinishedAt": NEVER,
        }
        self.on_end: Callable[[], None] = lambda: None
        self.ended = asyncio.Event()
        if self.running:
            self._ended(KILLED)
        self._process: subprocess.Popen[bytes] | None = None
        self._resolver: asyncio.BaseTransport | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def folder(self) -> Path:
        """Files of this container."""
        return STORE / self.id

    @property
    def log_file(self) -> Path:
        """The json-file log."""
        return self.folder / f"{self.id}-json.log"

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return bool(self.state["Status"] == "running")

    def save(self) -> None:
        """Keep configuration and state on disk."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "config.json").write_text(json.dumps({"config": self.config.to_json(), "state": self.state}))

    def remove(self) -> None:
        """Remove its files."""
        shutil.rmtree(self.folder, ignore_errors=True)

    async def start(self, attachments: list[Attachment], resolve: Callable[[str], str | None]) -> None:
        """
        Run the container's process.

        Raises:
            StartError: A mount's source is missing, or there is no such program.
        """
        self.attachments = attachments
        self._check_mounts()
        self.ended = asyncio.Event()
        self.state |= {"Status": "running", "StartedAt": now(), "FinishedAt": NEVER, "ExitCode": 0, "Error": ""}
        if not self._may_execute():
            self._log("stderr", f"exec {self._argv()[0]}: operation not permitted")
            self._ended(NOT_PERMITTED)
            return
        sandbox.lay_out(self.folder / "root", self.config, self.id, attachments)
        log, log_writer = os.pipe()
        started: asyncio.Future[Running | OSError] = asyncio.get_running_loop().create_future()
        threading.Thread(target=self._hold, args=(log_writer, started, asyncio.get_running_loop()), daemon=True).start()
        outcome = await started
        os.close(log_writer)
        if isinstance(outcome, OSError):
            os.close(log)
            self._ended(NOT_FOUND)
            raise StartError(str(outcome))
        self._process, self.pid = outcome.process, outcome.pid
        if outcome.resolver is not None:
            self._resolver = await names.serve_names(outcome.resolver, resolve)
        recorder = self._keep(self._record(log))
        self._keep(self._watch(recorder))
        self.save()

    def _check_mounts(self) -> None:
        for mount in self.config.mounts:
            if not Path(mount.source).exists():
                raise StartError(
                    f'invalid mount config for type "bind": bind source path does not exist: {mount.source}'
                )

        for device in self.config.devices:
            if not Path(device.source).exists():
                raise StartError(
                    f'error gathering device information while adding custom device "{device.source}": '
                    "no such file or directory"
                )

    def _keep(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _argv(self) -> list[str]:
        return sandbox.argv(self.config)

    def _may_execute(self) -> bool:
        """Return whether the kernel would execute the program: its file capabilities must be in the bounding set."""
        image = image_of(self.config.image)
        own_program = Path(self._argv()[0]).name == image.kind
        return not own_program or image.file_capabilities <= set(self.config.capabilities())

    def _hold(self, log: int, started: "asyncio.Future[Running | OSError]", loop: asyncio.AbstractEventLoop) -> None:
        """Be the thread that the container's process dies with."""
        try:
            made = process.start(self.config, self.folder / "root", self.id, self.attachments, log)
        except OSError as problem:
            loop.call_soon_threadsafe(started.set_result, problem)
            return
        loop.call_soon_threadsafe(started.set_result, made)
        made.process.wait()

    async def _record(self, log: int) -> None:
        reader = asyncio.StreamReader(limit=16 * 1024 * 1024)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(log, "rb"))
        while line := await reader.readline():
            self._log("stdout", line.decode(errors="replace").rstrip("\n"))
        transport.close()

    def _log(self, stream: str, text: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("a") as file:
            file.write(json.dumps({"log": text + "\n", "stream": stream, "time": now()}) + "\n")

    async def _watch(self, recorder: "asyncio.Task[None]") -> None:
        assert self._process is not None  # noqa: S101 - started
        code = await asyncio.to_thread(self._process.wait)
        await asyncio.wait([recorder], timeout=LAST_WORDS_SECONDS)
        if self._resolver is not None:
            self._resolver.close()
        self._ended(code if code >= 0 else 128 - code)

    def _ended(self, code: int) -> None:
        self.pid = 0
        self.state |= {"Status": "exited", "ExitCode": code, "FinishedAt": now()}
        self.save()
        self.on_end()
        self.ended.set()

    async def stop(self, grace_seconds: float) -> None:
        """Ask the process to end, and kill it after *grace_seconds* of the machine's time."""
        if not self.running:
            return
        self.kill(signal.SIGTERM)
        try:
            await asyncio.wait_for(self.ended.wait(), grace_seconds / SPEED)
        except TimeoutError:
            self.kill(signal.SIGKILL)
            await self.ended.wait()

    def kill(self, number: signal.Signals) -> None:
        """Send a signal to the container's first process."""
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def inspect(self) -> dict[str, Any]:
        """Return what docker inspect shows."""
        state = self.state | {"Running": self.running, "Pid": self.pid}
        return {"Id": self.id, "State": state, "LogPath": str(self.log_file)} | description.of(
            self.config, self.id, self.attachments
        )
