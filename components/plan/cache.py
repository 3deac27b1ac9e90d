"""A cache for the weights: workers whose memory together holds them."""

import dataclasses
import math
from collections.abc import Iterator

from components import catalog
from components.catalog import Model, Series
from components.plan.nodes import Problem
from components.plan.pod import sizes, smallest
from components.plan.words import counted
from components.sizing import CACHE_MARGIN, CACHE_SHARE, GIB, cache_gib

CLASS = "performance"
"""What the workers run on: of the CPU classes the one with the faster network."""

MASTER_VCPUS, MASTER_GIB = 2, 4
"""What leads the workers, and holds no weights."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cache:
    """*workers* pods that keep *quota_gib* each."""

    workers: int
    quota_gib: int
    vcpus: int
    """Of each worker, like its memory."""
    memory_gib: int

    @property
    def gib(self) -> int:
        """What they hold together."""
        return self.workers * self.quota_gib

    def words(self, model: Model) -> str:
        """Return the arithmetic of holding *model*, in a line."""
        need = f"{model.weights_bytes / GIB:.1f} GiB of weights and {CACHE_MARGIN - 1:.0%} more"
        share = f"each quota {self.quota_gib / self.memory_gib:.0%} of {self.memory_gib} GiB of memory"
        return f"{counted(self.workers, 'worker')} x {self.quota_gib} GiB = {self.gib} GiB for {need}; {share}"

    def problems(self, model: Model) -> Iterator[Problem]:
        """Yield what is wrong with it for *model*."""
        most, need = _most_quota_gib(), cache_gib(model.weights_bytes)
        if self.quota_gib > most:
            text = f"{self.quota_gib} GiB, and a cache worker has at most {_most_memory_gib()} GiB of memory, of which "
            text += f"{CACHE_SHARE:.0%} may be cache. Use {most} or less, with {math.ceil(need / most)} fluidWorkers."
            yield Problem("fluid_quota_gib", text, final=True)
        elif self.gib < need:
            text = f"{counted(self.workers, 'worker')} x fluidQuotaGib {self.quota_gib} = {self.gib} GiB, and "
            text += f"{model.name} needs {need} GiB of cache ({model.weights_bytes / GIB:.1f} GiB and "
            text += f"{CACHE_MARGIN - 1:.0%} more). Use {math.ceil(need / self.quota_gib)} or more, or leave it out."
            yield Problem("fluid_workers", text)


def make_cache(weights_bytes: int, workers: int | None, quota_gib: int | None) -> Cache:
    """Return the cache for *weights_bytes*, what is None computed."""
    need, most = cache_gib(weights_bytes), _most_quota_gib()
    count = workers or math.ceil(need / min(quota_gib or most, most))
    quota = quota_gib or min(most, math.ceil(need / count))
    size = smallest(_row(), 0, 0, math.ceil(quota / CACHE_SHARE))
    vcpus, memory = size or (max(sizes(_row(), 0)), _most_memory_gib())
    return Cache(workers=count, quota_gib=quota, vcpus=vcpus, memory_gib=memory)


def _row() -> Series:
    return catalog.find(Series, CLASS)


def _most_memory_gib() -> int:
    return max(memory for memories in sizes(_row(), 0).values() for memory in memories)


def _most_quota_gib() -> int:
    return math.floor(_most_memory_gib() * CACHE_SHARE)
