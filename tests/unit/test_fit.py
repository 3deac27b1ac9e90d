"""`scripts/fit`, run as a person runs it."""

import ast
import pathlib
import subprocess
import sys
from collections.abc import Callable

import pytest

from components.args import SingleEcsLlmArgs

FIT = pathlib.Path(__file__).parent.parent.parent / "scripts" / "fit"


def fit(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Return what the command printed."""
    return subprocess.run([sys.executable, str(FIT), *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("models", []),
        ("qwen3-235b", ["Qwen/Qwen3-235B-A22B"]),
        ("qwen3-32b-8k-sglang", ["Qwen/Qwen3-32B", "--engine", "sglang", "--context", "8192", "--utilization", "0.85"]),
        ("deepseek-r1-all", ["deepseek-ai/DeepSeek-R1", "--all"]),
        ("deepseek-v3", ["deepseek-ai/DeepSeek-V3"]),
        ("deepseek-v3-pairs-sglang", ["deepseek-ai/DeepSeek-V3", "--nodes", "2", "--engine", "sglang"]),
        ("one-pair", ["deepseek-ai/DeepSeek-V3", "--nodes", "2", "--instance", "ecs.gn8v-8x.48xlarge"]),
        ("qwq-pods", ["Qwen/QwQ-32B", "--pods"]),
        ("deepseek-r1-pods-all", ["deepseek-ai/DeepSeek-R1", "--pods", "--all"]),
        ("one-instance", ["Qwen/QwQ-32B", "--instance", "ecs.gn7i-4x.8xlarge"]),
    ],
)
def test_tables(name: str, arguments: list[str], golden: Callable[[str, str], None]) -> None:
    """The whole output, byte for byte."""
    golden(f"fit/{name}.txt", fit(*arguments).stdout)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["Qwen/Qwen3-33B"],
            "scripts/fit: 'Qwen/Qwen3-33B' is not in the catalog. Did you mean 'Qwen/Qwen3-32B'?\n",
        ),
        (
            ["Qwen/Qwen3-8B", "--instance", "ecs.gn7i-c8g1.2xl"],
            "scripts/fit: 'ecs.gn7i-c8g1.2xl' is not in the catalog. Did you mean 'ecs.gn7i-c8g1.2xlarge'?\n",
        ),
        (
            ["Qwen/Qwen3-8B", "--instance", "ecs.gn7i-c8g1.2xlarge", "--utilization", "0.95"],
            (
                "scripts/fit: gpu_memory_utilization: 0.95 leaves 1.11 GiB of an A10's 22.20 GiB for CUDA graphs, "
                "which take 2.00 GiB (estimate). Use 0.90 or less, or put --enforce-eager in extraEngineArgs.\n"
            ),
        ),
    ],
)
def test_refusals(arguments: list[str], line: str) -> None:
    """One line on stderr and exit code 1."""
    done = fit(*arguments)

    assert (1, "", line) == (done.returncode, done.stdout, done.stderr)


def test_default_utilization_is_the_component_s() -> None:
    """The table shows what the component would do."""
    field = SingleEcsLlmArgs.model_fields["gpu_memory_utilization"]

    assert f'"--utilization", type=float, default={field.default:.2f}' in FIT.read_text(encoding="utf-8")


def test_nothing_but_the_plan_is_imported() -> None:
    """The table needs no Pulumi: catalog, plan and sizing only."""
    tree = ast.parse(FIT.read_text(encoding="utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    of_the_plan = {"components.plan", "components.plan.pods"}
    assert {"components", "components.catalog", *of_the_plan, "components.sizing", "collections.abc"} == imported
