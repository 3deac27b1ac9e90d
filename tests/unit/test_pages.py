"""The generated blocks of README and docs are what the code and the files say."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pulumi
import pytest

from components import AcsLlmCluster, DualEcsRayLlm, SingleEcsLlm
from components.args import AcsLlmClusterArgs, DualEcsRayLlmArgs, SingleEcsLlmArgs, argument_table
from components.args.fields import meanings
from components.endpoint import output_kinds
from scripts.policy.rules import RULES

ROOT = Path(__file__).parents[2]


def fit_table() -> str:
    """Return what `scripts/fit` prints for the example model."""
    command = [sys.executable, "scripts/fit", "Qwen/Qwen3-235B-A22B"]
    shown = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return f"```\n$ scripts/fit Qwen/Qwen3-235B-A22B\n{shown}```\n"


def output_table() -> str:
    """Return the outputs of the components, those of all first."""
    components = (SingleEcsLlm, DualEcsRayLlm, AcsLlmCluster)
    told = {name: text for one in components for name, text in meanings(one, pulumi.ComponentResource).items()}
    owners = {name: [one.__name__ for one in components if name in output_kinds(one)] for name in told}
    rows = [
        f"| `{name}` | {'all' if len(owners[name]) == len(components) else f'`{owners[name][0]}`'} | {text} |"
        for name, text in told.items()
    ]
    return "\n".join(["| output | of | meaning |", "|---|---|---|", *rows, ""])


def rule_table() -> str:
    """Return the rules of the policy pack."""
    rows = [f"| `{rule.name}` | {rule.level} | {rule.says} |" for rule in RULES]
    return "\n".join(["| rule | level | what it asks for |", "|---|---|---|", *rows, ""])


def report_head() -> str:
    """Return how the report begins of a change that opens an endpoint to everybody."""
    whole = (ROOT / "tests" / "golden" / "report" / "opening-to-everyone.md").read_text()
    head, _, _ = whole.partition("\n## ")
    return f"```markdown\n{head}```\n"


BLOCKS: dict[tuple[str, str], Callable[[], str]] = {
    ("README.md", "dev"): lambda: f"```yaml\n{(ROOT / 'Pulumi.dev.yaml').read_text()}```\n",
    ("README.md", "fit"): fit_table,
    ("README.md", "report"): report_head,
    ("docs/arguments.md", "arguments"): lambda: argument_table(SingleEcsLlmArgs),
    ("docs/arguments.md", "pair"): lambda: argument_table(DualEcsRayLlmArgs, SingleEcsLlmArgs),
    ("docs/arguments.md", "cluster"): lambda: argument_table(AcsLlmClusterArgs, SingleEcsLlmArgs),
    ("docs/composing.md", "outputs"): output_table,
    ("docs/policy.md", "rules"): rule_table,
}


@pytest.mark.parametrize(("file", "name"), BLOCKS)
def test_a_generated_block_is_fresh(request: pytest.FixtureRequest, file: str, name: str) -> None:
    """What stands between a block's markers is what the code produces today."""
    page = ROOT / file
    block = re.compile(rf"(?s)(<!-- {name} -->\n)(.*?)(<!-- /{name} -->)")
    expected = BLOCKS[file, name]()
    if request.config.getoption("--update-golden"):
        page.write_text(block.sub(lambda found: f"{found[1]}{expected}{found[3]}", page.read_text()))

    assert expected == block.search(page.read_text())[2]  # type: ignore[index]  # a page without it fails here


@pytest.mark.parametrize("page", ["README.md", *sorted(f"docs/{found.name}" for found in (ROOT / "docs").glob("*.md"))])
def test_a_page_leads_somewhere(page: str) -> None:
    """What a page links to within the repository is there."""
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text())

    assert [] == [link for link in links if not (ROOT / page).parent.joinpath(link).exists()]
