"""What `pulumi up` may have to call: a row for everything the components make, on the platform that makes it."""

import ast
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.topologies import TOPOLOGIES, load
from scripts.operator_policy import Row, permissions, rows
from tests.preview import Preview

ROOT = Path(__file__).resolve().parents[2]
TABLES = permissions()
ROWS: list[Row] = [*TABLES["permission"], *TABLES["scope"]]
SOURCE = re.compile(
    r"https://github\.com/aliyun/terraform-provider-alicloud/blob/[0-9a-f]{40}/alicloud/(resource|data_source)_\w+\.go"
)
ECS: dict[str, Any] = {"zoneId": "cn-hangzhou-i"}
ACS: dict[str, Any] = {"zoneId": "cn-hangzhou-i", "apiAccess": "public", "apiAllowedCidrs": ["203.0.113.7/32"]}
STACKS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "ecs": [
        ("single-ecs", ECS | {"publicAllowedCidrs": ["203.0.113.0/24"]}),
        ("dual-ecs-ray", ECS | {"systemImageId": "m-uefiuefiuefiuefi"}),
    ],
    "acs": [
        ("acs-cluster", ACS | {"model": "deepseek-ai/DeepSeek-R1"}),
        ("acs-cluster", ACS | {"ossAccess": "access-key"}),
    ],
}
"""For each platform, stacks that together make every resource it is for."""


def used_types() -> list[str]:
    """Return every ``alicloud.<module>.<name>`` that components/ calls, but argument classes; without ``_output``."""
    calls = [
        call.func
        for path in (ROOT / "components").rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
    ]
    names = {ast.unparse(called).removesuffix("_output") for called in calls if isinstance(called, ast.Attribute)}
    return sorted(name for name in names if re.fullmatch(r"alicloud\.\w+\.\w+(?<!Args)", name))


def made(preview: Preview, topology: str, args: dict[str, Any]) -> set[str]:
    """Return every ``alicloud.<module>.<name>`` that a stack registers."""

    def program() -> None:
        load(pulumi.Config("llm"))()

    seen = preview(program, topology=topology, args=json.dumps(args))
    assert seen.good, seen.said
    types = (one.type.split(":") for one in seen.resources.values())
    return {f"alicloud.{module.split('/')[0]}.{name}" for package, module, name in types if package == "alicloud"}


def test_every_resource_has_permissions() -> None:
    """A resource or function used in components/ has one row, and no row is left from one that went away."""
    assert used_types() == sorted(row["type"] for row in TABLES["permission"])


@pytest.mark.parametrize("stacks", STACKS.values(), ids=STACKS)
def test_a_platform_has_what_its_stacks_make(preview: Preview, stacks: list[tuple[str, dict[str, Any]]]) -> None:
    """A platform's resources are those its topologies register, none more; functions only read."""
    listed = {row["type"] for row in rows(TABLES, stacks[0][0]) if ".get_" not in row["type"]}

    assert listed == set().union(*(made(preview, *stack) for stack in stacks))


def test_every_topology_has_a_platform() -> None:
    """The command knows the topologies that a stack can name."""
    assert list(TOPOLOGIES) == list(TABLES["platforms"])


def test_no_scope_names_what_nobody_needs() -> None:
    """An action of a scope is one of a row's, or it would be forgotten there when the row goes."""
    needed = {action for row in TABLES["permission"] for action in row["actions"]}

    assert set() == {action for scope in TABLES["scope"] for action in scope.get("actions", ())} - needed


def test_permission_names_its_provider_file() -> None:
    """The source of a permission is a file of the provider at one commit, another for each row."""
    sources = [row["source"] for row in TABLES["permission"]]

    assert [] == [source for source in sources if not SOURCE.fullmatch(source)]
    assert len(sources) == len(set(sources))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.get("type", row.get("service")))
def test_row_was_checked(row: Row) -> None:
    """Every row says where it comes from and when that was read."""
    assert row["source"].startswith("https://")
    assert row["checked"] <= datetime.now(UTC).date()
