"""Whether the services that a stack uses were opened, which an administrator of the account does once."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.localcloud.kinds import INSTANCE
from scripts.openapi import OpenApi, RefusedError, UnreachableError
from scripts.preflighting.account import ACTION, attributes
from scripts.preflighting.demand import Demand
from scripts.preflighting.finding import Finding, unseen
from scripts.preflighting.probing import PROBES, Outcome

ROLES: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("services.toml").read_text())["role"]
FLUID = "kubernetes:data.fluid.io/"


def services(api: OpenApi, demand: Demand, outcomes: dict[str, Outcome]) -> Iterator[Finding]:
    """Yield a line for each; *outcomes* of the probes are by the action of RAM."""
    kinds = demand.kinds
    if kinds[INSTANCE]:
        yield _real_name(api)
    opened: dict[str, Outcome] = {}
    for row in PROBES:
        if "service" in row and row["action"] in outcomes:
            opened.setdefault(row["service"], outcomes[row["action"]])
    yield from (_service(name, came) for name, came in opened.items())
    for row in ROLES:
        if kinds[row["counts"]]:
            yield _roles(api, row)
    if any(kind.startswith(FLUID) for kind in kinds):
        yield Finding(
            "unseen",
            "Fluid's pods on ACS: no call says whether the account may run privileged pods.",
            "Ask for it in a ticket once, or set fluidEnabled: false.",
        )


def _real_name(api: OpenApi) -> Finding:
    what, name = "real-name registration", "real-name-authentication"
    try:
        said = attributes(api, name).get(name, "nothing")
    except (RefusedError, UnreachableError) as error:
        return unseen(what, error, ACTION)
    if said == "yes":
        return Finding("ok", f"{what}: done.")
    return Finding(
        "unseen", f"{what}: the account says {said}, not yes.", "Mainland regions sell no machine without it."
    )


def _service(name: str, came: Outcome) -> Finding:
    match came:
        case "allowed":
            return Finding("ok", f"{name}: answers.")
        case "closed":
            return Finding("stop", f"{name}: not opened.", "An administrator opens it once in its console.")
        case "denied":
            return Finding("unseen", f"{name}: cannot be seen without the permission below.")
        case error:
            return Finding("unseen", f"{name}: cannot be seen. {error}")


def _roles(api: OpenApi, row: dict[str, Any]) -> Finding:
    missing = []
    for name in row["names"]:
        try:
            api.call("ram", "GetRole", RoleName=name)
        except RefusedError as error:
            if "NotExist" not in error.code:
                return unseen(row["what"], error, "ram:GetRole")
            missing.append(name)
        except UnreachableError as error:
            return unseen(row["what"], error, "ram:GetRole")
    if not missing:
        return Finding("ok", f"{row['what']}: there.")
    text = f"{row['what']}: no {', '.join(missing)}."
    return Finding("stop" if row.get("required") else "unseen", text, row["way_out"])
