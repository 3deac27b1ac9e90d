"""Whether RAM lets whoever asks do what `up` does, as far as that can be tried without doing it."""

from collections.abc import Iterator

from scripts.openapi import OpenApi
from scripts.preflighting.demand import Demand
from scripts.preflighting.dry_run import RUN, dry_run
from scripts.preflighting.finding import Finding
from scripts.preflighting.probing import PROBES, Outcome, probe


def probes(api: OpenApi, demand: Demand) -> dict[str, Outcome]:
    """Return what every call comes to that the stack needs, by the action of RAM."""
    needed = demand.actions
    return {row["action"]: probe(api, row, demand) for row in PROBES if row["action"] in needed}


def permissions(api: OpenApi, demand: Demand, outcomes: dict[str, Outcome]) -> Iterator[Finding]:
    """Yield what is refused, what was tried, and how much cannot be; *outcomes* are those of `probes`."""
    where = f"--topology {demand.topology} --region {demand.region} --project {demand.project}"
    policy = f"Attach what scripts/operator-policy {where} prints."
    if denied := [action for action, came in outcomes.items() if came == "denied"]:
        yield Finding("stop", f"not allowed: {', '.join(denied)}.", policy)
    unclear = [error for error in outcomes.values() if isinstance(error, Exception)]
    yield from (Finding("unseen", str(error)) for error in unclear)
    allowed = sum(came == "allowed" for came in outcomes.values())
    if allowed:
        yield Finding("ok", f"{allowed} of {len(outcomes)} calls that change nothing are allowed.")
    for machine, count in demand.machines.items():
        yield dry_run(api, machine, count, policy)
    tried = outcomes.keys() | ({RUN} if demand.machines else set())
    if untried := demand.actions - tried:
        yield Finding(
            "unseen",
            f"{len(untried)} more actions that `up` needs cannot be tried without doing them.",
            "Compare the policy with scripts/operator-policy, which names each.",
        )
    if demand.strange:
        yield Finding(
            "unseen",
            f"{', '.join(sorted(demand.strange))}: which actions they need is not known here.",
            "docs/operator-permissions.toml knows only what the components use.",
        )
