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

        assert "\nSingleEcsLlm: 1 argument rejected\n  apiKey: " in f"\n{seen.said}"
        assert "sixteen" not in seen.said
        assert {"llm-dev"} == set(seen.resources)


def test_a_misspelt_key_is_refused(preview: Preview) -> None:
    """A key that nobody would read is named with the one that was meant, or with all there are."""
    assert preview(program, topology="single-ecs", args=ARGS, apikey="x", model="Qwen/Qwen3-8B").said == (
        "config: 2 arguments rejected\n"
        "  llm:apikey: no such key. Did you mean 'llm:apiKey'?\n"
        "  llm:model: no such key. The keys are llm:topology, llm:args, llm:apiKey, llm:kubeconfig; "
        "arguments stand below llm:args."
    )


@pytest.mark.parametrize(("text", "value"), [("[1]", [1]), ("model", "model"), ('"model"', "model")])
def test_arguments_are_a_map(preview: Preview, text: str, value: object) -> None:
    """Whatever else stands in their place is refused with what it is."""
    said = preview(program, topology="single-ecs", args=text).said
    assert f"SingleEcsLlm: 1 argument rejected\n  args: {value!r} is not a map of argument names to values." == said


def test_a_secret_in_plain_text_is_warned_of(preview: Preview) -> None:
    """One that stands readable in the stack file is named with the command that encrypts it."""
    key = "sixteen-letters-or-more"
    inside = json.dumps({"zoneId": "cn-hangzhou-i", "apiKey": key})
    seen = [
        preview(program, topology="single-ecs", **given) for given in ({"args": ARGS, "apiKey": key}, {"args": inside})
    ]

    assert all(one.good for one in seen)
    for one, place, how in zip(seen, ("llm:apiKey", "llm:args.apiKey"), ("", "--path "), strict=True):
        warning = (
            f"{place}: stands in plain text in the stack file. Encrypt it: pulumi config set --secret {how}{place}"
        )
        assert warning == one.said.split("\n")[0]


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_an_example_previews(preview: Preview, file: Path) -> None:
    """Every stack file that users copy passes a preview as it stands."""
    config = yaml.safe_load(file.read_text())["config"]
    seen = preview(program, topology=config["llm:topology"], args=json.dumps(config["llm:args"]))

    assert seen.good, seen.said
    assert ": fits\n" in seen.said


def test_staging_runs_what_production_runs() -> None:
    """The two differ in where they are and who pays what, not in what a request meets."""
    files = {name: ROOT / "docs" / "stacks" / f"Pulumi.{name}.yaml" for name in ("staging", "production")}
    staging, production = (yaml.safe_load(file.read_text())["config"]["llm:args"] for file in files.values())

    unlike = {name for name in {*staging, *production} if staging.get(name) != production.get(name)}
    assert {"spotStrategy", "vpcId", "vswitchId", "privateAllowedCidrs", "tags"} == unlike
