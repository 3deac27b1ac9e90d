"""From a stack's config to its component."""

import json

import pulumi

from components.topologies import build
from tests.preview import Preview

ARGS = json.dumps({"zoneId": "cn-hangzhou-i"})


def program() -> None:
    """Build what the config describes, as the stack's own program does."""
    for name, value in build(pulumi.Config("llm")).stack_outputs().items():
        pulumi.export(name, value)


def test_a_wrong_topology_names_the_three(preview: Preview) -> None:
    """A topology that does not exist is refused with the names of those that do."""
    assert preview(program, topology="single", args=ARGS).said == (
        "llm:topology: 1 argument rejected\n  'single' is none of single-ecs, dual-ecs-ray, acs-cluster."
    )


def test_a_topology_of_a_later_version_is_refused(preview: Preview) -> None:
    """What is not built yet says so."""
    assert preview(program, topology="acs-cluster", args=ARGS).said == (
        "llm:topology: 1 argument rejected\n"
        "  'acs-cluster' is not part of this version yet; use one of 'single-ecs', 'dual-ecs-ray'."
    )


def test_the_key_of_the_config_is_checked_and_kept(preview: Preview) -> None:
    """`llm:apiKey` becomes the component's key; an empty one or one with a newline is refused, unseen."""
    assert preview(program, topology="single-ecs", args=ARGS, apiKey="sixteen-letters-or-more").good
    for wrong in ("", "sixteen-letters\nor-more"):
        seen = preview(program, topology="single-ecs", args=ARGS, apiKey=wrong)

        assert seen.said.startswith("SingleEcsLlm: 1 argument rejected\n  apiKey: ")
        assert "sixteen" not in seen.said
        assert {"llm-dev"} == set(seen.resources)
