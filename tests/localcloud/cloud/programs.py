"""Programs for the monitor in this process, and a stack to run them on."""

from collections.abc import Callable
from typing import TypeAlias

import pulumi
import pulumi_alicloud as alicloud

from scripts.localcloud.cloud import Cloud
from scripts.localcloud.inprocess.monitor import CloudMonitor, Setup
from scripts.localcloud.inprocess.program import Config, run
from scripts.localcloud.inprocess.stack_file import StackFile
from tests.localcloud.cloud.world import Region

Program: TypeAlias = Callable[[], object]


class Runs:
    """Runs programs one after the other on one stack; *monitor* is that of the last run."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.monitor = self._fresh(preview=True, region="cn-hangzhou")

    def _fresh(self, *, preview: bool, region: str) -> CloudMonitor:
        setup = Setup("project", "dev", region, preview)
        return CloudMonitor(self._cloud, setup, StackFile(self._cloud.home, "project", "dev"))

    def __call__(self, program: Program, *, preview: bool = False, region: str = "cn-hangzhou") -> bool:
        """Run *program*; return whether it went well."""
        self.monitor = self._fresh(preview=preview, region=region)

        def quiet() -> None:
            program()

        return run(quiet, self.monitor, Config({"alicloud:region": region}))

    def steps(self) -> dict[str, str]:
        """Return the step of each resource of the last run."""
        return {item.name: item.step for item in self.monitor.journal.registrations}

    def errors(self) -> list[str]:
        """Return the errors of the last run."""
        return [message.text for message in self.monitor.journal.errors]


def network(**options: object) -> alicloud.vpc.Network:
    """Declare a VPC."""
    return alicloud.vpc.Network("net", cidr_block="10.0.0.0/8", opts=pulumi.ResourceOptions(**options))  # type: ignore[arg-type]  # names


def invocation(region: Region) -> Callable[..., object]:
    """Return what declares a run on an instance made outside of the program; it takes resource options."""
    instance, command = region.machine(), region.command()

    def declare(**options: object) -> object:
        return alicloud.ecs.EcsInvocation(
            "ready",
            command_id=command.id,
            instance_ids=[instance.id],
            opts=pulumi.ResourceOptions(**options),  # type: ignore[arg-type]  # names of options
        )

    return declare
