"""One service: start, watch, restart, stop."""

import asyncio
import contextlib
import os
import signal
import time
import uuid
from pathlib import Path

from scripts.localcloud.machines.guest import journal
from scripts.localcloud.machines.guest.clock import SPEED
from scripts.localcloud.machines.guest.processes import marked, signal_marked
from scripts.localcloud.machines.guest.systemd import environment
from scripts.localcloud.machines.guest.systemd.unitfile import INFINITY, Command, Unit, UnitError

POLL_SECONDS = 0.02
LONGEST_LINE_BYTES = 16 * 1024 * 1024
NOT_EXECUTABLE = 203
"""Exit status of a command that could not be started. Source: systemd.exec(5), EXIT_EXEC."""


class StartLimitError(UnitError):
    """The unit was started too often; Restart= no longer counts."""


class StepFailedError(Exception):
    """A command of the unit failed; *status* is its exit status, negative for a signal."""

    def __init__(self, what: str, status: int) -> None:
        super().__init__(f"{what}: exit status {status}")
        self.status = status


class Service:
    """A service with its state: inactive, activating, active, deactivating or failed."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.state = "inactive"
        self.sub_state = "dead"
        self.result = "success"
        self.restarts = 0
        self.exit_status = 0
        self.main_pid = 0
        self.settled = asyncio.Event()
        self._invocation = ""
        self._starts: list[float] = []
        self._task: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()
        self._cleaning = False
        self._readers: set[asyncio.Task[None]] = set()

    @property
    def busy(self) -> bool:
        """Whether a start or the service itself is under way."""
        return self._task is not None and not self._task.done()

    def launch(self) -> None:
        """Begin to start; ``settled`` is set when the start has succeeded or failed."""
        if self.busy:
            return
        self._stop.clear()
        self.settled = asyncio.Event()
        self._set("activating", "start")
        self._task = asyncio.ensure_future(self._life())

    async def stop(self) -> None:
        """Run ExecStop, end every process, run ExecStopPost; returns when nothing is left."""
        self._stop.set()
        if not self.busy:
            if self.state != "failed":
                self._set("inactive", "dead")
            return
        before = self.state
        self._set("deactivating", "stop")
        if before == "active":
            await self._quietly("Service.ExecStop")
        while self._task is not None and self.busy:
            if not self._cleaning:
                await self._end_processes()
            await asyncio.wait([self._task], timeout=POLL_SECONDS)

    def reset(self) -> None:
        """Forget a failure and the count of starts."""
        self._starts.clear()
        if self.state == "failed":
            self._set("inactive", "dead")

    def _set(self, state: str, sub_state: str) -> None:
        self.state, self.sub_state = state, sub_state
        if state in ("active", "failed", "inactive"):
            self.settled.set()

    def _say(self, text: str) -> None:
        journal.write(self.unit.name, "systemd", 1, text)

    async def _life(self) -> None:
        while True:
            failed = await self._once()
            self.settled.set()
            wanted = self.unit.text("Service.Restart", "no")
            final = self._stop.is_set() or self.result == "start-limit-hit"
            if final or not (wanted == "always" or (wanted == "on-failure" and failed)):
                self._set("failed" if failed and not self._stop.is_set() else "inactive", "dead")
                return
            self._set("activating", "auto-restart")
            self.restarts += 1
            self._say(f"Scheduled restart job, restart counter is at {self.restarts}.")
            if not await self._restart_delay():
                self._set("inactive", "dead")
                return

    async def _restart_delay(self) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), self.unit.seconds("Service.RestartSec", "100ms") / SPEED)
        return not self._stop.is_set()

    async def _once(self) -> bool:
        """Run the service once, start to end; return whether it failed."""
        self._invocation = uuid.uuid4().hex
        self.result, failed, self._cleaning = "success", False, False
        try:
            self._limit_starts()
            self._make_directories()
            await self._run_all("Service.ExecStartPre", self.unit.seconds("Service.TimeoutStartSec", "90s"))
            await self._main()
        except StepFailedError as problem:
            failed, self.result, self.exit_status = True, "exit-code", problem.status
            self._say(f"{problem}")
        except StartLimitError as problem:
            failed, self.result = True, "start-limit-hit"
            self._say(f"{problem}")
        except (UnitError, OSError) as problem:
            failed, self.result = True, "resources"
            self._say(f"{problem}")
        self._cleaning = True
        await self._end_processes()
        await self._quietly("Service.ExecStopPost")
        if failed:
            self._say(f"{self.unit.name}: Failed with result '{self.result}'.")
        return failed

    def _limit_starts(self) -> None:
        interval = self.unit.seconds("Unit.StartLimitIntervalSec", "10s") / SPEED
        burst = int(self.unit.text("Unit.StartLimitBurst", "5"))
        now = time.monotonic()
        self._starts = [start for start in self._starts if now - start < interval]
        if interval and len(self._starts) >= burst:
            raise StartLimitError("Start request repeated too quickly.")
        self._starts.append(now)

    def _make_directories(self) -> None:
        mode = int(self.unit.text("Service.RuntimeDirectoryMode", "0755"), 8)
        for name in self.unit.words("Service.RuntimeDirectory"):
            path = Path("/run") / name
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(mode)

    async def _main(self) -> None:
        kind = self.unit.text("Service.Type", "simple")
        commands = self.unit.commands("Service.ExecStart")
        if kind == "oneshot":
            await self._run_all("Service.ExecStart", self.unit.seconds("Service.TimeoutStartSec", "infinity"))
            if self.unit.text("Service.RemainAfterExit") in ("yes", "true", "on", "1"):
                self._set("active", "exited")
                await self._stop.wait()
            return
        process = await self._spawn(commands[0])
        self.main_pid = process.pid
        await self._run_all("Service.ExecStartPost", INFINITY)
        self._set("active", "running")
        self._say(f"Started {self.unit.name} - {self.unit.text('Unit.Description')}.")
        status = await process.wait()
        self.main_pid, self.exit_status = 0, status
        self._say(f"{self.unit.name}: Main process exited, status={status}")
        clean = {0, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP} | {
            int(word) for word in self.unit.words("Service.SuccessExitStatus") if word.isdigit()
        }
        if status not in clean and not self._stop.is_set():
            raise StepFailedError("ExecStart", status)

    async def _quietly(self, key: str) -> None:
        try:
            await self._run_all(key, self.unit.seconds("Service.TimeoutStopSec", "90s"))
        except StepFailedError as problem:
            self._say(f"{problem}")

    async def _run_all(self, key: str, limit_seconds: float) -> None:
        for command in self.unit.commands(key):
            process = await self._spawn(command)
            try:
                status = await asyncio.wait_for(process.wait(), None if limit_seconds == INFINITY else limit_seconds)
            except TimeoutError:
                signal_marked(self._invocation, signal.SIGKILL)
                raise StepFailedError(f"{key.partition('.')[2]} timed out", -signal.SIGKILL) from None
            if status != 0 and not command.may_fail:
                raise StepFailedError(f"{key.partition('.')[2]}={command.argv[0]}", status)

    async def _spawn(self, command: Command) -> asyncio.subprocess.Process:
        variables = environment.of(self.unit, self._invocation)
        if self.main_pid:
            variables["MAINPID"] = str(self.main_pid)
        argv = environment.expand(self.unit, command.argv, variables)
        try:
            process = await asyncio.create_subprocess_exec(
                *argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env=variables,
                cwd=self.unit.text("Service.WorkingDirectory", "/"),
                start_new_session=True,
                umask=int(self.unit.text("Service.UMask", "0022"), 8),
                limit=LONGEST_LINE_BYTES,
            )
        except OSError as problem:
            self._say(f"{argv[0]}: {os.strerror(problem.errno or 0)}")
            raise StepFailedError(f"Failed at step EXEC spawning {argv[0]}", NOT_EXECUTABLE) from problem
        reader = asyncio.ensure_future(self._record(process, Path(argv[0]).name))
        self._readers.add(reader)
        reader.add_done_callback(self._readers.discard)
        return process

    async def _record(self, process: asyncio.subprocess.Process, source: str) -> None:
        name = self.unit.text("Service.SyslogIdentifier", source)
        assert process.stdout is not None  # noqa: S101 - asked for above
        while line := await process.stdout.readline():
            journal.write(self.unit.name, name, process.pid, line.decode(errors="replace"))

    async def _end_processes(self) -> None:
        first = signal.Signals[self.unit.text("Service.KillSignal", "SIGTERM")]
        if self.unit.text("Service.KillMode") == "process":
            return
        if not signal_marked(self._invocation, first):
            return
        until = time.monotonic() + self.unit.seconds("Service.TimeoutStopSec", "90s")
        while any(marked(self._invocation)):
            if time.monotonic() > until:
                signal_marked(self._invocation, signal.SIGKILL)
            await asyncio.sleep(POLL_SECONDS)
