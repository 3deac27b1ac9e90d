"""Arguments of `DualEcsRayLlm`."""

import dataclasses
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal

import pydantic

from components import catalog
from components.args.base import rule
from components.args.ecs import LONGEST_BOOT_MINUTES, EcsLlmArgs, ReadyMinutes, boot_minutes
from components.args.machine import PLANNED
from components.args.network import Bandwidth
from components.args.serving import Count, ModelId
from components.args.values import InstanceTypeName, NcclVariables, within
from components.catalog import Fabric, Instance
from components.plan import Machines, PlanRequest, Problem

WORKER_MINUTES = 20
"""
Estimate: from the first machine's boot to the second's call, doubled.

The second is ordered once the first one's address is known, and a bare-metal type tests its memory before it boots.
"""

NODE_PORTS = {
    range(6370, 6371): "the machines' own line",
    range(6379, 6386): "Ray",
    range(8265, 8266): "Ray's dashboard",
    range(10001, 11000): "Ray's workers",
    range(20000, 20007): "SGLang's processes",
    range(29501, 29503): "the processes of the model and of the link test",
    range(30000, 30001): "the engine behind the gate",
}
"""Ports of both machines that are taken; the model's processes choose more, from those for outgoing connections."""


def _one_type(value: object) -> object:
    if isinstance(value, list | tuple):
        raise ValueError(f"{value!r} is a list, and both machines are of one type. Give that type, once.")  # noqa: TRY004
    return value


def _ready_minutes(data: dict[str, Any]) -> int:
    return min(LONGEST_BOOT_MINUTES, boot_minutes(data, DualEcsRayLlmArgs.NODES) + WORKER_MINUTES)


class DualEcsRayLlmArgs(EcsLlmArgs):
    """Two GPU instances of one type serving one model together."""

    COMPONENT: ClassVar[str] = "DualEcsRayLlm"
    NODES: ClassVar[int] = 2

    model: ModelId = "deepseek-ai/DeepSeek-R1"

    instance_type: Annotated[InstanceTypeName, pydantic.BeforeValidator(_one_type)] = "ecs.ebmgn8v.48xlarge"
    """GPU instance type of both machines, one of the catalog's; `scripts/fit --nodes 2` lists those that work."""

    tensor_parallel: Count | None = None
    """GPUs that share each layer; default: those of one machine, with SGLang those of both, as the heads allow."""

    # The fastest: over the internet, 1.4 TB for both machines take 15 hours with it.
    eip_bandwidth_mbps: Bandwidth = 200

    ready_timeout_minutes: ReadyMinutes = pydantic.Field(default_factory=_ready_minutes)

    interconnect: Literal["erdma", "tcp"] = "erdma"
    """Network between the machines: `erdma` needs a type with eRDMA interfaces, `tcp` runs on any and is slower."""

    # With an instance the provider makes one interface beside the primary, not more.
    rdma_interfaces: Annotated[int, within(1, 2)] | None = None
    """eRDMA interfaces of each machine, one for each of its network cards; default: the catalog's number."""

    nccl_env: NcclVariables = pydantic.Field(default_factory=dict)
    """More `NCCL_…` and `GLOO_…` variables for the engine; they win over those of `components/catalog/fabrics.toml`."""

    launcher: Literal["native", "ray"] = "native"
    """What starts the engine on both machines: its own way, or `ray`, which the engine's image must hold."""

    worker_timeout_minutes: Annotated[int, within(2, LONGEST_BOOT_MINUTES)] = WORKER_MINUTES
    """How long the first machine waits for the second one's first call, which comes early in its boot."""

    @property
    def instance(self) -> Instance:
        """The catalog row of the instance type, with the number of eRDMA interfaces corrected."""
        row = super().instance
        given = self.rdma_interfaces
        return row if given is None else dataclasses.replace(row, rdma_interfaces=given)

    @property
    def low_latency(self) -> bool:
        """Say whether the machines go into a LowLatency deployment set, which takes some types and no spot machine."""
        return self.instance.low_latency and self.spot_strategy == "NoSpot"

    @property
    def rdma_devices(self) -> int:
        """How many eRDMA interfaces each machine has; none are asked for with TCP."""
        return self.machines.rdma_devices

    @property
    def mtu(self) -> int | None:
        """Frame size that the interfaces must have, where it matters."""
        return self._fabric.mtu

    @property
    def fabric_env(self) -> dict[str, str]:
        """What NCCL and Gloo are told about the network."""
        return {**self._fabric.env, **self.nccl_env}

    @property
    def _fabric(self) -> Fabric:
        return catalog.find(Fabric, self.interconnect)

    @property
    def machines(self) -> Machines:
        """What the model is spread over."""
        return dataclasses.replace(super().machines, count=self.NODES, erdma=self.interconnect == "erdma")

    def _plan_request(self) -> PlanRequest:
        return dataclasses.replace(super()._plan_request(), launcher=self.launcher)

    @rule(*PLANNED, "interconnect", "launcher", "rdma_interfaces")
    def _fits(self) -> Iterable[Problem]:
        return super()._fits()

    @rule("interconnect", "rdma_interfaces", "nccl_env")
    def _fabric_is_one(self) -> Iterable[Problem]:
        if self.interconnect == "tcp" and self.rdma_interfaces is not None:
            text = f"{self.rdma_interfaces} has no meaning with interconnect 'tcp'. Leave it out."
            yield Problem("rdma_interfaces", text)
        expected = self._fabric.env["NCCL_IB_DISABLE"]
        if self.nccl_env.get("NCCL_IB_DISABLE", expected) != expected:
            text = f"NCCL_IB_DISABLE contradicts interconnect {self.interconnect!r}. Change interconnect instead."
            yield Problem("nccl_env", text)

    @rule("vpc_id", "vswitch_id")
    def _nodes_have_a_vpc(self) -> Iterable[Problem]:
        if self.own_network and self.vpc_id is None and self.security_group_id is not None:
            yield Problem("vpc_id", "is required with vswitchId, for the machines' own security group to create in it.")

    @rule("port")
    def _port_is_free(self) -> Iterable[Problem]:
        for ports, user in NODE_PORTS.items():
            if self.port in ports:
                yield Problem("port", f"{self.port} is taken on both machines, by {user}. The usual one is 8000.")

    @rule("worker_timeout_minutes", "ready_timeout_minutes")
    def _worker_comes_in_time(self) -> Iterable[Problem]:
        waits, ends = self.worker_timeout_minutes, self.ready_timeout_minutes
        if waits >= ends:
            text = f"{waits} minutes, and `up` waits {ends} (readyTimeoutMinutes), so it would end before the machine "
            yield Problem(
                "worker_timeout_minutes", f"{text}says that the other one did not come. Use less than {ends}."
            )
