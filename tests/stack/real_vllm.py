"""The real vLLM of scripts/install-vllm, and the way out for tests where it is not installed."""

from pathlib import Path

import pytest

from tests.stack.project import ROOT

FOLDER = ROOT / ".vllm"
PYTHON = FOLDER / "bin" / "python"
MODEL = FOLDER / "model"
"""A folder of weights with which it starts in seconds."""

ENVIRONMENT = {
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    # GiB; by default it takes most of the memory.
    "VLLM_CPU_KVCACHE_SPACE": "1",
    # It would ask lscpu, which reads what a container of the local cloud does not have.
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "VLLM_NO_USAGE_STATS": "1",
}


def require() -> None:
    """Skip the test where vLLM is not installed."""
    if not (FOLDER / "installed").exists() or not MODEL.exists():
        pytest.skip("the real vLLM is not installed. Run scripts/install-vllm (6 GB).")


def folder() -> Path:
    """Return the virtual environment as its programs name it."""
    require()
    return FOLDER.resolve()
