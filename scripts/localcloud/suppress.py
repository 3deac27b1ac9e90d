"""Changes the provider ignores; one function per condition that the data states in words."""

import json
from collections.abc import Callable, Mapping
from ipaddress import ip_network
from typing import TypeAlias

from scripts.localcloud.kinds import (
    BUCKET_OBJECT,
    CLUSTER,
    DISK,
    EXECUTION,
    INSTANCE,
    INVOCATION,
    NAT_GATEWAY,
    POLICY,
    ROLE,
    SECRET_PARAMETER,
    SECURITY_GROUP,
    SECURITY_RULE,
    VPC,
    ZONE_RECORD,
)
from scripts.localcloud.values import Value, Values, number

Condition: TypeAlias = Callable[[Value, Value, Values], bool]
"""Old value, new value, the new inputs over the old state: is this change ignored?"""


def suppressed(type_: str, name: str, state: Values, inputs: Values) -> bool:
    """Whether the provider ignores a change of *name* from *state* to *inputs*."""
    condition = CONDITIONS.get((type_, name))
    return condition is not None and condition(state.get(name), inputs.get(name), state | inputs)


def _not_prepaid(_old: Value, _new: Value, values: Values) -> bool:
    return values.get("instanceChargeType") != "PrePaid" and values.get("paymentType") != "Subscription"


def _prepaid(old: Value, new: Value, values: Values) -> bool:
    return not _not_prepaid(old, new, values)


def _cleared_with_template(_old: Value, new: Value, values: Values) -> bool:
    return not new and bool(values.get("launchTemplateId") or values.get("launchTemplateName"))


def _unless(name: str, wanted: str) -> Condition:
    return lambda _old, _new, values: values.get(name) != wanted


def _when(name: str, wanted: str) -> Condition:
    return lambda _old, _new, values: values.get(name) == wanted


def _no_bandwidth(_old: Value, _new: Value, values: Values) -> bool:
    return number(values, "internetMaxBandwidthOut") == 0


def _auto_release(old: Value, new: Value, values: Values) -> bool:
    minute = len("2026-01-01T00:00")
    same = isinstance(old, str) and isinstance(new, str) and old[:minute] == new[:minute]
    return same or _cleared_with_template(old, new, values) or _prepaid(old, new, values)


def _renewal(_old: Value, _new: Value, values: Values) -> bool:
    return values.get("instanceChargeType") != "PrePaid" or values.get("renewalStatus") != "AutoRenewal"


def _price_limit(_old: Value, _new: Value, values: Values) -> bool:
    return values.get("instanceChargeType") == "PrePaid" or values.get("spotStrategy") != "SpotWithPriceLimit"


def _same_json(old: Value, new: Value, _values: Values) -> bool:
    try:
        return isinstance(old, str) and isinstance(new, str) and json.loads(old) == json.loads(new)
    except ValueError:
        return False


def _same_set(old: Value, new: Value, _values: Values) -> bool:
    return isinstance(old, list) and isinstance(new, list) and sorted(map(str, old)) == sorted(map(str, new))


def _same_ipv6(old: Value, new: Value, _values: Values) -> bool:
    return isinstance(old, str) and isinstance(new, str) and ip_network(old) == ip_network(new)


def _same_text(old: Value, new: Value, _values: Values) -> bool:
    return old == new


def _port_range(_old: Value, new: Value, values: Values) -> bool:
    return (new == "-1/-1") == (values.get("ipProtocol") in ("tcp", "udp"))


def _other_peer(_old: Value, _new: Value, values: Values) -> bool:
    return any(values.get(name) for name in ("cidrIp", "ipv6CidrIp", "sourceSecurityGroupId"))


CONDITIONS: Mapping[tuple[str, str], Condition] = {
    (VPC, "secondaryCidrBlocks"): _same_set,
    (NAT_GATEWAY, "period"): _not_prepaid,
    (NAT_GATEWAY, "specification"): _when("internetChargeType", "PayByLcu"),
    (NAT_GATEWAY, "vswitchId"): _unless("natType", "Enhanced"),
    (SECURITY_GROUP, "innerAccessPolicy"): _when("securityGroupType", "enterprise"),
    (SECURITY_RULE, "ipv6CidrIp"): _same_ipv6,
    (SECURITY_RULE, "portRange"): _port_range,
    (SECURITY_RULE, "prefixListId"): _other_peer,
    (INSTANCE, "autoReleaseTime"): _auto_release,
    (INSTANCE, "autoRenewPeriod"): _renewal,
    (INSTANCE, "deletionProtection"): _prepaid,
    (INSTANCE, "deploymentSetId"): _cleared_with_template,
    (INSTANCE, "forceDelete"): _not_prepaid,
    (INSTANCE, "includeDataDisks"): _not_prepaid,
    (INSTANCE, "internetChargeType"): _no_bandwidth,
    (INSTANCE, "internetMaxBandwidthIn"): _no_bandwidth,
    (INSTANCE, "kmsEncryptedPassword"): lambda _old, _new, values: bool(values.get("password")),
    (INSTANCE, "kmsEncryptionContext"): lambda _old, _new, values: not values.get("kmsEncryptedPassword"),
    (INSTANCE, "period"): _not_prepaid,
    (INSTANCE, "periodUnit"): _not_prepaid,
    (INSTANCE, "renewalStatus"): _not_prepaid,
    (INSTANCE, "spotPriceLimit"): _price_limit,
    (INSTANCE, "spotStrategy"): _when("instanceChargeType", "PrePaid"),
    (INSTANCE, "systemDiskPerformanceLevel"): _unless("systemDiskCategory", "cloud_essd"),
    (INSTANCE, "userData"): _cleared_with_template,
    (DISK, "performanceLevel"): _unless("category", "cloud_essd"),
    (INVOCATION, "frequency"): _unless("repeatMode", "Period"),
    (ROLE, "assumeRolePolicyDocument"): _same_json,
    (ROLE, "document"): _same_json,
    (POLICY, "document"): _same_json,
    (POLICY, "policyDocument"): _same_json,
    (SECRET_PARAMETER, "constraints"): _same_json,
    (CLUSTER, "encryptionProviderKey"): lambda _old, _new, values: values.get("disableEncryption") is True,
    (EXECUTION, "parameters"): _same_json,
    (BUCKET_OBJECT, "kmsKeyId"): _unless("serverSideEncryption", "KMS"),
    (BUCKET_OBJECT, "objectWormRetainUntilDate"): _same_text,
    (ZONE_RECORD, "priority"): _unless("type", "MX"),
}
"""By type and property; a test holds this table and the data to the same rows."""
