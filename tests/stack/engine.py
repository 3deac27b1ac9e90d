"""The engine as a component plugin sees it: it asks for components, and takes what they register."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from scripts.localcloud.cloud import Cloud
from scripts.localcloud.inprocess.events import Journal, Registration
from scripts.localcloud.inprocess.face import served
from scripts.localcloud.inprocess.monitor import CloudMonitor, Setup
from scripts.localcloud.inprocess.stack_file import StackFile
from scripts.localcloud.machine import NoMachines

STACK = "urn:pulumi:dev::llm::pulumi:pulumi:Stack::llm-dev"
VPC = "urn:pulumi:dev::llm::alicloud:vpc/network:Network::net"

SIGNATURE = "4dabf18193072939515e22adb298388d"


def output(*value: object, secret: bool = False, of: str = "") -> dict[str, object]:
    """Return an Output as the engine sends it: unknown without a value."""
    known = {"value": value[0]} if value else {}
    marks = {**({"secret": True} if secret else {}), **({"dependencies": [of]} if of else {})}
    return {SIGNATURE: "d0e6a833031e9bbcd3f4e8bde6ca49a4", **known, **marks}


@dataclass(frozen=True)
class Built:
    """What came of a component: what the plugin answered, and what it registered."""

    response: provider_pb2.ConstructResponse
    resources: Mapping[str, Registration]

    @property
    def state(self) -> dict[str, Any]:
        """The component's outputs as they travel."""
        return json_format.MessageToDict(self.response.state)


class Engine:
    """The engine of one stack, as far as a plugin sees it."""

    def __init__(self, home: Path, plugin: provider_pb2_grpc.ResourceProviderStub) -> None:
        self._home = home
        self._plugin = plugin

    def construct(
        self,
        name: str,
        inputs: Mapping[str, Any],
        *,
        kind: str = "SingleEcsLlm",
        preview: bool = True,
        **also: Any,  # noqa: ANN401 - fields of the request
    ) -> Built:
        """Ask for a component; an input that is None is left out."""
        sent = Struct()
        sent.update({name: value for name, value in {"zoneId": "cn-hangzhou-i", **inputs}.items() if value is not None})
        monitor = monitor_at(self._home, Journal(), preview=preview)
        with served(monitor) as address:
            request = provider_pb2.ConstructRequest(
                project="llm",
                stack="dev",
                config={"alicloud:region": "cn-hangzhou"},
                dryRun=preview,
                parallel=8,
                monitorEndpoint=address,
                type=f"alicloud-llm:index:{kind}",
                name=name,
                parent=STACK,
                inputs=sent,
                accepts_output_values=True,
                **also,
            )
            response = self._plugin.Construct(request, timeout=60)
        return Built(response, {one.name: one for one in monitor.journal.registrations})


def monitor_at(home: Path, journal: Journal, *, preview: bool = True) -> CloudMonitor:
    """Return the monitor of a run in the local cloud at *home*, whose machines only pretend."""
    setup = Setup("llm", "dev", "cn-hangzhou", preview=preview)
    cloud = Cloud(home, NoMachines("", pretend=True))
    return CloudMonitor(cloud, setup, StackFile(home, "llm", "dev"), journal)
