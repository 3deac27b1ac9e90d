"""Arguments of `AcsLlmCluster`."""

import math
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, ClassVar, Literal

import pydantic

from components import catalog, engine
from components.args.access import AccessArgs
from components.args.base import rule
from components.args.cluster import ClusterArgs
from components.args.cost import CostArgs
from components.args.naming import NamingArgs
from components.args.network import Bandwidth
from components.args.pods import PLANNED, PodArgs
from components.args.serving import ModelId, given_weights_bytes
from components.args.values import ContainerImage, matching, within
from components.catalog import Engine
from components.cost import Good, goods
from components.plan import Problem
from components.plan.cache import CLASS, MASTER_GIB, MASTER_VCPUS
from components.sizing import OSS_MBPS, ready_minutes, transfer_minutes

LONGEST_WAIT_MINUTES = 24 * 60
"""Longest that `up` waits; a choice, the provider has no limit."""

_TAKEN = "default|fluid-system|lws-system"
"""Namespaces that are there already, or that a chart makes."""

_STARTING_MINUTES = 30
"""Estimate: until a pod has a place and its image."""

_JOB_MINUTES = 15
"""Estimate: what a Job takes beside its transfer, its pod's start included."""


def _ready_minutes(data: dict[str, Any]) -> int:
    return min(LONGEST_WAIT_MINUTES, _STARTING_MINUTES + ready_minutes(given_weights_bytes(data), OSS_MBPS))


class AcsLlmClusterArgs(NamingArgs, CostArgs, AccessArgs, ClusterArgs, PodArgs):
    """A cluster of ACS that serves one model, from one replica to many."""

    COMPONENT: ClassVar[str] = "AcsLlmCluster"

    model: ModelId = "Qwen/QwQ-32B"

    oss_bucket: Annotated[str, matching(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", "a bucket name")] | None = None
    """Bucket for the weights; default: one is created. Required with `weightsSource: oss`, and holds them already."""

    # The fastest: the weights come through it once.
    eip_bandwidth_mbps: Bandwidth = 200

    namespace: Annotated[
        str,
        matching(rf"(?!kube-|({_TAKEN})$)[a-z0-9]([a-z0-9-]{{0,61}}[a-z0-9])?", "a name for a namespace of its own"),
    ] = "llm"
    """Namespace to create; two components in one cluster need two."""

    oss_access: Literal["rrsa", "access-key"] = "rrsa"
    """How pods reach the bucket: by a role (`rrsa`), or with the key pair of a user who may read that folder only."""

    fluid_install: Literal["helm", "none"] = "helm"
    """Install Fluid, with Helm; `none` where the cluster has it."""

    lws_install: Literal["helm", "none"] = "helm"
    """Install LeaderWorkerSet, with Helm, where a replica has several pods; `none` where the cluster has it."""

    tools_image: ContainerImage = pydantic.Field(
        default_factory=lambda: next(iter(catalog.rows(Engine).values())).tools_image
    )
    """Container image (Python) of what stages the weights and checks the endpoint; default: the catalog's."""

    benchmark: bool = False
    """Run the engine's own benchmark against the endpoint, as a Job in the cluster."""

    ready_timeout_minutes: Annotated[int, within(10, LONGEST_WAIT_MINUTES)] = pydantic.Field(
        default_factory=_ready_minutes
    )
    """How long `up` waits for the first completion, once the weights are there; default: computed from their size."""

    @property
    def needs_internet(self) -> bool:
        """Say whether something in the cluster reaches beyond the VPC: the weights' way in, or an image."""
        images = (self.engine_image, self.gate_image, self.tools_image)
        return engine.needs_internet(self.weights_source, self.region, *images)

    @property
    def nat_gateway(self) -> bool:
        """Say whether to create a NAT gateway; a network of the user's has its own way out."""
        if self.create_nat_gateway is not None:
            return self.create_nat_gateway
        return self.needs_internet and not self.own_network

    @property
    def create_bucket(self) -> bool:
        """Say whether a bucket is created."""
        return self.oss_bucket is None

    @property
    def stage_minutes(self) -> int:
        """How long the weights may take into the bucket."""
        return self._minutes(self.eip_bandwidth_mbps)

    @property
    def cache_minutes(self) -> int:
        """How long they may take from there into the cache."""
        return self._minutes(OSS_MBPS)

    @property
    def startup_minutes(self) -> int:
        """How long an engine may take to load them; sized so that a large model's start is not taken for a hang."""
        return ready_minutes(self.model_row.weights_bytes, OSS_MBPS)

    def _minutes(self, mbps: float) -> int:
        return _JOB_MINUTES + math.ceil(2 * transfer_minutes(self.model_row.weights_bytes, mbps))

    @rule("kubeconfig", "cluster_id", "oidc_provider_arn", "oss_access")
    def _role_is_trusted(self) -> Iterable[Problem]:
        unknown = self.cluster_id is None and not self.create_cluster and self.oidc_provider_arn is None
        if unknown and self.oss_access == "rrsa":
            text = "is required with kubeconfig alone, for the role that reads the bucket. Give it, or clusterId, or "
            yield Problem("oidc_provider_arn", f"{text}use ossAccess 'access-key'.")

    @rule("benchmark", "engine", "tls_certificate")
    def _benchmark_reaches_it(self) -> Iterable[Problem]:
        if self.benchmark and self.tls and self.engine == "sglang":
            text = "true, and SGLang's benchmark refuses a certificate that is not for the load balancer's address. "
            yield Problem("benchmark", f"{text}Leave it out, or serve without tlsCertificate.")

    def _goods(self) -> Iterator[Good]:
        most, pod = self.max_replicas or self.replicas, self.pod
        serving = f"{self.gpu_series} pod{f' at {most} replicas' if self.elastic else ''}"
        yield goods.pods(serving, self.gpu_series, most * self.pods, pod.vcpus, pod.memory_gib, pod.gpus)
        if cache := self.fluid_cache:
            yield goods.pods("cache worker", CLASS, cache.workers, cache.vcpus, cache.memory_gib)
            yield goods.pods("cache master", CLASS, 1, MASTER_VCPUS, MASTER_GIB)
        # One to callers inside, one to those outside, one to the API server.
        yield goods.load_balancers(1 + self.public + self.create_cluster)
        if self.nat_gateway:
            yield goods.nat_gateway()

    def _by_usage(self) -> Iterator[str]:
        if self.create_bucket:
            yield f"{self.model_row.weights_bytes / 1e9:,.0f} GB of weights in OSS"
        yield "traffic through the load balancers"
        if self.public:
            yield "traffic out of the public address, by the GB"
        if self.nat_gateway:
            yield "traffic through the NAT gateway, and its public address"
        if self.audit_log:
            yield "the audit log"
        yield "pods of Jobs while they run, and those of the charts"

    @rule(*PLANNED, "zone_id", "cluster_id", "kubeconfig", "price_file", "monthly_budget")
    def _budget_holds(self) -> Iterable[Problem]:
        return self._over_budget()
