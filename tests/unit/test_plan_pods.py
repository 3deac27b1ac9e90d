"""Pods of ACS: their sizes, the cache in front of them, and the text a reviewer reads."""

import dataclasses
import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components import catalog
from components.catalog import Series
from components.plan import PlanRequest, make_plan
from components.plan.cache import make_cache
from components.plan.pod import gpu_counts, pod_shape, sizes
from components.sizing import CACHE_SHARE, cache_gib, host_gib, host_vcpus
from tests.unit.plans import on_pods

R1, INT8, LLAMA, QWEN, QWQ = (
    "deepseek-ai/DeepSeek-R1",
    "deepseek-ai/DeepSeek-R1-GPTQ-INT8",
    "deepseek-ai/DeepSeek-R1-Distill-Llama-70B",
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B",
    "Qwen/QwQ-32B",
)
PODS = [
    pytest.param(row, gpus, id=f"{row.name}-{gpus}")
    for row in catalog.rows(Series).values()
    if row.gpu
    for gpus in gpu_counts(row)
]


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("qwq-h20", on_pods(QWQ, "GU8TF", 1)),
        ("qwen-ppu", on_pods(QWEN, "P16EN", 1, engine_image="team/vllm:v0.32.0")),
        ("llama-ppu", on_pods(LLAMA, "P16EN", 2, engine_image="team/vllm:v0.32.0")),
        ("r1-h20", on_pods(R1, "GU8TF", 8, 2)),
        ("r1-ppu", on_pods(INT8, "P16EN", 16, engine_image="team/vllm:v0.32.0")),
        ("one-would-do", on_pods(QWQ, "GU8TF", 8, 2, engine="sglang", max_model_len=8192)),
        ("r1-h20-141", on_pods(R1, "GU8TEF", 8)),
        ("over-tcp", on_pods(QWQ, "L20", 4, 2, tensor_parallel=8)),
        ("overridden", on_pods(R1, "GU8TF", 8, gpu_memory_utilization=0.95, allow_unfit=True, max_model_len=8192)),
    ],
)
def test_verdict(name: str, request_: PlanRequest, golden: Callable[[str, str], None]) -> None:
    """The text a reviewer reads in `preview`, byte for byte: replicas, pods, cache, and what the GPU cannot do."""
    golden(f"plan/pods-{name}.txt", make_plan(request_).verdict() + "\n")


def test_replicas_that_follow_the_load_are_said() -> None:
    """A reviewer sees the fewest and the most."""
    asked = on_pods(QWQ, "GU8TF", 1)
    elastic = dataclasses.replace(asked, on=dataclasses.replace(asked.on, replicas=2, most_replicas=6))  # type: ignore[call-arg]

    assert "  replicas      2 to 6, each 1 pod\n" in make_plan(elastic).verdict()


@pytest.mark.parametrize(("series", "gpus"), PODS)
def test_the_pod_that_is_chosen_holds_an_engine(series: Series, gpus: int) -> None:
    """Without a word from the user every pod is one that ACS has, and large enough by the component's own estimate."""
    found = pod_shape(series, gpus, None, None)

    assert found.memory_gib in sizes(series, gpus)[found.vcpus]
    assert (found.vcpus >= host_vcpus(gpus), found.memory_gib >= host_gib(gpus)) == (True, True)


@pytest.mark.parametrize(("series", "gpus"), PODS)
def test_every_size_can_be_asked_for(series: Series, gpus: int) -> None:
    """Whatever the vendor lists is taken as it is."""
    asked = [(vcpus, memory) for vcpus, memories in sizes(series, gpus).items() for memory in memories]
    found = [pod_shape(series, gpus, vcpus, memory) for vcpus, memory in asked]

    assert asked == [(one.vcpus, one.memory_gib) for one in found]


@given(weights=st.integers(10**9, 2 * 10**12), workers=st.one_of(st.none(), st.integers(1, 100)))
def test_a_computed_cache_holds_the_weights_and_spares_its_worker(weights: int, workers: int | None) -> None:
    """The quota stays within its share of the worker's memory, and all of them hold the model, unless too few."""
    cache = make_cache(weights, workers, None)
    most = math.floor(128 * CACHE_SHARE)

    assert cache.quota_gib <= cache.memory_gib * CACHE_SHARE
    assert cache.memory_gib in sizes(catalog.find(Series, "performance"), 0)[cache.vcpus]
    assert cache.gib >= min(cache_gib(weights), cache.workers * most)
    assert workers in {None, cache.workers}


@given(weights=st.integers(10**9, 2 * 10**12), quota=st.integers(1, 108))
def test_as_many_workers_as_a_quota_needs(weights: int, quota: int) -> None:
    """With the quota given, one worker fewer would be too few."""
    cache = make_cache(weights, None, quota)

    assert (cache.workers - 1) * quota < cache_gib(weights) <= cache.gib
