"""Combinations of inputs that provider code refuses; one function per rule that the data states in words."""

import re
from collections.abc import Callable, Iterator, Mapping

from scripts.localcloud.check_values import Failure
from scripts.localcloud.kinds import (
    BUCKET,
    BUCKET_OBJECT,
    INSTANCE,
    PASSWORD,
    POLICY,
    ROLE,
    SECURITY_RULE,
    SNAT_ENTRY,
)
from scripts.localcloud.values import UNKNOWN, Values, number

_TIMES = {
    "expirations": ("createdBeforeDate", "date", "days", "expiredObjectDeleteMarker"),
    "transitions": ("createdBeforeDate", "days"),
    "abortMultipartUploads": ("createdBeforeDate", "days"),
}
"""When a rule about objects holds; the local cloud keeps such rules and never acts on them."""
_PORTS = re.compile(r"(\d{1,5})/(\d{1,5})")


def failures(type_: str, inputs: Values) -> Iterator[Failure]:
    """Yield the refusals of the provider's own code for *inputs* of a *type_*."""
    for rule in RULES.get(type_, ()):
        yield from rule(inputs)


def _port_range(inputs: Values) -> Iterator[Failure]:
    protocol, ports = inputs.get("ipProtocol"), inputs.get("portRange")
    if not isinstance(protocol, str) or not isinstance(ports, str):
        return
    if protocol not in {"tcp", "udp"}:
        if ports != "-1/-1":
            yield Failure("portRange", f"{ports!r} with {protocol}. Only -1/-1.")
        return
    match = _PORTS.fullmatch(ports)
    if match is None or not 1 <= int(match[1]) <= int(match[2]) <= 65535:  # noqa: PLR2004 the last port
        yield Failure("portRange", f"{ports!r} with {protocol}. Write from/to inside 1 to 65535, such as 8000/8000.")


def _nic_type(inputs: Values) -> Iterator[Failure]:
    if inputs.get("nicType") == "internet" and "sourceSecurityGroupId" in inputs:
        yield Failure("nicType", "'internet' beside sourceSecurityGroupId. Write intranet or leave it out.")


def _one_source(inputs: Values) -> Iterator[Failure]:
    if "sourceVswitchId" not in inputs and "sourceCidr" not in inputs:
        yield Failure("sourceVswitchId", "exactly one of sourceCidr, sourceVswitchId is needed.")


def _zone_for_switchless_network(inputs: Values) -> Iterator[Failure]:
    if "vpcId" in inputs and "vswitchId" not in inputs:
        yield Failure("vpcId", "needs vswitchId beside it.")


def _trust(inputs: Values) -> Iterator[Failure]:
    names = ("assumeRolePolicyDocument", "document", "ramUsers", "services")
    if not any(name in inputs for name in names):
        yield Failure("assumeRolePolicyDocument", f"at least one of {', '.join(names)} is needed.")


def _role_name(inputs: Values) -> Iterator[Failure]:
    if "roleName" not in inputs and "name" not in inputs:
        yield Failure("roleName", "is required and missing.")


def _policy_name(inputs: Values) -> Iterator[Failure]:
    if "policyName" not in inputs and "name" not in inputs:
        yield Failure("policyName", "is required and missing.")


def _policy_document(inputs: Values) -> Iterator[Failure]:
    names = ("document", "policyDocument", "statements")
    if not any(name in inputs for name in names):
        yield Failure("policyDocument", f"one of {', '.join(names)} is needed.")


def _object_body(inputs: Values) -> Iterator[Failure]:
    if "source" not in inputs and "content" not in inputs:
        yield Failure("content", "one of content, source is needed.")


def _lifecycle(inputs: Values) -> Iterator[Failure]:
    given = inputs.get("lifecycleRules")
    for place, rule in enumerate(given if isinstance(given, list) else []):
        for kind, times in _TIMES.items():
            rows = rule.get(kind) if isinstance(rule, dict) else None
            for index, row in enumerate(rows if isinstance(rows, list) else []):
                if isinstance(row, dict) and sum(bool(row.get(name)) for name in times) != 1:
                    path = f"lifecycleRules[{place}].{kind}[{index}]"
                    yield Failure(path, f"exactly one of {', '.join(times)} is needed.")


def _password_length(inputs: Values) -> Iterator[Failure]:
    parts = [inputs.get(name) for name in ("length", "minLower", "minUpper", "minNumeric", "minSpecial")]
    wanted = sum(number(inputs, name) for name in ("minLower", "minUpper", "minNumeric", "minSpecial"))
    if UNKNOWN not in parts and number(inputs, "length") < wanted:
        yield Failure(
            "length", f"{number(inputs, 'length')} is less than the {wanted} characters the minimums ask for."
        )


RULES: Mapping[str, tuple[Callable[[Values], Iterator[Failure]], ...]] = {
    SECURITY_RULE: (_port_range, _nic_type),
    SNAT_ENTRY: (_one_source,),
    INSTANCE: (_zone_for_switchless_network,),
    ROLE: (_trust, _role_name),
    POLICY: (_policy_document, _policy_name),
    BUCKET: (_lifecycle,),
    BUCKET_OBJECT: (_object_body,),
    PASSWORD: (_password_length,),
}
"""By type; what is not here is stated by the data itself or by the service's laws."""
