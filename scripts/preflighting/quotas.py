"""Whether the account may have as many as the stack makes."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from components import catalog
from components.catalog import Instance
from scripts.openapi import OpenApi, RefusedError, UnreachableError
from scripts.preflighting.account import ACTION, attributes
from scripts.preflighting.demand import Demand
from scripts.preflighting.finding import Finding, unseen

Row = dict[str, Any]

ROWS: list[Row] = tomllib.loads(Path(__file__).with_name("quotas.toml").read_text())["quota"]
CENTER = "https://quotas.console.aliyun.com/products"


def quotas(api: OpenApi, demand: Demand) -> Iterator[Finding]:
    """Yield a line for vCPUs, and for every kind of resource that an account may have a number of."""
    yield from _vcpus(api, demand)
    kinds = demand.kinds
    asked: dict[str, dict[str, Row] | RefusedError | UnreachableError] = {}
    for row in ROWS:
        needed = kinds[row["counts"]]
        if not needed:
            continue
        if "code" not in row:
            yield _nothing(f"{row['what']}: no code of Quota Center is published.", row)
            continue
        if row["product"] not in asked:
            asked[row["product"]] = _known(api, row)
        known = asked[row["product"]]
        if isinstance(known, Exception):
            yield unseen(row["what"], known, "quotas:ListProductQuotas")
        else:
            yield _compared(row, needed, known, demand.region)


def _vcpus(api: OpenApi, demand: Demand) -> Iterator[Finding]:
    known = catalog.rows(Instance)
    for spot, title in ((False, "vCPUs, pay as you go"), (True, "vCPUs, spot")):
        machines = {each: count for each, count in demand.machines.items() if (each.spot != "NoSpot") == spot}
        if not machines:
            continue
        strange = sorted({each.instance_type for each in machines} - known.keys())
        if strange:
            yield Finding("unseen", f"{title}: how many {', '.join(strange)} has is not in the catalog.")
            continue
        needed = sum(known[each.instance_type].vcpus * count for each, count in machines.items())
        try:
            used, total = _used(api, "spot" if spot else "postpaid")
        except (RefusedError, UnreachableError) as error:
            yield unseen(title, error, ACTION)
            continue
        yield _verdict(title, needed, used, total, f"Ask for more at {CENTER}/ecs/quotas.")


def _used(api: OpenApi, kind: str) -> tuple[float | None, float | None]:
    """Return how many vCPUs are used, and how many may be."""
    names = [f"{which}-{kind}-instance-vcpu-count" for which in ("used", "max")]
    values = attributes(api, *names)
    used, total = (float(values[name]) if name in values else None for name in names)
    return used, total


def _known(api: OpenApi, row: Row) -> dict[str, Row] | RefusedError | UnreachableError:
    """Return the quotas of the row's product by code, or why they cannot be seen."""
    dimensions = [{"Key": name, "Value": api.region} for name in row.get("dimensions", ())]
    asked = {"ProductCode": row["product"], "MaxResults": 100, "Dimensions": dimensions or None}
    try:
        found = api.pages("quotas", "ListProductQuotas", rows="Quotas", **asked)
        return {quota["QuotaActionCode"]: quota for quota in found}
    except (RefusedError, UnreachableError) as error:
        return error


def _compared(row: Row, needed: int, known: dict[str, Row], region: str) -> Finding:
    code = row["code"]
    regional = f"{code}_{region}" if row.get("regional") else code
    quota = known.get(regional) or known.get(code)
    if quota is None:
        return _nothing(f"{row['what']}: Quota Center says nothing of {code}.", row)
    used = quota.get("TotalUsage") if quota.get("Consumable") else None
    more = f"Ask for more at {_console(row)}, {row['instead']}."
    return _verdict(row["what"], needed, used, quota.get("TotalQuota"), more)


def _verdict(what: str, needed: int, used: float | None, total: float | None, more: str) -> Finding:
    if total is None or (used is None and needed <= total):
        said = (
            "the limit is not said" if total is None else f"the limit is {total:g}, and how many are used is not said"
        )
        return Finding("unseen", f"{what}: {needed} needed; {said}.")
    if used is None:
        return Finding("stop", f"{what}: {needed} needed, and {total:g} are allowed.", more)
    text = f"{what}: {needed} needed, {used:g} of {total:g} used."
    return Finding("stop", text, more) if used + needed > total else Finding("ok", text)


def _nothing(text: str, row: Row) -> Finding:
    return Finding("unseen", text, f"Look at {_console(row)}.")


def _console(row: Row) -> str:
    return f"{CENTER}/{row['product']}/quotas" + (f"?query={row['code']}" if "code" in row else "")
