"""The least RAM policy for whoever runs `pulumi up`, made from docs/operator-permissions.toml."""

import argparse
import functools
import json
import re
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PERMISSIONS = Path(__file__).resolve().parents[1] / "docs" / "operator-permissions.toml"
DEFAULT_TOPOLOGY = "single-ecs"
DEFAULT_REGION = "cn-hangzhou"
DEFAULT_PROJECT = "llm"

MAX_CHARACTERS = 6144
"""
What RAM accepts in one custom policy.

Source: https://www.alibabacloud.com/help/doc-detail/28753.htm, 2026-11-21.
"""

_REGION = re.compile(r"[a-z]{2}(-[a-z0-9]+)+")
_PROJECT = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*")
_PROJECT_LENGTH = 31
"""Physical names keep this much of their beginning when they are shortened."""

Row = dict[str, Any]
Document = dict[str, Any]


@functools.cache
def permissions() -> dict[str, Any]:
    """Return the tables ``permission`` and ``scope``, and the platform of each topology in ``platforms``."""
    return tomllib.loads(PERMISSIONS.read_text())


def operator_policy(topology: str, region: str, project: str) -> Document:
    """
    Return the policy for stacks of *topology* in *region* whose physical names begin with *project*.

    Raises:
        ValueError: *region* or *project* cannot stand in an ARN; the sentence names the way out.
    """
    if not _REGION.fullmatch(region):
        raise ValueError(f"region: {region!r} is no region id. Write it like {DEFAULT_REGION}.")
    if not _PROJECT.fullmatch(project) or len(project) > _PROJECT_LENGTH:
        raise ValueError(
            f"project: {project!r} is not what a role's name can begin with. Write the name of Pulumi.yaml in letters, "
            f"digits and single dashes, at most {_PROJECT_LENGTH} characters."
        )
    tables = permissions()
    needed = {action for row in rows(tables, topology) for action in row["actions"]}
    named = {action for scope in tables["scope"] for action in scope.get("actions", ())}
    allowed = [(scope, _allowed(scope, needed, named)) for scope in tables["scope"]]
    statements = [_statement(scope, actions, region, project) for scope, actions in allowed if actions]
    return {"Version": "1", "Statement": statements}


def rows(tables: dict[str, Any], topology: str) -> list[Row]:
    """Return the rows of ``permission`` that stacks of *topology* need."""
    platform = tables["platforms"][topology]
    return [row for row in tables["permission"] if row.get("platform", platform) == platform]


def _allowed(scope: Row, needed: set[str], named: set[str]) -> list[str]:
    own = scope.get("actions") or {action for action in needed - named if action.startswith(f"{scope['service']}:")}
    return sorted(needed.intersection(own))


def _statement(scope: Row, actions: list[str], region: str, project: str) -> Document:
    resources = [arn.format(region=region, project=project, bucket=project.lower()) for arn in scope["resources"]]
    statement: Document = {"Effect": "Allow", "Action": actions, "Resource": resources}
    return statement | {"Condition": scope["condition"]} if "condition" in scope else statement


def text(policy: Document) -> str:
    """Return *policy* as it is pasted into the RAM console, one statement a line: white space counts, too."""
    statements = ",\n  ".join(json.dumps(statement) for statement in policy["Statement"])
    return f'{{\n "Version": "{policy["Version"]}",\n "Statement": [\n  {statements}\n ]\n}}\n'


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the policy; exit code 2 with one sentence when an argument is not usable."""
    parser = argparse.ArgumentParser(prog="operator-policy", description=__doc__)
    parser.add_argument(
        "--topology",
        default=DEFAULT_TOPOLOGY,
        choices=list(permissions()["platforms"]),
        help=f"as in llm:topology (default {DEFAULT_TOPOLOGY})",
    )
    parser.add_argument("--region", default=DEFAULT_REGION, help=f"where the stack is (default {DEFAULT_REGION})")
    parser.add_argument(
        "--project",
        default=DEFAULT_PROJECT,
        help="the name in Pulumi.yaml, <name>-<stack> is narrower; or what physicalNames begin with",
    )
    options = parser.parse_args(arguments)
    try:
        policy = operator_policy(options.topology, options.region, options.project)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    print(text(policy), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
