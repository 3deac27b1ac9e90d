"""The command lines that this project writes are accepted by the real vLLM, and refused as the stand-in refuses."""

import dataclasses
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from components import catalog
from components.catalog import Engine, Instance, Model
from components.engine import MODEL_PATH, engine_argv
from components.plan import Machines, PlanRequest, alternatives
from scripts.localcloud.machines.engine import arguments
from tests.stack import real_vllm

pytestmark = pytest.mark.vllm

ROW = catalog.find(Engine, "vllm")
GOOD = ["vllm", "serve", MODEL_PATH, "--port", "8000"]
REFUSED = [
    (["--enable-reasoning"], "unrecognized arguments"),
    (["--tp", "2"], "unrecognized arguments"),
    (["--reasoning-parser", "qwen33"], "Reasoning parser 'qwen33' not found"),
    (["--enable-auto-tool-choice", "--tool-call-parser", "hermess"], "invalid tool call parser: hermess"),
    (["--enable-auto-tool-choice"], "requires --tool-call-parser"),
    (["--max-model-len", "400000"], "max_model_len"),
    (["-tp", "3", "--nnodes", "2"], "must evenly divide the total world size (3)"),
    (["-tp", "2", "--nnodes", "2", "--node-rank", "2"], "must be between 0 and 1; got `--node-rank 2`"),
    (["-tp", "2", "--nnodes", "2", "--distributed-executor-backend", "ray"], "nnodes > 1 can only be set when"),
    *(([flag], "unrecognized arguments") for flag in ROW.refused_flags),
]


def planned(model: Model) -> list[list[str]]:
    """Return the command line of each machine, of the smallest type that runs *model* alone or else as a pair."""
    wanted = PlanRequest(
        model=model,
        on=Machines(each=next(iter(catalog.rows(Instance).values()))),
        engine="vllm",
        engine_image=ROW.image,
        gpu_memory_utilization=0.9,
        kv_cache_dtype="auto",
    )
    plan = (
        alternatives(wanted) or alternatives(dataclasses.replace(wanted, on=dataclasses.replace(wanted.on, count=2)))
    )[0]
    return [engine_argv(plan, model.name, rank=rank) for rank in range(plan.request.on.count)]


# The build for CPUs has no kernels for checkpoints that need to be told their quantization.
MODELS = [model for model in catalog.rows(Model).values() if not model.quantization_flag]
PLANNED = [(model, argv) for model in MODELS for argv in planned(model)]


def shape(model: Model) -> dict[str, Any]:
    """Return a config.json with what the plan knows of *model*, in an architecture that has these fields."""
    kind, name = ("deepseek_v3", "DeepseekV3ForCausalLM") if model.kv_lora_rank else ("qwen3", "Qwen3ForCausalLM")
    given = {
        "architectures": [name],
        "model_type": kind,
        "torch_dtype": "bfloat16",
        "num_hidden_layers": model.layers,
        "num_attention_heads": model.attention_heads,
        "num_key_value_heads": model.kv_heads or model.attention_heads,
        "head_dim": model.head_dim,
        "kv_lora_rank": model.kv_lora_rank,
        "qk_rope_head_dim": model.qk_rope_head_dim,
        "max_position_embeddings": model.max_context,
    }
    return {field: value for field, value in given.items() if value is not None}


def at(folder: Path, argv: Sequence[str]) -> list[str]:
    """Return *argv* for weights in *folder*."""
    return [str(folder) if word == MODEL_PATH else word for word in argv]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what the real vLLM says to every command line of this file; one process, for it loads long."""
    real_vllm.require()
    lines = [at(real_vllm.MODEL, GOOD + extra) for extra, _ in REFUSED]
    for model, argv in PLANNED:
        folder = tmp_path_factory.mktemp("model")
        shutil.copytree(real_vllm.MODEL, folder, dirs_exist_ok=True)
        (folder / "config.json").write_text(json.dumps(shape(model)))
        lines.append(at(folder, argv))
    done = subprocess.run(
        [real_vllm.PYTHON, Path(__file__).with_name("vllm_accepts.py")],
        env=os.environ | real_vllm.ENVIRONMENT,
        input=json.dumps(lines),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_flags_of_every_catalog_model_start(answers: dict[str, Any]) -> None:
    """Parser, engine configuration and the names of both parsers, on every machine, each model in its own shape."""
    said = answers["problems"][len(REFUSED) :]

    assert [] == [(model.name, argv, text) for (model, argv), text in zip(PLANNED, said, strict=True) if text]


def test_what_is_refused_is_refused(answers: dict[str, Any]) -> None:
    """A wrong name stops the start, so an accepted one says something."""
    said = answers["problems"][: len(REFUSED)]

    assert [] == [(extra, text) for (extra, wanted), text in zip(REFUSED, said, strict=True) if wanted not in str(text)]


@pytest.mark.parametrize("kind", ["reasoning_parsers", "tool_parsers"])
def test_the_stand_in_knows_the_same_parsers(answers: dict[str, Any], kind: str) -> None:
    """A name that one of them refuses, the other refuses too."""
    assert answers[kind] == sorted(arguments.FLAGS["vllm"][kind])


def test_the_stand_in_takes_no_flag_that_the_real_one_lacks(answers: dict[str, Any]) -> None:
    """It may know fewer."""
    flags = arguments.FLAGS["vllm"]
    known = {f"--{name}" for kind in ("values", "integers", "numbers", "switches", "pairs") for name in flags[kind]}
    short = {name for names in flags["aliases"].values() for name in names}

    assert set() == (known | short) - set(answers["flags"])
