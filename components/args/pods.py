"""What a model runs on when it runs on ACS: the pods, how many, and the cache they load from."""

import functools
from collections.abc import Iterable
from typing import Annotated, Literal

import pydantic

from components import catalog
from components.args.base import rule
from components.args.serving import PLANNED as PLANNED_ANYWHERE
from components.args.values import GpuSeries, NcclVariables, matching, within
from components.args.weights import WeightsArgs
from components.catalog import Fabric, Series
from components.plan import PlanRequest, Problem, works
from components.plan.cache import Cache, make_cache
from components.plan.pod import PodShape
from components.plan.pods import Pods, choices

PLANNED = {
    *PLANNED_ANYWHERE, "gpu_series", "gpus_per_pod", "pods_per_replica", "pod_vcpus", "pod_memory_gib",
    "replicas", "max_replicas", "fluid_enabled", "fluid_workers", "fluid_quota_gib",
}  # fmt: skip
"""Arguments without which no plan for pods can be computed."""

Replicas = Annotated[int, within(1, 100)]


class PodArgs(WeightsArgs):
    """Series and shape of the pods, replicas, and Fluid's cache."""

    gpu_series: GpuSeries = "GU8TF"
    """Series of GPUs, such as `GU8TF` (H20) or `P16EN` (PPU); `scripts/fit --pods` lists those that run a model."""

    gpus_per_pod: Annotated[int, within(1, 16)] | None = None
    """GPUs of each pod; default: the fewest that hold the model."""

    pods_per_replica: Annotated[int, within(1, 16)] | None = None
    """Pods that serve one copy of the model together; default: one, or the fewest that hold it."""

    pod_vcpus: Annotated[int, within(1, 1000)] | None = None
    """vCPUs of each pod; default: those of the smallest pod that an engine fits into."""

    pod_memory_gib: Annotated[int, within(1, 10_000)] | None = None
    """Memory of each pod in GiB; default: likewise."""

    gpu_driver_version: Annotated[str, matching(r"[\w.-]{1,60}", "a driver version")] = pydantic.Field(
        default_factory=lambda data: catalog.find(Series, data["gpu_series"]).drivers[0]
    )
    """Driver of the GPUs; default: the newest that the catalog knows for the series."""

    replicas: Replicas = 1
    """Copies of the model that serve at the same time; with `maxReplicas` the fewest."""

    max_replicas: Replicas | None = None
    """Most copies; when given, as many run as requests wait for."""

    autoscaler: Literal["hpa", "keda"] = "hpa"
    """What decides how many, with `maxReplicas`: `hpa` needs a metrics adapter in the cluster, `keda` needs KEDA."""

    queue_target: Annotated[int, within(1, 10_000)] = 5
    """Requests that may wait for each copy before another is started, with `maxReplicas`."""

    prometheus_url: Annotated[str, matching(r"https?://[\w.:/-]{1,500}", "the URL of a Prometheus")] | None = None
    """Where `keda` reads how many requests wait; required with it."""

    nccl_env: NcclVariables = pydantic.Field(default_factory=dict)
    """More `NCCL_…` and `GLOO_…` variables for the engine; they win over those of `components/catalog/fabrics.toml`."""

    fluid_enabled: bool = True
    """Load the weights from a cache in memory, Fluid's, which is filled before the pods start."""

    fluid_workers: Annotated[int, within(1, 100)] | None = None
    """Pods of that cache; default: as few as hold the model."""

    fluid_quota_gib: Annotated[int, within(1, 10_000)] | None = None
    """GiB that each of them keeps; default: the model's share, at most 85 % of a worker's memory."""

    @property
    def series(self) -> Series:
        """The catalog row of the series."""
        return catalog.find(Series, self.gpu_series)

    @property
    def pod(self) -> PodShape:
        """The shape of each pod."""
        return self._nodes.each

    @property
    def pods(self) -> int:
        """Pods of each replica."""
        return self._nodes.count

    @property
    def rdma(self) -> bool:
        """Say whether the pods of a replica reach each other over RDMA."""
        return self._nodes.rdma

    @property
    def fluid_cache(self) -> Cache | None:
        """The cache in front of the bucket, or None."""
        return self._nodes.cache

    @property
    def elastic(self) -> bool:
        """Say whether the number of replicas follows the load."""
        return self.max_replicas is not None

    @property
    def fabric_env(self) -> dict[str, str]:
        """What NCCL and Gloo are told: nothing about a network where one pod serves alone."""
        fabric = self.series.fabric if self.rdma else "tcp"
        return {**(catalog.find(Fabric, fabric or "tcp").env if self.pods > 1 else {}), **self.nccl_env}

    @functools.cached_property
    def _nodes(self) -> Pods:
        """The choice, also where it does not fit; what does not fit is an error before anybody asks."""
        cache = None
        if self.fluid_enabled:
            cache = make_cache(self.model_row.weights_bytes, self.fluid_workers, self.fluid_quota_gib)
        found = choices(self.series, self.gpus_per_pod, self.pods_per_replica, self.pod_vcpus, self.pod_memory_gib)
        tried = [
            Pods(each=each, count=count, replicas=self.replicas, most_replicas=self.max_replicas, cache=cache)
            for each, count in found
        ]
        largest = max(tried, key=lambda nodes: nodes.each.gpus)
        return next((nodes for nodes in tried if works(self._request(nodes))), largest)

    def _plan_request(self) -> PlanRequest:
        return self._request(self._nodes)

    @rule(*PLANNED)
    def _fits(self) -> Iterable[Problem]:
        return super()._fits()

    @rule("gpu_series", "engine", "engine_image")
    def _image_runs_there(self) -> Iterable[Problem]:
        image = self.series.engine_images.get(self.engine)
        if image and "engine_image" not in self.model_fields_set:
            text = f"is required with gpuSeries {self.gpu_series!r}, on which only the vendor's builds run, such as "
            yield Problem("engine_image", f"{text}'acs-registry-vpc.<region>.cr.aliyuncs.com/{image}'.")

    @rule("replicas", "max_replicas")
    def _most_is_most(self) -> Iterable[Problem]:
        if self.max_replicas is not None and self.max_replicas < self.replicas:
            text = f"{self.max_replicas}, fewer than replicas {self.replicas}. Use {self.replicas} or more."
            yield Problem("max_replicas", text)

    @rule("max_replicas", "autoscaler", "prometheus_url")
    def _scaling_is_whole(self) -> Iterable[Problem]:
        for name in ("autoscaler", "queue_target", "prometheus_url"):
            if not self.elastic and name in self.model_fields_set:
                yield Problem(name, "has no meaning without maxReplicas. Give maxReplicas, or leave it out.")
        if self.elastic and self.autoscaler == "keda" and self.prometheus_url is None:
            yield Problem("prometheus_url", "is required with autoscaler 'keda'.")
        if self.elastic and self.autoscaler == "hpa" and self.prometheus_url is not None:
            yield Problem("prometheus_url", "has no meaning with autoscaler 'hpa'. Use 'keda', or leave it out.")

    @rule("fluid_enabled")
    def _cache_is_wanted(self) -> Iterable[Problem]:
        for name in ("fluid_workers", "fluid_quota_gib"):
            if not self.fluid_enabled and getattr(self, name) is not None:
                yield Problem(name, "has no meaning with fluidEnabled false. Leave one of them out.")
