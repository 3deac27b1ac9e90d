"""The README's blocks are what the code and the files say."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from components.args import AcsLlmClusterArgs, DualEcsRayLlmArgs, SingleEcsLlmArgs, argument_table

ROOT = Path(__file__).parents[2]


def fit_table() -> str:
    """Return what `scripts/fit` prints for the example model."""
    command = [sys.executable, "scripts/fit", "Qwen/Qwen3-235B-A22B"]
    shown = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return f"```\n$ scripts/fit Qwen/Qwen3-235B-A22B\n{shown}```\n"


BLOCKS: dict[str, Callable[[], str]] = {
    "arguments": lambda: argument_table(SingleEcsLlmArgs),
    "cluster": lambda: argument_table(AcsLlmClusterArgs, SingleEcsLlmArgs),
    "dev": lambda: f"```yaml\n{(ROOT / 'Pulumi.dev.yaml').read_text()}```\n",
    "fit": fit_table,
    "pair": lambda: argument_table(DualEcsRayLlmArgs, SingleEcsLlmArgs),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_a_generated_block_is_fresh(request: pytest.FixtureRequest, name: str) -> None:
    """What stands between a block's markers is what the code produces today."""
    readme = ROOT / "README.md"
    block = re.compile(rf"(?s)(<!-- {name} -->\n)(.*?)(<!-- /{name} -->)")
    expected = BLOCKS[name]()
    if request.config.getoption("--update-golden"):
        readme.write_text(block.sub(lambda found: f"{found[1]}{expected}{found[3]}", readme.read_text()))

    assert expected == block.search(readme.read_text())[2]  # type: ignore[index]  # a README without it fails here
