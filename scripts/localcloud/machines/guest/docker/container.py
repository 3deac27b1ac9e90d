"""One container: its files, its namespaces, its process, its log."""

import asyncio
import contextlib
import datetime as dt
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from scripts.localcloud.machines.guest import names, netlink
from scripts.localcloud.machines.guest.clock import SPEED
from scripts.localcloud.machines.guest.docker import sandbox
from scripts.localcloud.machines.guest.docker.config import ContainerConfig
from scripts.localcloud.machines.guest.docker.images import image_of
from scripts.localcloud.machines.guest.docker.networks import Network

STORE = Path("/var/lib/docker/containers")
NEVER = "0001-01-01T00:00:00Z"
NOT_PERMITTED = 255
"""Exit status of a container whose program may not be executed."""

NOT_FOUND = 127
KILLED = 137
LAST_WORDS_SECONDS = 2
"""How long the log of an ended container may take to be read to its end."""

Attachment = tuple[Network, str]


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
        sandbox.lay_out(self.folder / "root", self.id, attachments)
        log, log_writer = os.pipe()
        started: asyncio.Future[socket.socket | OSError] = asyncio.get_running_loop().create_future()
        threading.Thread(target=self._hold, args=(log_writer, started, asyncio.get_running_loop()), daemon=True).start()
        outcome = await started
        os.close(log_writer)
        if isinstance(outcome, OSError):
            os.close(log)
            self._ended(NOT_FOUND)
            raise StartError(str(outcome))
        self._resolver = await names.serve_names(outcome, resolve)
        recorder = self._keep(self._record(log))
        self._keep(self._watch(recorder))
        self.save()

    def _check_mounts(self) -> None:
        for mount in self.config.mounts:
            if not Path(mount.source).exists():
                raise StartError(
                    f'invalid mount config for type "bind": bind source path does not exist: {mount.source}'
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

    def _hold(
        self, log: int, started: "asyncio.Future[socket.socket | OSError]", loop: asyncio.AbstractEventLoop
    ) -> None:
        """Be the thread whose network namespace the container has: its process dies with this thread."""
        try:
            namespace = netlink.new_namespace()
            self._connect(namespace)
            resolver = names.datagram_socket(names.CONTAINER_RESOLVER_ADDRESS)
            reading, writing = os.pipe()
            command = sandbox.command(self.folder / "root", self.config, self.id, writing)
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[writing], env={}
            )
            os.close(writing)
            with os.fdopen(reading) as info:
                self.pid = json.loads(info.read() or '{"child-pid": 0}')["child-pid"]
            self._process = process
        except OSError as problem:
            loop.call_soon_threadsafe(started.set_result, problem)
            return
        loop.call_soon_threadsafe(started.set_result, resolver)
        process.wait()
        os.close(namespace)

    def _connect(self, namespace: int) -> None:
        """Give the namespace one interface per network, and a way out when a network has one."""
        for index, (network, address) in enumerate(self.attachments):
            netlink_name = f"v{self.id[:8]}{index}"
            sandbox.in_machine_network(lambda: netlink.add_veth(netlink_name, network.bridge, f"eth{index}", namespace))  # noqa: B023 - called at once
            netlink.add_address(f"eth{index}", address, 16)
            netlink.bring_up(f"eth{index}")
        outer = [network for network, _ in self.attachments if not network.internal]
        if outer:
            netlink.add_default_route(outer[0].gateway)

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
        """Return what docker inspect shows, as far as it is modelled."""
        argv = self._argv()
        config = self.config
        return {
            "Id": self.id,
            "Name": f"/{config.name}",
            "Path": argv[0],
            "Args": argv[1:],
            "State": self.state | {"Running": self.running, "Pid": self.pid},
            "Image": config.image,
            "LogPath": str(self.log_file),
            "Config": {
                "Image": config.image,
                "Hostname": self.id[:12],
                "Env": [f"{name}={value}" for name, value in sandbox.environment(config).items()],
                "Cmd": config.command,
                "Entrypoint": config.entrypoint,
                "Labels": config.labels,
                "WorkingDir": config.working_dir,
            },
            "HostConfig": {
                "Binds": [
                    f"{mount.source}:{mount.target}:{'ro' if mount.read_only else 'rw'}" for mount in config.mounts
                ],
                "CapAdd": config.cap_add,
                "CapDrop": config.cap_drop,
                "LogConfig": {"Type": "json-file", "Config": config.log_options},
                "Privileged": False,
                "ReadonlyRootfs": config.read_only,
                "Tmpfs": dict.fromkeys(config.tmpfs, ""),
            },
            "NetworkSettings": {
                "Networks": {network.name: {"IPAddress": address} for network, address in self.attachments},
                "Ports": {
                    f"{port.container_port}/tcp": [{"HostIp": port.host_address, "HostPort": str(port.host_port)}]
                    for port in config.ports
                },
            },
        }
