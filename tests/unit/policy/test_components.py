"""What the components make keeps the rules."""

from pathlib import Path

import pytest
import yaml

from scripts.foreseen import Source, foresee
from scripts.policy.resources import Resource
from scripts.policy.rules import findings
from scripts.reporting.assess import judged

ROOT = Path(__file__).parents[3]
STACKS = [ROOT / "Pulumi.dev.yaml", *sorted((ROOT / "docs" / "stacks").glob("*.yaml"))]
TAGS = {"team": "search"}


def made(file: Path, folder: Path, **arguments: object) -> list[Resource]:
    """Return what the stack of *file* makes with *arguments*."""
    stack = yaml.safe_load(file.read_text())
    stack["config"]["llm:args"] |= arguments
    copy = folder / file.name
    copy.write_text(yaml.safe_dump(stack))
    seen = foresee(Source(ROOT, file.name.split(".")[1], copy))
    assert seen.good, seen.errors
    return judged(seen)


@pytest.mark.parametrize("file", STACKS, ids=lambda file: file.name)
def test_stacks_keep_every_rule(file: Path, tmp_path: Path) -> None:
    """With tags, all that is said is why a boot may read more secrets than its own, on machines alone."""
    found = findings(made(file, tmp_path, tags=TAGS))
    assert {finding.rule for finding in found} <= {"ram-least-privilege"}
    assert all(finding.text.startswith("policyDocument Statement[1].Resource: kms:GetSecretValue") for finding in found)


def test_without_tags_what_is_billed_is_named(tmp_path: Path) -> None:
    """Nothing else is: a network costs nothing."""
    found = findings(made(STACKS[0], tmp_path))
    untagged = {finding.resource.name for finding in found if finding.rule == "tags-present"}
    assert untagged == {"llm-instance", "llm-weights", "llm-nat", "llm-nat-eip"}


def test_a_public_endpoint_with_a_list_keeps_them(tmp_path: Path) -> None:
    """Who may call is named."""
    found = findings(made(STACKS[0], tmp_path, publicAllowedCidrs=["203.0.113.0/24"], tags=TAGS))
    assert {finding.rule for finding in found} == {"ram-least-privilege"}


def test_an_endpoint_for_everybody_breaks_one(tmp_path: Path) -> None:
    """The components allow it to whoever insists; the policy is where an organization says no."""
    found = findings(
        made(STACKS[0], tmp_path, publicAllowedCidrs=["0.0.0.0/0"], allowWholeInternet=True, tags=TAGS),
    )
    assert (found[0].rule, found[0].resource.name) == ("allow-lists", "llm-allow-0-0-0-0-0")
    assert found[0].text == "cidrIp 0.0.0.0/0 lets everybody reach port 8000. Name the networks that may call."


def test_a_key_pair_for_the_bucket_breaks_one(tmp_path: Path) -> None:
    """A cluster without RRSA reaches its bucket by a key, which an organization may exempt by name."""
    stack = made(ROOT / "docs" / "stacks" / "Pulumi.acs-cluster.yaml", tmp_path, ossAccess="access-key", tags=TAGS)
    assert ["llm-weights-user-key"] == [
        finding.resource.name for finding in findings(stack) if finding.level == "mandatory"
    ]
    assert [] == findings(stack, {"no-access-key": {"exempt": ["llm-weights-user-key"]}})
