"""The request that makes the machines, made without making them."""

from scripts.openapi import OpenApi, RefusedError, UnreachableError
from scripts.preflighting.demand import Machine
from scripts.preflighting.finding import Finding, unseen

RUN = "ecs:RunInstances"
PASSED = "passes; stock, limits, image and permission are there"
INCOMPLETE = ("MissingParameter", "InvalidParameter")
"""How a refusal begins that is about this request: `up` fills in what is not known yet."""
NETWORK = ("VSwitch", "SecurityGroup")


def dry_run(api: OpenApi, machine: Machine, count: int, policy: str) -> Finding:
    """Ask for *count* of *machine*, and return what would come of it; *policy* is the way out without the right."""
    what = f"dry run of {count} x {machine.instance_type} in {machine.zone}"
    try:
        vswitch, group = _somewhere(api, machine)
    except (RefusedError, UnreachableError) as error:
        return unseen(what, error, "vpc:DescribeVSwitches and ecs:DescribeSecurityGroups")
    if not (vswitch and group):
        return Finding(
            "unseen",
            f"{what}: the zone has no network yet to try it in.",
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
        borrowed = (vswitch, group) != (machine.vswitch, machine.security_group)
        return _meaning(what, error, policy, borrowed=borrowed)
    return Finding("ok", f"{what}: {PASSED}.")


def _meaning(what: str, error: RefusedError, policy: str, *, borrowed: bool) -> Finding:
    if error.code == "DryRunOperation":
        return Finding("ok", f"{what}: {PASSED}.")
    if error.denied:
        return Finding("stop", f"not allowed: {RUN}.", policy)
    # What is wrong with a network that is only borrowed is not the stack's fault.
    foreign = borrowed and any(noun in error.code for noun in NETWORK)
    if error.throttled or foreign or error.code.startswith(INCOMPLETE):
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
