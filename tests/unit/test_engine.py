"""The engines' command lines, whole, and which flags a user may add."""

import itertools
from collections.abc import Callable

import pytest

from components import catalog
from components.catalog import Model
from components.engine import (
    captures_graphs,
    engine_argv,
    flag_names,
    needs_internet,
    owner,
    refused_flag,
    splits_experts,
)
from components.plan import Plan, make_plan
from tests.unit.plans import on_machines, on_pods


def plan(model: str, instance: str, engine: str, **change: object) -> Plan:
    """Return a plan with the component's defaults."""
    return make_plan(on_machines(model, instance, engine=engine, **change))


@pytest.mark.parametrize(
    ("given", "served", "extra", "line"),
    [
        (
            plan("Qwen/Qwen3-8B", "ecs.gn7i-c8g1.2xlarge", "vllm"),
            "Qwen/Qwen3-8B",
            (),
            (
                "vllm serve /model --served-model-name Qwen/Qwen3-8B --host 0.0.0.0 --port 8000 "
                "--tensor-parallel-size 1 --pipeline-parallel-size 1 --max-model-len 12288 "
                "--gpu-memory-utilization 0.9 --kv-cache-dtype auto "
                "--reasoning-parser qwen3 --tool-call-parser hermes --enable-auto-tool-choice"
            ),
        ),
        (
            plan("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "ecs.gn8is-2x.8xlarge", "vllm", kv_cache_dtype="fp8"),
            "ds",
            ("--max-num-seqs", "64"),
            (
                "vllm serve /model --served-model-name ds --host 0.0.0.0 --port 8000 --tensor-parallel-size 2 "
                "--pipeline-parallel-size 1 --max-model-len 131072 --gpu-memory-utilization 0.9 --kv-cache-dtype fp8 "
                "--reasoning-parser deepseek_r1 --max-num-seqs 64"
            ),
        ),
        (
            plan("Qwen/Qwen3-235B-A22B", "ecs.ebmgn8v.48xlarge", "sglang", kv_cache_dtype="fp8"),
            "ds",
            ("--ep=8",),
            (
                "python3 -m sglang.launch_server --model-path /model --served-model-name ds --host 0.0.0.0 --port 8000 "
                "--tensor-parallel-size 8 --pipeline-parallel-size 1 --context-length 40960 "
                "--mem-fraction-static 0.783 --kv-cache-dtype fp8_e4m3 --reasoning-parser qwen3 "
                "--tool-call-parser qwen25 --enable-metrics "
                "--ep=8"
            ),
        ),
    ],
)
def test_command_line(given: Plan, served: str, extra: tuple[str, ...], line: str) -> None:
    """Long names, the model's parsers in the engine's own spelling, the user's flags last so that they win."""
    assert line.split(" ") == engine_argv(given, served, extra)


def commands(engine: str, launcher: str) -> str:
    """Return the commands of both machines, one argument and its value a line."""
    pair = {"nodes": 2, "rdma": True, "launcher": launcher, "engine_image": f"team/{engine}:v1.2.3-ray2.60.0"}
    given = plan("deepseek-ai/DeepSeek-R1", "ecs.ebmgn8v.48xlarge", engine, **pair)
    shown = [f"{engine}, launcher {launcher}"]
    for rank in range(2):
        line = " ".join(engine_argv(given, "r1", ("--trust-remote-code",), rank)).replace(" --", "\n    --")
        shown.append(f"  machine {rank}\n    {line or '(nothing)'}")
    return "\n".join(shown)


def test_two_machines(golden: Callable[[str, str], None]) -> None:
    """Both launchers of both engines, on the first machine and on the second."""
    pairs = itertools.product(("vllm", "sglang"), ("native", "ray"))

    golden("engine/pair.txt", "\n\n".join(itertools.starmap(commands, pairs)) + "\n")


PPU_IMAGE = "team/vllm:v0.23.0"
ON_PODS = {
    "QwQ-32B, one pod": on_pods("Qwen/QwQ-32B", "GU8TF", 1),
    "Llama-70B, two PPUs": on_pods("deepseek-ai/DeepSeek-R1-Distill-Llama-70B", "P16EN", 2, engine_image=PPU_IMAGE),
    "R1, two pods": on_pods("deepseek-ai/DeepSeek-R1", "GU8TF", 8, 2),
    "R1, three pods": on_pods("deepseek-ai/DeepSeek-R1", "GU8TF", 8, 3),
    "R1, two pods, sglang": on_pods("deepseek-ai/DeepSeek-R1", "GU8TF", 8, 2, engine="sglang"),
    "R1 INT8, sixteen PPUs": on_pods("deepseek-ai/DeepSeek-R1-GPTQ-INT8", "P16EN", 16, engine_image=PPU_IMAGE),
    "R1 INT8, sixteen PPUs, sglang": on_pods(
        "deepseek-ai/DeepSeek-R1-GPTQ-INT8", "P16EN", 16, engine="sglang", engine_image="team/sglang:v0.5.4"
    ),
}


def test_pods(golden: Callable[[str, str], None]) -> None:
    """On loopback beside the gate; of several pods each with its rank, and one checkpoint with its quantization."""
    shown = []
    for name, asked in ON_PODS.items():
        given = make_plan(asked)
        lines = [
            " ".join(engine_argv(given, "r1", (), rank)).replace(" --", "\n    --") for rank in range(asked.on.count)
        ]
        shown.append("\n".join([name, *(f"  pod {rank}\n    {line}" for rank, line in enumerate(lines))]))

    golden("engine/pods.txt", "\n\n".join(shown) + "\n")


@pytest.mark.parametrize("name", list(catalog.rows(Model)))
def test_parsers_are_spelled_as_each_engine_does(name: str) -> None:
    """VLLM writes underscores, SGLang never writes deepseek_r1 or deepseek_v31."""
    row = catalog.find(Model, name)

    assert "-" not in f"{row.vllm_reasoning_parser}{row.vllm_tool_parser}"
    assert "deepseek_" not in f"{row.sglang_reasoning_parser}{row.sglang_tool_parser}"


@pytest.mark.parametrize(
    ("flag", "reason"),
    [
        ("--api-key", "use apiKey"),
        ("--port", "use port"),
        ("--host", "the gate owns it"),
        ("--model", "use model"),
        ("--tensor-parallel-size", "use tensorParallel"),
        ("--tp", "use tensorParallel"),
        ("-tp", "use tensorParallel"),
        ("--max-model", "use maxModelLen"),
        ("--nnodes", "the component sets it for its machines"),
        ("--distributed-executor-backend", "the component sets it for its machines"),
        ("--use-ray", "the component sets it for its machines"),
        ("--master", "the component sets it for its machines"),
        ("--config", "it could set any other flag"),
        ("--model-impl", None),
        ("--max-num-seqs", None),
        ("--config-format", None),
        ("--reasoning-parser", None),
        ("--trust-remote-code", None),
        ("-ep", None),
    ],
)
def test_flags_the_component_owns(flag: str, reason: str | None) -> None:
    """Owned by name, and by every beginning that the engine's parser would complete to it."""
    assert reason == owner(flag)


def test_flags_are_told_from_values() -> None:
    """Values, negative numbers included, are no flags; underscores are dashes and `=` ends the name."""
    extra = ["--max_num_seqs", "64", "--seed", "-1", "--load-format=dummy", "-ep"]

    assert ["--max-num-seqs", "--seed", "--load-format", "-ep"] == flag_names(extra)


@pytest.mark.parametrize(
    ("extra", "graphs", "experts"),
    [
        ([], True, False),
        (["--enforce-eager"], False, False),
        (["--disable-cuda-graph"], False, False),
        (["--enable-expert-parallel"], True, True),
        (["--ep=8"], True, True),
    ],
)
def test_flags_the_plan_listens_to(extra: list[str], *, graphs: bool, experts: bool) -> None:
    """Eager mode frees the graphs' memory, expert parallelism lifts the FP8 block limit."""
    assert (graphs, experts) == (captures_graphs(extra), splits_experts(extra))


@pytest.mark.parametrize(
    ("engine", "image", "flag", "instead"),
    [
        (
            "vllm",
            "vllm/vllm-openai:v0.32.0",
            "--enable-reasoning",
            "It is gone: the reasoning parser alone turns reasoning on.",
        ),
        ("vllm", "vllm/vllm-openai:v0.32.0", "--swap-space", "It is gone, with nothing in its place."),
        ("vllm", "vllm/vllm-openai:v0.8.5", "--enable-reasoning", None),
        ("vllm", "vllm/vllm-openai:v0.32.0", "--enforce-eager", None),
        (
            "sglang",
            "lmsysorg/sglang:v0.5.23",
            "--disable-log-requests",
            "Leave it out: requests are not logged unless --log-requests is given.",
        ),
    ],
)
def test_flags_of_older_guides(engine: str, image: str, flag: str, instead: str | None) -> None:
    """Refused only where the image is the release that is known to refuse it."""
    assert instead == refused_flag(engine, image, flag)


OWN = "acs-registry-vpc.cn-beijing.cr.aliyuncs.com/egslingjun/vllm:v1"
GATE = "registry-vpc.cn-beijing.aliyuncs.com/team/caddy:2"


@pytest.mark.parametrize(
    ("source", "images", "expected"),
    [
        ("oss", (OWN, GATE), False),
        ("modelscope", (OWN, GATE), True),
        ("oss", (OWN, "caddy:2.11.7"), True),
        ("oss", (OWN.replace("beijing", "hangzhou"), GATE), True),
        ("oss", ("registry.cn-beijing.aliyuncs.com/team/vllm:v1", GATE), True),
        ("oss", ("evil.com/registry-vpc.cn-beijing.aliyuncs.com/vllm:v1", GATE), True),
        ("oss", ("acs-registry-vpc.cn-beijing.cr.aliyuncs.com.example.com/vllm:v1", GATE), True),
    ],
)
def test_what_needs_the_internet(source: str, images: tuple[str, ...], *, expected: bool) -> None:
    """Only a bucket and registries inside the region's own network do without."""
    assert expected == needs_internet(source, "cn-beijing", *images)
