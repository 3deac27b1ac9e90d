"""What the provider refuses before any call: every message once."""

import pytest

from scripts.localcloud.check import check, check_function
from scripts.localcloud.errors import LocalCloudError
from scripts.localcloud.kinds import (
    BUCKET,
    BUCKET_OBJECT,
    CLUSTER,
    COMMAND,
    EIP,
    GET_INVOCATIONS,
    INSTANCE,
    PASSWORD,
    POLICY,
    ROLE,
    SECRET_PARAMETER,
    SECURITY_RULE,
    SNAT_ENTRY,
    SWITCH,
    VPC,
)
from scripts.localcloud.rules import function, rule
from scripts.localcloud.values import UNKNOWN, Values

RULE: Values = {"securityGroupId": "sg-1", "type": "ingress", "ipProtocol": "tcp", "cidrIp": "10.0.0.0/8"}
MACHINE: Values = {"imageId": "m-1", "instanceType": "ecs.gn7i-c8g1.2xlarge"}

REFUSED = [
    (VPC, {"cidrBlok": "x"}, ["cidrBlok: no such property. Did you mean 'cidrBlock'?"]),
    (VPC, {"routerId": "vrt-1"}, ["routerId: is an output of the service and cannot be set."]),
    (VPC, {"vpcName": 7}, ["vpcName: must be a string, 7 is not."]),
    (VPC, {"enableIpv6": "yes"}, ["enableIpv6: must be true or false, 'yes' is not."]),
    (VPC, {"tags": ["a"]}, ["tags: must be an object, ['a'] is not."]),
    (VPC, {"tags": {"team": 3}}, ["tags.team: must be a string, 3 is not."]),
    (VPC, {"userCidrs": "10.0.0.0/8"}, ["userCidrs: must be a list, '10.0.0.0/8' is not."]),
    (VPC, {"userCidrs": [1]}, ["userCidrs[0]: must be a string, 1 is not."]),
    (
        VPC,
        {"dnsHostnameStatus": "ENABLE"},
        ["dnsHostnameStatus: 'ENABLE' is not allowed. One of ENABLED, DISABLED. Did you mean 'ENABLED'?"],
    ),
    (VPC, {"vpcName": "a", "name": "b"}, ["vpcName: conflicts with name. Give one of the two."]),
    (SWITCH, {"vpcId": "vpc-1"}, ["zoneId: exactly one of availabilityZone, zoneId is needed."]),
    (
        SWITCH,
        {"zoneId": "a", "availabilityZone": "b"},
        ["zoneId: exactly one of availabilityZone, zoneId is needed."],
    ),
    (SECURITY_RULE, RULE, ["portRange: '-1/-1' with tcp. Write from/to inside 1 to 65535, such as 8000/8000."]),
    (
        SECURITY_RULE,
        RULE | {"portRange": "8000"},
        ["portRange: '8000' with tcp. Write from/to inside 1 to 65535, such as 8000/8000."],
    ),
    (
        SECURITY_RULE,
        RULE | {"portRange": "90/80"},
        ["portRange: '90/80' with tcp. Write from/to inside 1 to 65535, such as 8000/8000."],
    ),
    (SECURITY_RULE, RULE | {"ipProtocol": "icmp", "portRange": "1/1"}, ["portRange: '1/1' with icmp. Only -1/-1."]),
    (SECURITY_RULE, RULE | {"portRange": "1/2", "priority": 101}, ["priority: 101 is outside 1 to 100."]),
    (
        SECURITY_RULE,
        {"securityGroupId": "sg-1", "type": "ingress", "ipProtocol": "all"},
        [
            "sourceSecurityGroupId: at least one of cidrIp, ipv6CidrIp, prefixListId, sourceSecurityGroupId is needed.",
        ],
    ),
    (
        SNAT_ENTRY,
        {"snatTableId": "stb-1", "snatIp": "1.2.3.4"},
        ["sourceVswitchId: exactly one of sourceCidr, sourceVswitchId is needed."],
    ),
    (
        INSTANCE,
        {"instanceType": "gn7i", "systemDiskSize": 40.5},
        [
            "instanceType: 'gn7i' does not match ^ecs\\..*.",
            "systemDiskSize: must be a whole number, 40.5 is not.",
            "launchTemplateName: at least one of imageId, launchTemplateId, launchTemplateName is needed.",
        ],
    ),
    (INSTANCE, MACHINE | {"period": 10}, ["period: 10 is not allowed. 1 to 9 or one of 12, 24, 36, 48, 60."]),
    (INSTANCE, MACHINE | {"instanceName": "x"}, ["instanceName: has 1 characters. 2 to 128 are allowed."]),
    (INSTANCE, MACHINE | {"tags": {"a": "acs:b"}}, ["tags.a: 'acs:b' is a reserved value."]),
    (INSTANCE, MACHINE | {"dataDisks": []}, ["dataDisks: has 0 entries. At least 1."]),
    (
        INSTANCE,
        MACHINE | {"dataDisks": [{"siez": 1}]},
        ["dataDisks[0].siez: no such property. Did you mean 'size'?", "dataDisks[0].size: is required and missing."],
    ),
    (INSTANCE, MACHINE | {"ipv6Addresses": ["::1"] * 11}, ["ipv6Addresses: has 11 entries. At most 10."]),
    (INSTANCE, MACHINE | {"vpcId": "vpc-1"}, ["vpcId: needs vswitchId beside it."]),
    (COMMAND, {"type": "RunShellScript"}, ["commandContent: is required and missing."]),
    (
        EIP,
        {"paymentType": "Later"},
        ["paymentType: 'Later' is not allowed. One of Subscription, PayAsYouGo, PrePaid, PostPaid."],
    ),
    (SECRET_PARAMETER, {"secretParameterName": "key"}, ["value: is required and missing."]),
    (
        ROLE,
        {"roleName": "r"},
        ["assumeRolePolicyDocument: at least one of assumeRolePolicyDocument, document, ramUsers, services is needed."],
    ),
    (ROLE, {"services": ["ecs.aliyuncs.com"]}, ["roleName: is required and missing."]),
    (
        ROLE,
        {"roleName": "r", "assumeRolePolicyDocument": "{"},
        [
            (
                "assumeRolePolicyDocument: is not JSON: Expecting property name enclosed in double quotes: line "
                "1 column 2 (char 1)."
            )
        ],
    ),
    (POLICY, {"policyName": "p"}, ["policyDocument: one of document, policyDocument, statements is needed."]),
    (
        BUCKET,
        {"lifecycleRules": [{"enabled": True, "abortMultipartUploads": [{"days": 1}], "expirations": [{}]}]},
        [
            (
                "lifecycleRules[0].expirations[0]: exactly one of createdBeforeDate, date, days, "
                "expiredObjectDeleteMarker is needed."
            )
        ],
    ),
    (
        CLUSTER,
        {"vswitchIds": ["subnet-1"], "profile": "Acs"},
        ["vswitchIds[0]: 'subnet-1' does not match ^vsw-[a-z0-9]*$."],
    ),
    (CLUSTER, {"profile": "Acs"}, ["zoneIds: exactly one of vswitchIds, workerVswitchIds, zoneIds is needed."]),
    (BUCKET_OBJECT, {"bucket": "abc", "key": "k"}, ["content: one of content, source is needed."]),
    (
        BUCKET_OBJECT,
        {"bucket": "abc", "key": "k", "content": "", "objectWormMode": "COMPLIANCE"},
        ["objectWormMode: needs objectWormRetainUntilDate beside it."],
    ),
    (PASSWORD, {"length": 3, "minLower": 4}, ["length: 3 is less than the 4 characters the minimums ask for."]),
    (PASSWORD, {"length": 0}, ["length: 0 is outside 1 or more."]),
]


@pytest.mark.parametrize(("type_", "inputs", "messages"), REFUSED)
def test_refusals(type_: str, inputs: Values, messages: list[str]) -> None:
    """Each wrong input is refused in these words."""
    assert messages == [str(failure) for failure in check(rule(type_), "thing", inputs).failures]


def test_a_secret_is_never_quoted() -> None:
    """A refusal of a secret value says what is wrong and not what it was."""
    failures = check(rule(SECRET_PARAMETER), "p", {"secretParameterName": "key", "value": ["hush"]}).failures

    assert ["value: must be a string, a secret value is not."] == [str(failure) for failure in failures]


def test_a_value_marked_secret_by_the_program_is_never_quoted() -> None:
    """The same holds for any property that arrived as a secret."""
    failures = check(rule(VPC), "v", {"vpcName": 7}, secret=frozenset({"vpcName"})).failures

    assert ["vpcName: must be a string, a secret value is not."] == [str(failure) for failure in failures]


def test_unknown_values_count_as_given_and_pass() -> None:
    """A preview's unknown values satisfy required inputs and every rule about values."""
    inputs: Values = RULE | {"portRange": UNKNOWN, "priority": UNKNOWN, "cidrIp": UNKNOWN}

    assert () == check(rule(SECURITY_RULE), "r", inputs).failures


def test_defaults_are_filled_in_but_not_those_of_conflicting_properties() -> None:
    """The provider's defaults appear in the inputs; a deprecated twin's do not."""
    filled = check(rule(ROLE), "r", {"roleName": "r", "assumeRolePolicyDocument": "{}"}).inputs
    wall = check(rule(SECURITY_RULE), "r", RULE | {"portRange": "1/2"}).inputs

    assert {"roleName": "r", "assumeRolePolicyDocument": "{}"} == filled
    assert ("accept", 1) == (wall["policy"], wall["priority"])


def test_a_command_without_a_name_gets_one() -> None:
    """The automatic name is the logical name and seven digits, the same for the same seed."""
    given: Values = {"type": "RunShellScript", "commandContent": "dHJ1ZQ=="}
    names = [check(rule(COMMAND), "ready", given, seed=seed).inputs["name"] for seed in ("a", "a", "b")]

    assert names[0] == names[1] != names[2]
    assert str(names[0]).startswith("ready-")


def test_unknown_types_and_functions_are_loud() -> None:
    """A type, a provider or a function that is not here is an error that names the nearest one."""
    with pytest.raises(LocalCloudError) as type_error:
        rule("alicloud:vpc/network:Netwrok")
    with pytest.raises(LocalCloudError) as provider_error:
        rule("aws:s3/bucket:Bucket")
    with pytest.raises(LocalCloudError) as function_error:
        function("alicloud:dns/zones:zones")

    assert str(type_error.value) == (
        "alicloud:vpc/network:Netwrok: this resource type is not in the local cloud."
        " Did you mean 'alicloud:vpc/network:Network'?"
    )
    assert str(provider_error.value) == "provider: 'aws' is not in the local cloud. It has alicloud and random."
    assert str(function_error.value) == "alicloud:dns/zones:zones: this function is not in the local cloud."


def test_function_arguments_are_checked() -> None:
    """A function refuses arguments it does not have."""
    checked = check_function(GET_INVOCATIONS, function(GET_INVOCATIONS), {"comandId": "c-1"})

    assert [f"{GET_INVOCATIONS}: comandId: no such property. Did you mean 'commandId'?"] == [
        str(failure) for failure in checked.failures
    ]
