"""Pods of ACS, as a plan sees them."""

import contextlib
import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar

from components import catalog
from components.catalog import Gpu, Model, Series
from components.plan.cache import Cache
from components.plan.nodes import Node, Nodes, Problem
from components.plan.pod import PodShape, gpu_counts, pod_shape
from components.plan.request import PlanError
from components.plan.words import counted, one
from components.sizing import host_gib, host_vcpus

MOST = 4
"""Pods of one replica that are tried, where a user leaves the number open."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pods(Nodes[PodShape]):
    """Pods of one shape, *count* of them a replica, and the cache they load from."""

    replicas: int = 1
    most_replicas: int | None = None
    cache: Cache | None = None

    KIND: ClassVar[str] = "gpu_series"
    SIZE: ClassVar[str] = "gpus_per_pod"
    LARGER: ClassVar[str] = "more gpusPerPod"
    ALL_AT_WORK: ClassVar[str] = "Every pod works with all of its GPUs"
    ALONE: ClassVar[str] = "podsPerReplica 1"

    @property
    def rdma(self) -> bool:
        """Say whether they reach each other over RDMA: only pods that have a machine to themselves do."""
        return self.count > 1 and self.each.whole

    @property
    def words(self) -> str:
        """All of them in words."""
        return one(self.each.name) if self.count == 1 else f"{self.count} {self.each.name}s"

    @property
    def choice(self) -> str:
        """What a user writes to get them."""
        several = f" and podsPerReplica {self.count}" if self.count > 1 else ""
        return f"gpuSeries {self.each.series.name} with gpusPerPod {self.each.gpus}{several}"

    @property
    def loopback(self) -> bool:
        """Say whether the gate reaches the engine on loopback: they share their pod's network."""
        return True

    @property
    def engine_images(self) -> Mapping[str, str]:
        """Engine to the vendor's image of it, where the engines' own do not run on these GPUs."""
        return self.each.series.engine_images

    def others(self) -> Iterable[Nodes[Node]]:
        """Return every choice of pods that the catalog is sure of."""
        known = (row for row in catalog.rows(Series).values() if row.gpu and row.confidence != "unverified")
        for each, count in (choice for series in known for choice in choices(series)):
            yield dataclasses.replace(self, each=each, count=count)

    @property
    def none_works(self) -> str:
        """Says that the catalog has no choice in their place."""
        return f"No series of the catalog works, nor {MOST} pods of one"

    def problems(self, model: Model) -> Iterator[Problem]:
        """Yield what is wrong with the rest of the pod, and with the cache."""
        pod = f"an engine on {counted(self.each.gpus, 'GPU')}"
        vcpus, memory = host_vcpus(self.each.gpus), host_gib(self.each.gpus)
        if self.each.vcpus < vcpus:
            yield Problem("pod_vcpus", f"{self.each.vcpus}, and {pod} needs {vcpus} (estimate). Leave it out.")
        if self.each.memory_gib < memory:
            text = f"{self.each.memory_gib} GiB, and {pod} needs {memory} GiB (estimate). Leave it out."
            yield Problem("pod_memory_gib", text)
        if self.cache:
            yield from self.cache.problems(model)

    def warnings(self, gpu: Gpu) -> Iterator[str]:
        """Yield what the GPU cannot do and what was not read of it."""
        if not gpu.fp8:
            yield f"{gpu.name} has no FP8 units: neither FP8 checkpoints nor an FP8 cache"
        if gpu.confidence == "unverified":
            yield f"the memory of {gpu.name} was not read on a machine; see gpus.toml"
        if self.each.series.confidence == "unverified":
            yield f"no page names the GPU of {self.each.series.name}: {gpu.name} is taken; see acs.toml"
        if self.count > 1 and not self.rdma:
            yield f"pods with {counted(self.each.gpus, 'GPU')} cannot use RDMA; they reach each other over TCP"

    def rows(self, model: Model) -> Iterator[tuple[str, str]]:
        """Yield the replicas, the pod and the cache."""
        most = "" if self.most_replicas is None else f" to {self.most_replicas}"
        joined = f"{counted(self.count, 'pod')}{', joined over RDMA' if self.rdma else ''}"
        yield "replicas", f"{self.replicas}{most}, each {joined}"
        pod = self.each
        size = f"{counted(pod.gpus, 'GPU')}, {counted(pod.vcpus, 'vCPU')}, {pod.memory_gib} GiB of memory"
        yield "pod", f"{pod.series.name}: {size}"
        if self.cache:
            yield "Fluid cache", self.cache.words(model)


def choices(
    series: Series,
    gpus: int | None = None,
    pods: int | None = None,
    vcpus: int | None = None,
    memory_gib: int | None = None,
) -> list[tuple[PodShape, int]]:
    """
    Return the pods and their number to try, where None leaves them open: those with the fewest GPUs first.

    Raises:
        PlanError: ACS has no such pod.
    """
    counts = gpu_counts(series) if gpus is None else [gpus]
    if gpus is None and pods is not None and pods > 1:
        # Of several pods only the largest reach each other fast.
        counts = counts[-1:]
    shapes = [*_legal(series, counts, vcpus, memory_gib)] or [pod_shape(series, counts[-1], vcpus, memory_gib)]
    found = [(shape, number) for shape in shapes for number in _numbers(shape, pods)]
    return sorted(found, key=lambda choice: (choice[0].gpus * choice[1], choice[1]))


def _numbers(shape: PodShape, pods: int | None) -> Iterable[int]:
    """Return the numbers of pods to try; without RDMA several are not the component's choice, but may be a user's."""
    if pods is not None:
        return [pods]
    return range(1, MOST + 1) if shape.whole else [1]


def _legal(series: Series, counts: list[int], vcpus: int | None, memory_gib: int | None) -> Iterator[PodShape]:
    for count in counts:
        with contextlib.suppress(PlanError):
            yield pod_shape(series, count, vcpus, memory_gib)
