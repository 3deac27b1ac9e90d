"""The size of a pod: which there are, and the smallest that does."""

import bisect
import dataclasses
from collections.abc import Iterable

from components.catalog import Series
from components.plan.nodes import Problem
from components.plan.request import PlanError
from components.plan.words import counted, one
from components.sizing import host_gib, host_vcpus

_RANGE = 3
"""Numbers in a row from which on they are written as a range."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class PodShape:
    """One pod of *series*."""

    series: Series
    gpus: int
    vcpus: int
    memory_gib: int

    @property
    def name(self) -> str:
        """The kind of pod in words."""
        return f"{self.series.name} pod"

    @property
    def gpu(self) -> str:
        """A name in gpus.toml."""
        return self.series.gpu or ""

    @property
    def gpu_count(self) -> int:
        """How many of them it has."""
        return self.gpus

    @property
    def nvlink(self) -> bool:
        """Say whether they reach each other over NVLink, or as fast."""
        return self.series.nvlink

    @property
    def whole(self) -> bool:
        """Say whether it has its machine to itself, and so may use RDMA."""
        return self.gpus == self.series.rdma_gpus


def gpu_counts(series: Series) -> list[int]:
    """Return the numbers of GPUs that a pod of *series* can have."""
    return [int(count) for count in series.sizes]


def sizes(series: Series, gpus: int) -> dict[int, list[int]]:
    """Return the memories in GiB for each number of vCPUs of a pod with *gpus*."""
    return {int(vcpus): _memories(text) for vcpus, text in series.sizes[str(gpus)].items()}


def _memories(text: str) -> list[int]:
    low, dash, high = text.partition("-")
    return list(range(int(low), int(high) + 1)) if dash else [int(value) for value in text.split()]


def smallest(series: Series, gpus: int, vcpus: int, memory_gib: int) -> tuple[int, int] | None:
    """Return the smallest (vCPUs, GiB) with at least *vcpus* and *memory_gib*, or None."""
    found = ((size, memory) for size, memories in sizes(series, gpus).items() for memory in memories)
    return min(((size, memory) for size, memory in found if size >= vcpus and memory >= memory_gib), default=None)


def pod_shape(series: Series, gpus: int, vcpus: int | None, memory_gib: int | None) -> PodShape:
    """
    Return the pod with *gpus*, what is None chosen so that an engine fits.

    Raises:
        PlanError: ACS has no such pod; the nearest is named.
    """
    if gpus not in gpu_counts(series):
        text = f"{gpus}, and {one(series.name)} pod has {_either(gpu_counts(series))} GPUs"
        raise PlanError(Problem("gpus_per_pod", f"{text}. {_nearest(gpus, gpu_counts(series))}", final=True))
    size, memory = _size(series, gpus, vcpus, memory_gib)
    return PodShape(series=series, gpus=gpus, vcpus=size, memory_gib=memory)


def _size(series: Series, gpus: int, vcpus: int | None, memory_gib: int | None) -> tuple[int, int]:
    all_sizes = sizes(series, gpus)
    pod = f"{one(series.name)} pod with {counted(gpus, 'GPU')}"
    if vcpus is not None and vcpus not in all_sizes:
        text = f"{vcpus}, and {pod} has {_either(all_sizes)} vCPUs. {_nearest(vcpus, all_sizes)}"
        raise PlanError(Problem("pod_vcpus", text, final=True))
    rooms = all_sizes if vcpus is None else {vcpus: all_sizes[vcpus]}
    if memory_gib is not None:
        rooms = {size: [memory_gib] for size, memories in rooms.items() if memory_gib in memories}
        if not rooms:
            with_it = "" if vcpus is None else f" and {vcpus} vCPUs"
            legal = sorted({memory for size in ([vcpus] if vcpus else all_sizes) for memory in all_sizes[size]})
            text = f"{memory_gib} GiB, and {pod}{with_it} has {_either(legal)} GiB. {_nearest(memory_gib, legal)}"
            raise PlanError(Problem("pod_memory_gib", text, final=True))
    choices = sorted((size, memory) for size, memories in rooms.items() for memory in memories)
    enough = (one for one in choices if one[0] >= host_vcpus(gpus) and one[1] >= host_gib(gpus))
    return next(enough, choices[-1])


def _either(values: Iterable[int]) -> str:
    """Return *values* in words, those in a row as a range."""
    runs: list[list[int]] = []
    for value in sorted(values):
        if runs and value == runs[-1][-1] + 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    texts = [text for run in runs for text in (map(str, run) if len(run) < _RANGE else [f"{run[0]} to {run[-1]}"])]
    *first, last = texts
    return f"{', '.join(first)} or {last}" if first else last


def _nearest(value: int, legal: Iterable[int]) -> str:
    ordered = sorted(legal)
    place = bisect.bisect(ordered, value)
    return f"Use {_either(ordered[max(0, place - 1) : place + 1])}."
