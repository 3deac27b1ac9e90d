"""Whom a statement lets in: who may take a role, who may use a bucket or a key."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .ram_shape import Problem, listed

_KINDS = ("RAM", "Service", "Federated")

_OIDC = re.compile(r"acs:ram::[^:]+:oidc-provider/")
_ACCOUNT = re.compile(r"acs:ram::\d+:root")
_ANYBODY = re.compile(r"\*|acs:ram:[^:]*:\*:.*")

_WORKLOAD = "oidc:sub"
"""
What names the one that comes; for pods ``system:serviceaccount:<namespace>:<name>``.

Source: GitHub AliyunContainerService/ack-ram-tool examples/rrsa, 2026-11-21.
"""


_NOBODY_YET = ("", "system:", "system:serviceaccount:")
"""Beginnings that say nothing of who comes."""


def problems(where: str, statement: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield whom the *statement*, which allows, lets in without knowing."""
    condition = statement.get("Condition", {})
    for kind, name in _named(statement["Principal"]):
        place = f"{where}.Principal{f'.{kind}' if kind else ''}"
        if kind and kind not in _KINDS:
            yield Problem(place, f"no such kind of principal. There are {', '.join(_KINDS)}.")
        elif _ANYBODY.fullmatch(name) and not condition:
            yield Problem(place, f"{name!r} is everybody. Name who.")
        elif _ACCOUNT.fullmatch(name) and not condition:
            text = f"{name} is whoever that account gives the permission. Name the roles or users."
            yield Problem(place, text, "advisory")
        elif kind == "Federated" and _OIDC.match(name):
            yield from _workloads(f"{where}.Condition", condition)


def _named(principal: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - JSON
    """Yield the kind and name of those in *principal*; policies of buckets know no kinds."""
    by_kind = principal if isinstance(principal, Mapping) else {"": principal}
    for kind, names in by_kind.items():
        for name in listed(names):
            yield kind, str(name)


def _workloads(where: str, condition: Mapping[str, Any]) -> Iterator[Problem]:
    subjects = [
        subject
        for operator in ("StringEquals", "StringEqualsIgnoreCase", "StringLike")
        for subject in listed(condition.get(operator, {}).get(_WORKLOAD, []))
    ]
    if not subjects:
        yield Problem(where, f"every workload of the provider may take the role. Compare {_WORKLOAD} by StringEquals.")
    for subject in condition.get("StringLike", {}) and subjects:
        known, wildcard, _ = str(subject).partition("*")
        if wildcard:
            text = f"{_WORKLOAD} {subject!r} is more than one workload. Name one, by StringEquals."
            yield Problem(where, text, "mandatory" if known in _NOBODY_YET else "advisory")
