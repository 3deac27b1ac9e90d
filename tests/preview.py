"""A preview of a program in the local cloud, and what was seen in it."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pulumi.runtime.proto import resource_pb2

from scripts.localcloud.cloud import Cloud
from scripts.localcloud.inprocess.events import Registration
from scripts.localcloud.inprocess.monitor import CloudMonitor, Setup
from scripts.localcloud.inprocess.program import Config, run
from scripts.localcloud.inprocess.stack_file import StackFile


@dataclasses.dataclass(frozen=True)
class Seen:
    """What a program registered in a preview, and what it said."""

    good: bool
    resources: dict[str, Registration]
    said: str

    def inputs(self, name: str) -> dict[str, Any]:
        """Return the inputs of the resource called *name*."""
        return dict(self.resources[name].inputs)

    def options(self, name: str) -> resource_pb2.RegisterResourceRequest:
        """Return the request that registered *name*, with its options."""
        request = self.resources[name].request
        assert isinstance(request, resource_pb2.RegisterResourceRequest)
        return request


class Preview:
    """Runs a program in a preview, in this process; keyword arguments are `llm:` config."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def __call__(self, program: Callable[[], object], **config: str) -> Seen:
        """Return what *program* registered and said."""
        values = {"alicloud:region": "cn-hangzhou"} | {f"llm:{name}": value for name, value in config.items()}
        setup = Setup("llm", "dev", "cn-hangzhou", preview=True)
        monitor = CloudMonitor(Cloud(self.home), setup, StackFile(self.home, "llm", "dev"))

        def quiet() -> None:
            program()

        good = run(quiet, monitor, Config(values))
        said = "\n".join(message.text for message in monitor.journal.messages)
        return Seen(good, {one.name: one for one in monitor.journal.registrations}, said)
