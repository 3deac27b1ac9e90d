"""Whether RAM lets whoever asks do what `up` does, as far as that can be tried without doing it."""

from collections.abc import Iterator

from scripts.openapi import OpenApi, RefusedError, UnreachableError
from scripts.preflighting.demand import Demand, Machine
from scripts.preflighting.finding import Finding, unseen
from scripts.preflighting.probing import PROBES, Outcome, probe

RUN = "ecs:RunInstances"


def probes(api: OpenApi, demand: Demand) -> dict[str, Outcome]:
    """Return what every call comes to that the stack needs, by the action of RAM."""
    needed = demand.actions
    return {row["action"]: probe(api, row, demand) for row in PROBES if row["action"] in needed}


def permissions(api: OpenApi, demand: Demand, outcomes: dict[str, Outcome]) -> Iterator[Finding]:
    """Yield what is refused, what was tried, and how much cannot be; *outcomes* are those of `probes`."""
    if denied := [action for action, came in outcomes.items() if came == "denied"]:
        where = f"--topology {demand.topology} --region {demand.region} --project {demand.project}"
        way_out = f"Attach what scripts/operator-policy {where} prints."
        yield Finding("stop", f"not allowed: {', '.join(denied)}.", way_out)
    unclear = [error for error in outcomes.values() if isinstance(error, Exception)]
    yield from (Finding("unseen", str(error)) for error in unclear)
    allowed = sum(came == "allowed" for came in outcomes.values())
    if allowed:
        yield Finding("ok", f"{allowed} of {len(outcomes)} calls that change nothing are allowed.")
    for machine, count in demand.machines.items():
        yield _dry_run(api, machine, count)
    tried = outcomes.keys() | ({RUN} if demand.machines else set())
    if untried := demand.actions - tried:
        yield Finding(
            "unseen",
            f"{len(untried)} more actions that `up` needs cannot be tried without doing them.",
            "Compare the policy with scripts/operator-policy, which names each.",
        )


def _dry_run(api: OpenApi, machine: Machine, count: int) -> Finding:
    what = f"dry run of {count} x {machine.instance_type}"
    try:
        vswitch, group = _somewhere(api, machine)
    except (RefusedError, UnreachableError) as error:
        return unseen(what, error, "vpc:DescribeVSwitches and ecs:DescribeSecurityGroups")
    if not (vswitch and group):
        return Finding(
            "unseen",
            f"{what}: {machine.zone} has no network yet to try it in.",
            "Ask again after the first `up`, or give vswitchId and securityGroupId.",
        )
    parameters = {
        "RegionId": api.region,
        "ZoneId": machine.zone,
        "InstanceType": machine.instance_type,
        "ImageId": machine.image,
        "SystemDisk": {"Category": machine.disk, "Size": machine.disk_gib},
        "SpotStrategy": machine.spot,
        "InstanceChargeType": "PostPaid",
        "VSwitchId": vswitch,
        "SecurityGroupId": group,
        "Amount": count,
        "DryRun": True,
    }
    try:
        api.call("ecs", "RunInstances", **parameters)
    except UnreachableError as error:
        return unseen(what, error, RUN)
    except RefusedError as error:
        return _meaning(what, error)
    return Finding("ok", f"{what}: passes.")


def _meaning(what: str, error: RefusedError) -> Finding:
    if error.code == "DryRunOperation":
        return Finding("ok", f"{what}: passes; stock, limits, image and permission are there.")
    if error.throttled:
        return unseen(what, error, RUN)
    return Finding("stop", f"{what}: {error.code}: {error.message}.", "`up` would end with the same.")


def _somewhere(api: OpenApi, machine: Machine) -> tuple[str, str]:
    """Return the machine's own vSwitch and security group, or others of its zone: a dry run leaves them as they are."""
    if machine.vswitch and machine.security_group:
        return machine.vswitch, machine.security_group
    found = api.call("vpc", "DescribeVSwitches", RegionId=api.region, ZoneId=machine.zone)["VSwitches"]["VSwitch"]
    for vswitch in found:
        groups = api.call("ecs", "DescribeSecurityGroups", RegionId=api.region, VpcId=vswitch["VpcId"])
        for group in groups["SecurityGroups"]["SecurityGroup"]:
            return vswitch["VSwitchId"], group["SecurityGroupId"]
    return "", ""
