"""ECS instances, as a plan sees them."""

import dataclasses
from collections.abc import Iterable
from typing import ClassVar

from components import catalog
from components.catalog import Gpu, Instance, Model
from components.plan.nodes import Node, Nodes, Problem
from components.plan.words import gib
from components.sizing import GIB, disk_gib, least_disk_gib


@dataclasses.dataclass(frozen=True, kw_only=True)
class Machines(Nodes[Instance]):
    """Instances of one type, each with a disk for the weights."""

    erdma: bool = False
    """They reach each other over eRDMA."""
    weights_disk_gib: int | None = None

    KIND: ClassVar[str] = "instance_type"
    SIZE: ClassVar[str] = "instance_type"
    LARGER: ClassVar[str] = "a larger instanceType"
    ALL_AT_WORK: ClassVar[str] = "Two machines work with all of theirs"
    ALONE: ClassVar[str] = "topology single-ecs (SingleEcsLlm)"

    @property
    def rdma(self) -> bool:
        """Say whether they reach each other over eRDMA."""
        return self.erdma

    @property
    def rdma_devices(self) -> int:
        """How many eRDMA interfaces each machine has; one where the catalog knows only that there are some."""
        return self.each.rdma_interfaces or 1 if self.erdma else 0

    @property
    def words(self) -> str:
        """The instance type, counted unless it is one."""
        return self.each.name if self.count == 1 else f"{self.count} x {self.each.name}"

    @property
    def loopback(self) -> bool:
        """Say whether the engine shares the machine's network; alone it has one of its own, with the gate in it."""
        return self.count > 1

    def disk_gib(self, model: Model) -> int:
        """Return GiB of the disk for the weights, as asked for or computed."""
        return self.weights_disk_gib or disk_gib(model.weights_bytes)

    def others(self) -> Iterable[Nodes[Node]]:
        """Return every instance type, for several machines those with the fastest network first."""
        found = catalog.rows(Instance).values()
        ranked = found if self.count == 1 else sorted(found, key=lambda row: row.network_gbps or 0, reverse=True)
        return (dataclasses.replace(self, each=row) for row in ranked)

    def more(self) -> tuple[str, Nodes[Node]] | None:
        """Return two machines in place of one."""
        if self.count > 1:
            return None
        text = "No instance type of the catalog works alone; topology dual-ecs-ray works"
        return text, dataclasses.replace(self, count=2, erdma=True)

    @property
    def none_works(self) -> str:
        """Says that the catalog has no choice in their place."""
        alone = "No instance type of the catalog works, nor two of them"
        return alone if self.count == 1 else "No two machines of the catalog work"

    def problems(self, model: Model) -> Iterable[Problem]:
        """Return what is wrong with the disk and the network between them."""
        least = least_disk_gib(model.weights_bytes)
        if self.weights_disk_gib is not None and self.weights_disk_gib < least:
            weights = f"{model.name} ({gib(model.weights_bytes)})"
            text = f"{self.weights_disk_gib} GiB, and {weights} needs {least} GiB, with the file system and the "
            yield Problem("weights_disk_gib", f"{text}engine's cache. Use {least} or more, or leave it out.")
        if self.erdma and not self.each.eri:
            text = f"{self.each.name} has no eRDMA interface. Use interconnect 'tcp', or a type that has one."
            yield Problem("instance_type", text, hardware=True, final=True)

    def warnings(self, gpu: Gpu) -> Iterable[str]:
        """Return what was not read of them."""
        if gpu.confidence == "unverified":
            yield f"the memory of {gpu.name} was not read on a machine; see gpus.toml"
        if self.erdma and self.each.rdma_interfaces is None:
            known = f"no page says how many eRDMA interfaces {self.each.name} has"
            yield f"{known}: {self.rdma_devices} is taken; see rdmaInterfaces"

    def rows(self, model: Model) -> Iterable[tuple[str, str]]:
        """Return the disk."""
        each = ", on each machine" if self.count > 1 else ""
        size = f"{model.weights_bytes / GIB:.1f} GiB of weights"
        yield "weights disk", f"{self.disk_gib(model)} GiB for {size}{each}"
