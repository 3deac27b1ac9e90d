"""The real vLLM of scripts/install-vllm, and the way out for tests where it is not installed."""

import json
from pathlib import Path

import httpx
import pytest

from scripts.localcloud.machines import Machines
from tests.stack.program import ROOT
from tests.stack.project import SENTINEL, Project

FOLDER = ROOT / ".vllm"
PYTHON = FOLDER / "bin" / "python"
MODEL = FOLDER / "model"
"""A folder of weights with which it starts in seconds."""

ENVIRONMENT = {
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    # With several ranks it compiles a function even when told to be eager, and a machine has no compiler.
    "TORCHDYNAMO_DISABLE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    # GiB; by default it takes most of the memory.
    "VLLM_CPU_KVCACHE_SPACE": "1",
    # It would ask lscpu, which reads what a container of the local cloud does not have.
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "VLLM_NO_USAGE_STATS": "1",
}

KEY = {"Authorization": f"Bearer {SENTINEL}"}
NAME = "Qwen/Qwen3-8B"
ASK = {"model": NAME, "prompt": "Who are you?", "max_tokens": 8, "ignore_eos": True}
READY = (ROOT / "components" / "userdata" / "ready.sh").read_text()
READY_SECONDS = 280
PATIENCE_SECONDS = 900
"""How long a command may take."""


def require() -> None:
    """Skip the test where vLLM is not installed."""
    if not (FOLDER / "installed").exists() or not MODEL.exists():
        pytest.skip("the real vLLM is not installed. Run scripts/install-vllm (6 GB).")


def folder() -> Path:
    """Return the virtual environment as its programs name it."""
    require()
    return FOLDER.resolve()


def use(project: Project) -> None:
    """Put the real vLLM in the place of the stand-in, and the tiny model in the place of all others."""
    engines = {"vllm": {"venv": str(folder()), "environment": ENVIRONMENT}}
    (project.home / "engines.json").write_text(json.dumps(engines))
    project.environment["LOCALCLOUD_MODELSCOPE_ROOT"] = str(MODEL.resolve())
    project.patience_seconds = PATIENCE_SECONDS


def on_the_machine(project: Project, name: str, script: str, timeout_seconds: float = 60) -> str:
    """Return what *script* prints as root of the machine whose name ends with *name*."""
    done = Machines(project.home).run_command(project.instance(name), f"#!/bin/bash\n{script}", timeout_seconds)
    assert done.exit_code == 0, done.output
    return done.output


def until_ready(project: Project, name: str) -> str:
    """Return what the machine itself says once it answers again."""
    return on_the_machine(project, name, f"LLM_READY_SECONDS={READY_SECONDS}\n{READY}", READY_SECONDS + 10)


def ask(project: Project, body: dict[str, object], key: dict[str, str]) -> httpx.Response:
    """Return the answer to a completion through the stack's exported endpoint."""
    return httpx.post(f"{project.output('endpoint')}/completions", json=body, headers=key, timeout=60)
