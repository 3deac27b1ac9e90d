"""What is foreseen of a change without `pulumi`, held to what the real command previews of the same change."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from scripts.foreseen import Source, foresee_change
from tests.localcloud.stacks import NEEDS_ENGINE
from tests.stack.project import CLUSTER, SINGLE, Project

pytestmark = NEEDS_ENGINE
CHANGES: list[tuple[Path, Mapping[str, object]]] = [
    (SINGLE, {"model": "Qwen/Qwen3-14B", "instanceType": "ecs.gn7i-c32g1.16xlarge"}),
    (SINGLE, {"publicAllowedCidrs": ["203.0.113.0/24"]}),
    (SINGLE, {"physicalName": "other"}),
    (CLUSTER, {"namespace": "other"}),
]


def _previewed(project: Project) -> dict[str, str]:
    """Return what `pulumi preview` does to each resource, but for the default providers."""
    said = project.pulumi("preview", "--json", "--suppress-progress").stdout
    steps = {
        step["urn"]: "replace" if step["op"] in ("create-replacement", "delete-replaced") else step["op"]
        for step in json.loads(said[said.index("{") :])["steps"]
    }
    return {urn: op for urn, op in steps.items() if op != "same" and "::default_" not in urn}


@pytest.mark.parametrize(("stack", "change"), CHANGES, ids=["model", "public", "name", "cluster"])
def test_a_change_is_what_the_real_command_says(stack: Path, change: Mapping[str, object], tmp_path: Path) -> None:
    """Every resource is made, changed, replaced and deleted by both, or by neither."""
    project = Project(tmp_path, {}, stack=stack, machine_files=True)
    project.environment["LOCALCLOUD_MACHINES"] = "pretend"
    made = project.pulumi("up", "--yes", "--skip-preview", "--suppress-progress")
    assert made.returncode == 0, made.stdout
    base, head = tmp_path / "base.yaml", project.folder / "Pulumi.dev.yaml"
    shutil.copy(head, base)
    project.reconfigure(change)

    _, seen = foresee_change(Source(project.folder, "dev", base), Source(project.folder, "dev", head))

    assert _previewed(project) == {one.urn: one.step for one in seen.resources if one.step != "same"}
