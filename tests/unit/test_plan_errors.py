"""Every way a plan says no, quoted in full."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from components import catalog
from components.catalog import Model
from components.plan import PlanError, PlanRequest, make_plan
from tests.unit.plans import on_machines

SMALL: dict[str, Any] = {"model": "Qwen/Qwen3-8B", "instance": "ecs.gn7i-c8g1.2xlarge"}
EIGHT_A10: dict[str, Any] = {"model": "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "instance": "ecs.gn7i-8x.16xlarge"}
PAIR: dict[str, Any] = {"model": "deepseek-ai/DeepSeek-R1", "instance": "ecs.ebmgn8v.48xlarge", "nodes": 2}
MOE_FP8: dict[str, Any] = {"model": "Qwen/Qwen3-235B-A22B-FP8", "instance": "ecs.gn8v-8x.48xlarge"}


def request(given: dict[str, Any]) -> PlanRequest:
    """Return a request with the component's defaults and *given*."""
    return on_machines(**given)


CASES: list[dict[str, Any]] = [
    {"model": "Qwen/QwQ-32B", "instance": "ecs.gn7i-2x.8xlarge"},
    {"model": "deepseek-ai/DeepSeek-R1", "instance": "ecs.gn8v-8x.48xlarge"},
    {"model": "Qwen/Qwen3-14B", "instance": "ecs.gn7i-2x.8xlarge", "gpu_memory_utilization": 0.772},
    SMALL | {"max_model_len": 32768},
    {"model": "Qwen/Qwen3-8B", "instance": "ecs.gn8v.4xlarge", "max_model_len": 50_000},
    SMALL | {"gpu_memory_utilization": 0.98},
    SMALL | {"gpu_memory_utilization": 0.95, "engine": "sglang"},
    EIGHT_A10 | {"tensor_parallel": 8},
    {"model": "Qwen/QwQ-32B", "instance": "ecs.ebmgn8v.48xlarge", "nodes": 2, "tensor_parallel": 16},
    PAIR | {"tensor_parallel": 32},
    PAIR | {"tensor_parallel": 8, "pipeline_parallel": 1},
    PAIR | {"tensor_parallel": 16, "pipeline_parallel": 2},
    PAIR | {"pipeline_parallel": 3},
    PAIR | {"instance": "ecs.gn8is-8x.32xlarge"},
    PAIR | {"instance": "ecs.gn7e-c16g1.32xlarge", "model": "Qwen/Qwen3-235B-A22B", "rdma": True},
    PAIR | {"max_model_len": 163_840, "gpu_memory_utilization": 0.6},
    PAIR | {"launcher": "ray"},
    PAIR | {"launcher": "ray", "engine": "sglang"},
    PAIR | {"launcher": "ray", "engine_image": "team/vllm:v0.32.0-ray2.51.2"},
    {"model": "moonshotai/Kimi-K2-Instruct", "instance": "ecs.ebmgn8v.48xlarge"},
    PAIR | {"model": "moonshotai/Kimi-K2-Instruct", "gpu_memory_utilization": 0.7},
    PAIR | {"model": "moonshotai/Kimi-K2-Instruct", "gpu_memory_utilization": 0.7, "nodes": 1},
    {"model": "Qwen/QwQ-32B", "instance": "ecs.gn7i-8x.16xlarge", "tensor_parallel": 5},
    MOE_FP8 | {"tensor_parallel": 8},
    MOE_FP8 | {"tensor_parallel": 8, "engine": "sglang"},
    SMALL | {"tensor_parallel": 2},
    {"model": "Qwen/Qwen2.5-7B-Instruct", "instance": "ecs.gn7i-8x.16xlarge", "tensor_parallel": 7},
    EIGHT_A10 | {"tensor_parallel": 4, "pipeline_parallel": 4},
    {
        "model": "Qwen/Qwen3-32B-FP8",
        "instance": "ecs.gn7i-4x.8xlarge",
        "engine_image": "vllm/vllm-openai:v0.8.4",
    },
    SMALL | {"engine_image": "lmsysorg/sglang:v0.5.23"},
    SMALL | {"weights_disk_gib": 30},
    SMALL | {"kv_cache_dtype": "fp8"},
    {"model": "Qwen/Qwen3-8B-FP8", "instance": "ecs.gn7i-c8g1.2xlarge", "engine": "sglang"},
]


def refusal(given: dict[str, Any]) -> str:
    """Return *given* and what the plan says to it."""
    with pytest.raises(PlanError) as error:
        make_plan(request(given))
    asked = ", ".join(f"{name} {value}" for name, value in given.items())
    return "\n".join([asked, *(f"  {line}" for line in str(error.value).split("\n"))])


def test_refusals(golden: Callable[[str, str], None]) -> None:
    """The arithmetic, the value, and the nearest choice that works; every message in one file to read."""
    golden("plan/refusals.txt", "\n\n".join(map(refusal, CASES)) + "\n")


def test_more_stages_than_layers() -> None:
    """A stage without a layer has nothing to do."""
    model = dataclasses.replace(catalog.find(Model, "Qwen/Qwen3-8B"), layers=2)
    base = request({"model": "Qwen/Qwen3-8B", "instance": "ecs.gn7i-8x.16xlarge", "pipeline_parallel": 4})

    with pytest.raises(PlanError) as error:
        make_plan(dataclasses.replace(base, model=model))

    assert "pipeline_parallel: 4 stages, and the model has 2 layers. Use fewer." == str(error.value)


def test_layouts_that_cannot_start_have_no_override() -> None:
    """`allowUnfit` lets estimates be wrong; an engine that would stop at once is refused all the same."""
    with pytest.raises(PlanError, match="cannot share 28 attention heads"):
        make_plan(request(EIGHT_A10 | {"tensor_parallel": 8, "allow_unfit": True}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"instance": "ecs.gn7e-c16g1.32xlarge", "rdma": True}, "has no eRDMA interface"),
        ({"launcher": "ray"}, "holds no Ray"),
    ],
)
def test_what_is_no_estimate_has_no_override(change: dict[str, Any], message: str) -> None:
    """An interface or a program that is not there does not appear by wishing."""
    with pytest.raises(PlanError, match=message):
        make_plan(request(PAIR | {"allow_unfit": True} | change))
