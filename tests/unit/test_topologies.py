"""From a stack's config to its component."""

import json
from pathlib import Path

import pulumi
import pytest
import yaml

from components.topologies import load
from tests.preview import Preview

ROOT = Path(__file__).parents[2]
EXAMPLES = [ROOT / "Pulumi.dev.yaml", *sorted((ROOT / "docs" / "stacks").glob("Pulumi.*.yaml"))]
ARGS = json.dumps({"zoneId": "cn-hangzhou-i"})


def program() -> None:
    """Build what the config describes, as the stack's own program does."""
    for name, value in load(pulumi.Config("llm"))().stack_outputs().items():
        pulumi.export(name, value)


def test_a_wrong_topology_names_the_three(preview: Preview) -> None:
    """A topology that does not exist is refused with the names of those that do."""
    assert preview(program, topology="single", args=ARGS).said == (
        "llm:topology: 1 argument rejected\n  'single' is none of single-ecs, dual-ecs-ray, acs-cluster."
    )


def test_the_key_of_the_config_is_checked_and_kept(preview: Preview) -> None:
    """`llm:apiKey` becomes the component's key; an empty one or one with a newline is refused, unseen."""
    assert preview(program, topology="single-ecs", args=ARGS, apiKey="sixteen-letters-or-more").good
    for wrong in ("", "sixteen-letters\nor-more"):
        seen = preview(program, topology="single-ecs", args=ARGS, apiKey=wrong)

        assert seen.said.startswith("SingleEcsLlm: 1 argument rejected\n  apiKey: ")
        assert "sixteen" not in seen.said
        assert {"llm-dev"} == set(seen.resources)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_an_example_previews(preview: Preview, file: Path) -> None:
    """Every stack file that users copy passes a preview as it stands."""
    config = yaml.safe_load(file.read_text())["config"]
    seen = preview(program, topology=config["llm:topology"], args=json.dumps(config["llm:args"]))

    assert seen.good, seen.said
    assert ": fits\n" in seen.said
