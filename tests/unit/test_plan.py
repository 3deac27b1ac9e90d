"""Which models run where: the table of fits, the layouts, and the text a reviewer reads."""

from collections.abc import Callable

import pytest

from components.plan import Plan, PlanError, PlanRequest, alternatives, make_plan
from tests.unit.plans import on_machines as request

A10, A10X2, A10X4, A10X8 = "ecs.gn7i-c8g1.2xlarge", "ecs.gn7i-2x.8xlarge", "ecs.gn7i-4x.8xlarge", "ecs.gn7i-8x.16xlarge"
L20X2, L20X4, L20X8 = "ecs.gn8is-2x.8xlarge", "ecs.gn8is-4x.16xlarge", "ecs.gn8is-8x.32xlarge"
A100, A100X2, A100X8 = "ecs.gn7e-c16g1.4xlarge", "ecs.gn7e-c16g1.8xlarge", "ecs.gn7e-c16g1.32xlarge"
H20, H20X2, H20X8, PAIR = "ecs.gn8v.4xlarge", "ecs.gn8v-2x.8xlarge", "ecs.gn8v-8x.48xlarge", "ecs.ebmgn8v.48xlarge"
R7B, R70B, R1 = (
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",
    "deepseek-ai/DeepSeek-R1-Distill-Llama-70B",
    "deepseek-ai/DeepSeek-R1",
)
Q8, Q32, Q235 = "Qwen/Qwen3-8B", "Qwen/Qwen3-32B", "Qwen/Qwen3-235B-A22B"


@pytest.mark.parametrize(
    ("model", "instance", "layout", "tokens", "context", "concurrent"),
    [
        (R7B, A10, (1, 1), 52_224, 52_224, 1),
        (R7B, A10X4, (4, 1), 1_000_640, 131_072, 7),
        (R7B, A10X8, (4, 2), 2_272_320, 131_072, 17),
        (Q8, A10, (1, 1), 12_416, 12_288, 1),
        (Q8, A10X2, (2, 1), 133_824, 40_960, 3),
        (Q32, A10X4, (4, 1), 23_104, 22_528, 1),
        (Q32, A10X8, (8, 1), 301_312, 40_960, 7),
        (Q32, L20X2, (2, 1), 47_744, 40_960, 1),
        (Q32, A100, (1, 1), 30_144, 29_696, 1),
        (Q32, H20, (1, 1), 77_248, 40_960, 1),
        (R70B, A10X8, (8, 1), 5_760, 5_120, 1),
        (R70B, L20X4, (4, 1), 45_120, 45_056, 1),
        (R70B, A100X2, (2, 1), 3_392, 3_072, 1),
        (R70B, H20X2, (2, 1), 78_656, 77_824, 1),
        (Q235, A100X8, (8, 1), 146_688, 40_960, 3),
        (Q235, H20X8, (8, 1), 403_008, 40_960, 9),
        ("Qwen/Qwen3-235B-A22B-FP8", L20X8, (4, 2), 396_608, 40_960, 9),
        ("Qwen/Qwen3-30B-A3B-FP8", L20X8, (2, 4), 2_906_368, 40_960, 70),
    ],
)
def test_what_fits(
    model: str, instance: str, layout: tuple[int, int], tokens: int, context: int, concurrent: int
) -> None:
    """Every GPU is used, and the context is what one request's cache has room for."""
    plan = make_plan(request(model, instance))

    assert (layout, tokens, context, concurrent) == (
        (plan.tensor_parallel, plan.pipeline_parallel),
        plan.kv_tokens,
        plan.max_model_len,
        plan.max_concurrent,
    )


@pytest.mark.parametrize(
    ("change", "layout", "tokens"),
    [
        ({}, (8, 2), 875_264),
        ({"tensor_parallel": 16}, (16, 1), 453_952),
        ({"pipeline_parallel": 1}, (16, 1), 453_952),
        ({"pipeline_parallel": 4}, (4, 4), 1_805_376),
        ({"engine": "sglang"}, (16, 1), 453_952),
        ({"engine": "sglang", "pipeline_parallel": 2}, (8, 2), 875_264),
        ({"kv_cache_dtype": "fp8"}, (8, 2), 1_750_592),
    ],
)
def test_deepseek_over_two_machines(change: dict[str, object], layout: tuple[int, int], tokens: int) -> None:
    """VLLM takes tensor parallel within a machine and a stage on each, SGLang none; MLA gains from stages only."""
    plan = make_plan(request(R1, PAIR, nodes=2, **change))

    assert (layout, tokens) == ((plan.tensor_parallel, plan.pipeline_parallel), plan.kv_tokens)


def test_heads_that_sixteen_gpus_cannot_share() -> None:
    """Forty heads go to eight GPUs, so SGLang gets a stage on each machine."""
    plan = make_plan(request("Qwen/QwQ-32B", PAIR, nodes=2, engine="sglang"))

    assert (8, 2) == (plan.tensor_parallel, plan.pipeline_parallel)


@pytest.mark.parametrize(
    ("change", "layout"),
    [
        ({"tensor_parallel": 2}, (2, 4)),
        ({"pipeline_parallel": 2}, (4, 2)),
        ({"tensor_parallel": 2, "pipeline_parallel": 1}, (2, 1)),
    ],
)
def test_a_layout_given_in_part_is_completed(change: dict[str, object], layout: tuple[int, int]) -> None:
    """What is given stays, what is not uses the rest of the GPUs."""
    plan = make_plan(request(Q32, A10X8, allow_unfit=True, **change))

    assert layout == (plan.tensor_parallel, plan.pipeline_parallel)


@pytest.mark.parametrize(
    ("name", "plan"),
    [
        ("small", request(Q8, A10)),
        ("pair-of-stages", request(R7B, A10X8)),
        ("two-machines", request(R1, PAIR, nodes=2)),
        ("one-would-do", request(Q32, H20, nodes=2, rdma=True)),
        (
            "two-over-tcp",
            request(R70B, A100X8, nodes=2, launcher="ray", tensor_parallel=16, engine_image="team/vllm:v0.32.0"),
        ),
        ("sglang-eager", request(Q32, A10X4, engine="sglang", cuda_graphs=False, max_model_len=4096)),
        ("overridden", request(R1, H20X8, gpu_memory_utilization=0.95, allow_unfit=True, max_model_len=8192)),
        ("warnings", request("Qwen/Qwen3-8B-FP8", A10X8, tensor_parallel=4, pipeline_parallel=1, engine_image="x/y:1")),
    ],
)
def test_verdict(name: str, plan: PlanRequest, golden: Callable[[str, str], None]) -> None:
    """The text a reviewer reads in `preview`, byte for byte."""
    golden(f"plan/{name}.txt", make_plan(plan).verdict() + "\n")


@pytest.mark.parametrize(
    ("image", "warnings"),
    [
        ("vllm/vllm-openai:v0.32.0", ()),
        ("vllm/vllm-openai:v0.33.0", ("the engine's flags were checked with vLLM 0.32.0, the image holds 0.33.0",)),
        ("team/engine:7", ("the tag of team/engine:7 does not state a vLLM version, so it was not compared",)),
    ],
)
def test_an_engine_version_that_was_not_checked_is_a_warning(image: str, warnings: tuple[str, ...]) -> None:
    """Newer and unknown images are allowed, and said."""
    assert warnings == make_plan(request(Q8, A10, engine_image=image)).warnings


@pytest.mark.parametrize(
    ("image", "warned"),
    [("team/vllm:v0.32.0-ray2.60.0", False), ("team/vllm:v0.32.0", True), ("vllm/vllm-openai:nightly", True)],
)
def test_an_image_that_may_lack_ray_is_a_warning(image: str, *, warned: bool) -> None:
    """Only a tag can tell before the machine boots."""
    text = f"the name of {image} does not tell whether it holds Ray 2.52.0 or newer; the boot looks"

    assert warned == (text in make_plan(request(R1, PAIR, nodes=2, launcher="ray", engine_image=image)).warnings)


@pytest.mark.parametrize(("change", "warned"), [({}, False), ({"rdma": False}, True), ({"engine": "vllm"}, False)])
def test_layers_shared_over_tcp_are_a_warning(change: dict[str, object], *, warned: bool) -> None:
    """RDMA is made for it, and a stage on each machine does with TCP."""
    plan = make_plan(request(R1, PAIR, **{"nodes": 2, "engine": "sglang", "rdma": True} | change))

    assert warned == (
        "tensor parallel 16 shares each layer over TCP, which takes longer than computing it" in plan.warnings
    )


def test_gpu_nobody_measured_is_a_warning() -> None:
    """The vendor names no GPU for this type, so its memory is a reading of "72 GB"."""
    assert ("the memory of unnamed-72 was not read on a machine; see gpus.toml",) == make_plan(
        request(Q32, "ecs.ebmgn9gc.64xlarge")
    ).warnings


def test_alternatives_are_the_smallest_that_work() -> None:
    """Nearest means the least GPU memory, one type for each set of GPUs, none whose memory is a guess."""
    found = [plan.request.hardware for plan in alternatives(request(Q235, L20X8))]

    assert ["8 x A100-80", "8 x H20-96"] == found


def test_the_first_problem_names_the_argument() -> None:
    """A caller can put the error next to the argument to change."""
    with pytest.raises(PlanError) as error:
        make_plan(request(Q32, A10X2))

    assert ("instance_type", ["instance_type", "instance_type"]) == (
        error.value.argument,
        [problem.argument for problem in error.value.problems],
    )


def test_sglang_gets_a_share_without_activations() -> None:
    """SGLang's share holds weights and cache only, so it is smaller than the budget that both engines have."""
    plans: list[Plan] = [make_plan(request(Q8, A10, engine=engine)) for engine in ("vllm", "sglang")]

    assert [0.764, 0.764] == [plan.mem_fraction_static for plan in plans]
