"""The service manager that systemctl talks to."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from scripts.localcloud.machines.guest.places import HIDDEN
from scripts.localcloud.machines.guest.systemd import unitfile
from scripts.localcloud.machines.guest.systemd.service import Service
from scripts.localcloud.machines.guest.systemd.unitfile import Unit, UnitError
from scripts.localcloud.machines.guest.wire import Message

CONFIGURED = Path("/etc/systemd/system")
FOLDERS = (CONFIGURED, Path("/run/systemd/system"), HIDDEN / "units")
CLOUD_FINAL = "cloud-final.service"
PASSIVE = {CLOUD_FINAL, "network-online.target", "network.target", "multi-user.target", "cloud-init.target"}
"""Units that only order others; cloud-final is over when the user data is."""

NOT_ACTIVE, NO_SUCH_UNIT = 3, 5
"""Exit statuses of systemctl. Source: systemctl(1)."""


def full_name(name: str) -> str:
    """Return *name* with the suffix that systemctl adds."""
    return name if name.rpartition(".")[2] in ("service", "target") else f"{name}.service"


def _enabled_links() -> list[Path]:
    return sorted(CONFIGURED.glob("*.target.wants/*.service"))


class Manager:
    """Loads units, starts them in order, answers systemctl."""

    def __init__(self) -> None:
        self._services: dict[str, Service] = {}
        self._changed: set[str] = set()
        self._jobs: set[asyncio.Task[None]] = set()
        self.user_data_done = asyncio.Event()
        self._verbs: dict[str, Callable[[list[str], Message], Awaitable[Message]]] = {
            "start": self._start_verb,
            "stop": self._stop_verb,
            "restart": self._restart_verb,
            "enable": self._enable_verb,
            "disable": self._disable_verb,
            "daemon-reload": self._reload_verb,
            "reset-failed": self._reset_verb,
            "is-active": self._is_active_verb,
            "is-enabled": self._is_enabled_verb,
            "is-failed": self._is_failed_verb,
            "show": self._show_verb,
            "status": self._status_verb,
        }

    async def handle(self, message: Message) -> Message:
        """Answer one systemctl call: ``verb``, ``units`` and options in, ``exit``, ``out`` and ``err`` out."""
        units = [full_name(name) for name in message["units"]]
        try:
            return {"exit": 0, "out": "", "err": ""} | await self._verbs[message["verb"]](units, message)
        except UnitError as problem:
            return {"exit": 1, "out": "", "err": f"{problem}\n"}
        except LookupError as problem:
            return {"exit": NO_SUCH_UNIT, "out": "", "err": f"Unit {problem.args[0]} not found.\n"}

    def boot(self) -> None:
        """Start every enabled unit."""
        self._queue(self._enabled())

    async def shut_down(self) -> None:
        """Stop everything, the container engine last."""
        late = "docker.service"
        await asyncio.gather(*(service.stop() for name, service in self._services.items() if name != late))
        if late in self._services:
            await self._services[late].stop()

    def _enabled(self) -> list[str]:
        return sorted({link.name for link in _enabled_links()})

    def _service(self, name: str) -> Service:
        """
        Return the service *name*, read again when its file has not been read yet.

        Raises:
            KeyError: There is no such unit.
        """
        if name not in self._services:
            unit = unitfile.load(name, FOLDERS)
            if unit is None:
                raise KeyError(name)
            self._services[name] = Service(unit)
        return self._services[name]

    def _queue(self, names: Iterable[str]) -> list[asyncio.Task[None]]:
        jobs = [asyncio.ensure_future(self._start(name)) for name in names]
        for job in jobs:
            self._jobs.add(job)
            job.add_done_callback(self._finish)
        return jobs

    def _finish(self, job: asyncio.Task[None]) -> None:
        self._jobs.discard(job)
        if not job.cancelled():
            job.exception()

    async def _start(self, name: str) -> None:
        if name in PASSIVE:
            return
        service = self._service(name)
        unit = service.unit
        for needed in [*unit.words("Unit.Requires"), *unit.words("Unit.BindsTo")]:
            await self._start(full_name(needed))
        for wanted in unit.words("Unit.Wants"):
            if self._exists(full_name(wanted)):
                await self._start(full_name(wanted))
        await asyncio.gather(*(self._settled(full_name(earlier)) for earlier in unit.words("Unit.After")))
        service.launch()
        await service.settled.wait()

    def _exists(self, name: str) -> bool:
        return name in PASSIVE or any((folder / name).exists() for folder in FOLDERS)

    async def _settled(self, earlier: str) -> None:
        if earlier == CLOUD_FINAL:
            await self.user_data_done.wait()
        elif earlier in self._services and self._services[earlier].busy:
            await self._services[earlier].settled.wait()

    async def _start_verb(self, units: list[str], message: Message) -> Message:
        for name in units:
            if name not in PASSIVE:
                self._service(name)
        jobs = self._queue(units)
        if message.get("no_block"):
            return {}
        await asyncio.gather(*jobs)
        failed = [name for name in units if name not in PASSIVE and self._service(name).result != "success"]
        text = "".join(f"Job for {name} failed. See 'journalctl -xeu {name}' for details.\n" for name in failed)
        return {"exit": 1 if failed else 0, "err": text}

    async def _stop_verb(self, units: list[str], message: Message) -> Message:
        stops = asyncio.gather(*(self._service(name).stop() for name in units))
        if not message.get("no_block"):
            await stops
        return {}

    async def _restart_verb(self, units: list[str], message: Message) -> Message:
        async def again() -> Message:
            await self._stop_verb(units, {})
            return await self._start_verb(units, {})

        task = asyncio.ensure_future(again())
        if not message.get("no_block"):
            return await task
        self._jobs.add(task)  # type: ignore[arg-type]
        return {}

    async def _enable_verb(self, units: list[str], message: Message) -> Message:
        for name in units:
            unit = self._read(name)
            targets = unit.words("Install.WantedBy")
            if not targets:
                raise UnitError(f"The unit file {name} has no [Install] section with WantedBy=.")
            for target in targets:
                link = CONFIGURED / f"{target}.wants" / name
                link.parent.mkdir(parents=True, exist_ok=True)
                link.unlink(missing_ok=True)
                link.symlink_to(next(folder / name for folder in FOLDERS if (folder / name).exists()))
        return await self._start_verb(units, message) if message.get("now") else {}

    def _read(self, name: str) -> Unit:
        unit = unitfile.load(name, FOLDERS)
        if unit is None:
            raise KeyError(name)
        return unit

    async def _disable_verb(self, units: list[str], message: Message) -> Message:
        for link in _enabled_links():
            if link.name in units:
                link.unlink()
        return await self._stop_verb(units, message) if message.get("now") else {}

    async def _reload_verb(self, _units: list[str], _message: Message) -> Message:
        for name, service in list(self._services.items()):
            unit = unitfile.load(name, FOLDERS)
            if unit is None and not service.busy:
                del self._services[name]
            elif unit is not None:
                service.unit = unit
        return {}

    async def _reset_verb(self, units: list[str], _message: Message) -> Message:
        for service in [self._service(name) for name in units] or list(self._services.values()):
            service.reset()
        return {}

    def _states(self, units: list[str]) -> list[str]:
        return [self._services[name].state if name in self._services else "inactive" for name in units]

    async def _is_active_verb(self, units: list[str], _message: Message) -> Message:
        states = self._states(units)
        return {"exit": 0 if "active" in states else NOT_ACTIVE, "out": "".join(f"{state}\n" for state in states)}

    async def _is_failed_verb(self, units: list[str], _message: Message) -> Message:
        states = self._states(units)
        return {"exit": 0 if "failed" in states else 1, "out": "".join(f"{state}\n" for state in states)}

    async def _is_enabled_verb(self, units: list[str], _message: Message) -> Message:
        words = ["enabled" if name in self._enabled() else "disabled" for name in units]
        return {"exit": 0 if "enabled" in words else 1, "out": "".join(f"{word}\n" for word in words)}

    async def _show_verb(self, units: list[str], message: Message) -> Message:
        service = self._service(units[0])
        properties = {
            "Id": service.unit.name,
            "ActiveState": service.state,
            "SubState": service.sub_state,
            "Result": service.result,
            "NRestarts": str(service.restarts),
            "ExecMainStatus": str(service.exit_status),
            "MainPID": str(service.main_pid),
        }
        wanted = message.get("properties") or list(properties)
        unknown = [name for name in wanted if name not in properties]
        if unknown:
            raise UnitError(f"stand-in: no property {', '.join(unknown)}")
        form = "{1}\n" if message.get("value") else "{0}={1}\n"
        return {"out": "".join(form.format(name, properties[name]) for name in wanted)}

    async def _status_verb(self, units: list[str], _message: Message) -> Message:
        service = self._service(units[0])
        text = f"{service.unit.name} - {service.unit.text('Unit.Description')}\n"
        text += f"     Active: {service.state} ({service.sub_state})\n"
        return {"exit": 0 if service.state == "active" else NOT_ACTIVE, "out": text}
