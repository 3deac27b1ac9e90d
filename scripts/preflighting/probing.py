"""Calls that change nothing, and what their failures tell."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from scripts.openapi import ApiError, OpenApi, RefusedError, UnreachableError
from scripts.preflighting.demand import Demand

Outcome = Literal["allowed", "denied", "closed"] | ApiError
"""``closed`` is a service that was never opened; an error tells nothing."""

NAME = "preflight-nothing-has-this-name"
PROBES: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("probes.toml").read_text())["probe"]

NOT_THERE = ("NotFound", "NotExist", "DryRunOperation")
"""How a call fails that RAM has let through: at a name that nothing has, or because nothing shall be done."""
CLOSED = ("notopen", "not open", "not been opened", "notactivated", "not activated", "not enabled", "userdisable")
"""
Words in which services say that nobody opened them, as lower case.

No page of KMS, OOS or CS gives their code for it: unsure.
"""


def probe(api: OpenApi, row: Mapping[str, Any], demand: Demand) -> Outcome:
    """Make the call of *row*."""
    filled = {"region": demand.region, "project": demand.project, "name": NAME}
    parameters = {name: value.format(**filled) for name, value in row["parameters"].items()}
    product, action = row["call"].split()
    try:
        if product == "oss":
            # Imported here because it takes a second that only stacks with a bucket shall wait for.
            from scripts.openapi.oss import list_buckets  # noqa: PLC0415

            list_buckets(api)
        else:
            api.call(product, action, row.get("path", "/").format(**filled), **parameters)
    except RefusedError as error:
        return _meaning(error)
    except UnreachableError as error:
        return error
    return "allowed"


def _meaning(error: RefusedError) -> Outcome:
    said = f"{error.code} {error.message}".lower()
    if any(words in said for words in CLOSED):
        return "closed"
    if error.denied:
        return "denied"
    return "allowed" if any(word in error.code for word in NOT_THERE) else error
