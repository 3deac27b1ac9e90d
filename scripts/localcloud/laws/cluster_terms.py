"""What a cluster may be asked for, here and in the cloud."""

import re
from ipaddress import IPv4Network

from scripts.localcloud.errors import CloudError, suggestion
from scripts.localcloud.kinds import SWITCH, VPC
from scripts.localcloud.laws.law import Ask
from scripts.localcloud.laws.network import network_of
from scripts.localcloud.laws.placement import check_groups
from scripts.localcloud.values import Values, strings, text
from scripts.localcloud.world import Record

VERSION = "1.34.1-aliyun.1"
"""What a cluster runs when nobody chose; the service's own newest version changes, and this one is made up."""
_PROFILES = ("Default", "Serverless", "Edge", "Acs")
_VERSION = re.compile(r"1\.(\d+)\.\d+-aliyun\.\d+")
_KEY = re.compile(r"key-[a-z0-9]+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LEFT_OUT = ("zoneIds", "workerVswitchIds", "podVswitchIds", "autoMode", "controlPlaneEndpointsConfig", "userCa")
_OTHERS_WORK = {
    "newNatGateway": "a NatGateway of one's own",
    "slbInternetEnabled": "an EipAddress bound to slbId, behind an Acl",
}


def check(ask: Ask) -> list[Record]:
    """
    Return the switches of the cluster that is asked for.

    Raises:
        CloudError: The service, or the local cloud, has no such cluster.

    """
    _check_here(ask.inputs)
    profile = text(ask.inputs, "profile") or _PROFILES[0]
    if profile not in _PROFILES:
        known = ", ".join(_PROFILES)
        raise CloudError(
            "InvalidParameter", f"profile {profile!r} is not one of {known}.{suggestion(profile, _PROFILES)}"
        )
    version = text(ask.inputs, "version") or VERSION
    if _VERSION.fullmatch(version) is None:
        raise CloudError("InvalidParameter", f"version {version!r} is not written as in {VERSION}.")
    key = text(ask.inputs, "encryptionProviderKey")
    if key and _KEY.fullmatch(key) is None:
        raise CloudError("InvalidParameter", f"encryptionProviderKey {key!r} is not the id of a KMS key.")
    switches = _switches(ask)
    _check_services(ask, switches[0])
    if text(ask.inputs, "securityGroupId"):
        check_groups(ask.world, [text(ask.inputs, "securityGroupId")], switches[0])
    return switches


def check_change(wanted: Values, record: Record, changed: frozenset[str]) -> None:
    """
    Check what the *changed* properties of the cluster *record* become.

    Raises:
        CloudError: A cluster cannot be changed so.

    """
    if "enableRrsa" in changed and wanted.get("enableRrsa") is not True:
        raise CloudError("InvalidParameter", f"enableRrsa of {record.id} cannot be switched off.")
    if "version" in changed:
        old, new = _minor(record.text("version")), _minor(text(wanted, "version"))
        if new - old not in (0, 1):
            message = f"{record.id} runs {record.text('version')}: an upgrade goes to the next minor version."
            raise CloudError("InvalidParameter", message)


def delete_options(properties: Values) -> dict[str, str]:
    """Return what shall become of each kind of resource that a cluster made."""
    given = properties.get("deleteOptions")
    rows = [row for row in given if isinstance(row, dict)] if isinstance(given, list) else []
    return {text(row, "resourceType"): text(row, "deleteMode") for row in rows}


def _check_here(inputs: Values) -> None:
    for name in _LEFT_OUT:
        if inputs.get(name):
            raise CloudError("InvalidParameter", f"The local cloud takes no {name}: its clusters have vswitchIds.")
    for name, instead in _OTHERS_WORK.items():
        if inputs.get(name) is True:
            message = f"{name}: the local cloud's clusters make none. Set it to false and use {instead}."
            raise CloudError("InvalidParameter", message)


def _switches(ask: Ask) -> list[Record]:
    found = [
        ask.world.need(SWITCH, switch_id, "InvalidVSwitchId.NotFound")
        for switch_id in strings(ask.inputs, "vswitchIds")
    ]
    networks = sorted({switch.text("vpcId") for switch in found})
    if len(networks) != 1:
        raise CloudError("InvalidParameter", f"vswitchIds are in {' and '.join(networks)}. A cluster is in one VPC.")
    return found


def _check_services(ask: Ask, switch: Record) -> None:
    cidr = text(ask.inputs, "serviceCidr")
    if not cidr:
        raise CloudError("InvalidParameter", "serviceCidr is required.")
    vpc = ask.world.need(VPC, switch.text("vpcId"), "InvalidVpcId.NotFound")
    if network_of(cidr, "InvalidParameter").overlaps(IPv4Network(vpc.text("cidrBlock"))):
        message = f"serviceCidr {cidr} overlaps that of {vpc.id}, {vpc.text('cidrBlock')}."
        raise CloudError("InvalidParameter", message)


def _minor(version: str) -> int:
    found = _VERSION.fullmatch(version)
    return int(found[1]) if found else 0
