"""An instance's first program: services, user data, Cloud Assistant."""

import asyncio
from pathlib import Path

from scripts.localcloud.machines.guest import agent, boot, cloudinit, gpus, mounts, names, rdma, wire
from scripts.localcloud.machines.guest.places import EXCHANGE, METADATA_SOCKET, SYSTEMD_SOCKET, machine
from scripts.localcloud.machines.guest.reach import VPC_HOST, Reach
from scripts.localcloud.machines.guest.systemd.manager import Manager


class Init(boot.Boot):
    """Makes the machine an instance."""

    def __init__(self) -> None:
        super().__init__(Reach([(names.METADATA_ADDRESS, 80, METADATA_SOCKET), VPC_HOST], names.instance_address))
        self._manager = Manager()
        self._server: asyncio.Server | None = None
        self.operations["command"] = self._command

    async def begin(self) -> None:
        """Start the services, and what the user data wants in the background."""
        _prepare_folders()
        self._server = await wire.serve(SYSTEMD_SOCKET, self._manager.handle)
        mounts.apply_disks()
        gpus.make_devices()
        self._manager.boot()
        self.keep(self._user_data())

    async def follow(self) -> None:
        """Follow disks and interfaces as they come and go."""
        mounts.apply_disks()
        rdma.follow()

    async def end(self, grace_seconds: float | None) -> None:  # noqa: ARG002 - every unit has its own
        """Stop the services."""
        await self._manager.shut_down()

    async def _user_data(self) -> None:
        if machine()["faults"].get("never_boots"):
            return
        text = (EXCHANGE / "user-data").read_text()
        await asyncio.to_thread(cloudinit.run, text, machine()["instance_id"])
        self._manager.user_data_done.set()

    async def _command(self, message: wire.Message) -> wire.Message:
        return await agent.run(message["script"], message["timeout_seconds"])


def _prepare_folders() -> None:
    for folder in ("/run/systemd/system", "/run/lock", "/run/cloud-init", "/var/log/journal"):
        Path(folder).mkdir(parents=True, exist_ok=True)
    Path("/tmp").chmod(0o1777)  # noqa: S108 - the machine's own


def main() -> None:
    """Run the instance until it is shut down."""
    boot.run(Init)
