"""The process that holds one machine: its sandbox, the hosts it calls and the listeners that lead to it."""

import asyncio
import compileall
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from scripts.localcloud.machines import sandbox
from scripts.localcloud.machines.filesystem import link_commands
from scripts.localcloud.machines.guest import wire
from scripts.localcloud.machines.guest.boot import REBOOT_STATUS
from scripts.localcloud.machines.guest.places import INIT_SOCKET, NAMES_SOCKET, OWN
from scripts.localcloud.machines.hosts.serve import Hosts
from scripts.localcloud.machines.identity import process_identity
from scripts.localcloud.machines.layout import Place, write_json
from scripts.localcloud.machines.network.cable import Cable
from scripts.localcloud.machines.spec import Ingress
from scripts.localcloud.machines.wires import Wires

POLL_SECONDS = 0.01
LOOK_SECONDS = 1
BOOT_SECONDS = 30
"""How long the sandbox's init may take to answer; it needs a fraction of one second."""

STOP_SECONDS = 30
"""How long a machine may take to shut its services down before it is cut off."""


class Supervisor:
    """Runs one machine until it is stopped."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._spec = place.spec()
        self._wires = Wires(place)
        self._init = place.exchange / INIT_SOCKET.name
        self._sandbox: asyncio.subprocess.Process | None = None
        self._stopping = False
        self._booted = asyncio.Event()
        self._operations: dict[str, Callable[[wire.Message], Awaitable[wire.Message]]] = {
            "changed": self._changed,
            "command": self._command,
            "stop": self._stop,
            "reboot": self._reboot,
        }

    async def run(self, ready: Callable[[str], None]) -> None:
        """Boot, call *ready* with an empty text or the problem, and return when the machine is off."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._cut_off)
        serving = await self._serve()
        self._cable = Cable(self._place, self._spec.private_ip)
        life = asyncio.ensure_future(self._life())
        vigil = asyncio.ensure_future(self._end_with_home())
        try:
            await self._wait_for_init(life)
            await self._apply_reach()
            ready("")
            await life
        except (OSError, RuntimeError) as problem:
            ready(str(problem))
            self._cut_off()
            await life
        finally:
            vigil.cancel()
            self._cable.close()
            serving.close()

    async def _serve(self) -> contextlib.ExitStack:
        """Serve whoever controls the machine, and what the machine itself calls; return how to end it."""
        serving = contextlib.ExitStack()
        control = await wire.serve(self._place.control, self._handle)
        serving.callback(control.close)
        if self._spec.kind == "pod":
            names = await wire.serve(self._place.exchange / NAMES_SOCKET.name, self._name)
            serving.callback(names.close)
        if self._spec.kind != "balancer":
            serving.callback(Hosts(self._place, self._spec).close)
        return serving

    async def _name(self, message: wire.Message) -> wire.Message:
        from scripts.localcloud.machines.pods import naming  # noqa: PLC0415 - slow, and only pods need it

        cluster_id = self._spec.own["cluster_id"]
        return {"address": await asyncio.to_thread(naming.address, self._place.home, cluster_id, message["name"])}

    async def _end_with_home(self) -> None:
        """Cut the machine off when somebody has removed what it lives in."""
        while self._place.folder.exists():  # noqa: ASYNC110 - nobody would tell
            await asyncio.sleep(LOOK_SECONDS)
        self._cut_off()

    async def _life(self) -> None:
        status = REBOOT_STATUS
        while status == REBOOT_STATUS and not self._stopping:
            self._booted.clear()
            self._init.unlink(missing_ok=True)
            self._spec = self._place.spec()
            self._cable.mtu = self._spec.own_mtu
            self._publish()
            link_commands(self._place.commands, self._spec)
            with self._place.console.open("ab") as console:
                self._sandbox = await asyncio.create_subprocess_exec(
                    *sandbox.command(self._place, self._spec), stdin=subprocess.DEVNULL, stdout=console, stderr=console
                )
            self._watch_boot = asyncio.ensure_future(self._mark_booted())
            status = await self._sandbox.wait()

    async def _mark_booted(self) -> None:
        while not self._booted.is_set():
            with contextlib.suppress(OSError):
                await asyncio.to_thread(wire.request, self._init, {"op": "ping"})
                self._booted.set()
            await asyncio.sleep(POLL_SECONDS)

    async def _wait_for_init(self, life: asyncio.Task[None]) -> None:
        boot = asyncio.ensure_future(self._booted.wait())
        await asyncio.wait([boot, life], timeout=BOOT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if not boot.done():
            boot.cancel()
            tail = self._place.console.read_text(errors="replace")[-2000:].strip()
            raise RuntimeError(f"{self._spec.instance_id}: the sandbox did not boot: {tail or 'no output'}")

    def _publish(self) -> None:
        """Tell the inside what it may know."""
        state, spec = self._place.read(), self._place.spec()
        shown = {key: value for key, value in spec.to_json().items() if key not in ("user_data", "role_name", "own")}
        shown |= {key: state[key] for key in ("internet", "disks", "names", "rdma_devices")} | {"mtu": spec.own_mtu}
        if spec.faults.get("no_disk"):
            shown["disks"] = []
        shown |= {"python": sandbox.python_facts(), "engines": sandbox.engine_facts(self._place.home)}
        write_json(self._place.exchange / "machine.json", shown)
        write_json(self._place.exchange / OWN.name, spec.own)
        # In place, because containers have this very file mounted.
        (self._place.exchange / "faults.json").write_text(json.dumps(spec.faults))
        (self._place.exchange / "user-data").write_text(spec.user_data)

    async def _apply_reach(self) -> None:
        state = self._place.read()
        self._cable.group.allow(Ingress(**rule) for rule in state["ingress"])
        await self._wires.set({(address, port) for address, port in state["listeners"]})

    async def _handle(self, message: wire.Message) -> wire.Message:
        return await self._operations[message["op"]](message)

    async def _changed(self, _message: wire.Message) -> wire.Message:
        self._publish()
        await self._apply_reach()
        await self._booted.wait()
        return await asyncio.to_thread(wire.request, self._init, {"op": "changed"})

    async def _command(self, message: wire.Message) -> wire.Message:
        await self._booted.wait()
        return await asyncio.to_thread(wire.request, self._init, message)

    async def _shut_down(self, status: int, grace_seconds: float | None = None) -> None:
        await self._booted.wait()
        assert self._sandbox is not None  # noqa: S101 - booted
        self._booted.clear()
        message = {"op": "shutdown", "status": status, "grace_seconds": grace_seconds}
        await asyncio.to_thread(wire.request, self._init, message)
        sandbox_process = self._sandbox
        try:
            await asyncio.wait_for(sandbox_process.wait(), STOP_SECONDS)
        except TimeoutError:
            sandbox_process.kill()
            await sandbox_process.wait()

    async def _stop(self, message: wire.Message) -> wire.Message:
        self._stopping = True
        await self._shut_down(0, message["grace_seconds"])
        return {}

    async def _reboot(self, _message: wire.Message) -> wire.Message:
        await self._shut_down(REBOOT_STATUS)
        await self._booted.wait()
        return {}

    def _cut_off(self) -> None:
        self._stopping = True
        if self._sandbox is not None and self._sandbox.returncode is None:
            self._sandbox.kill()


def _hold(place: Place, report: int) -> None:
    """Be the detached process: *report* is the pipe on which the starter waits."""

    def ready(problem: str) -> None:
        with contextlib.suppress(OSError):
            os.write(report, (problem or "ok").encode())
            os.close(report)

    place.pid_file.write_text(process_identity(os.getpid()))
    try:
        asyncio.run(Supervisor(place).run(ready))
    finally:
        place.pid_file.unlink(missing_ok=True)


def _compile() -> None:
    """Leave bytecode beside the sources that machines mount read-only: a stand-in command starts twice as fast."""
    for name in ("guest", "engine"):
        compileall.compile_dir(Path(__file__).parent / name, quiet=2)


def main(home: str, instance_id: str) -> int:
    """Start a detached supervisor; return when its machine's init answers, 1 with the reason on stderr if not."""
    place = Place(Path(home), instance_id)
    _compile()
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.close(reading)
        os.setsid()
        with place.console.open("ab") as console:
            os.dup2(console.fileno(), 1)
            os.dup2(console.fileno(), 2)
        _hold(place, writing)
        return 0
    os.close(writing)
    with os.fdopen(reading) as report:
        problem = report.read()
    if problem != "ok":
        sys.stderr.write(problem or f"{instance_id}: its supervisor died, see {place.console}")
    return int(problem != "ok")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
