"""What an account answers in which a stack can come up; the shapes are those of the vendor's libraries."""

from collections.abc import Mapping
from typing import Any

from tests.unit.fake_openapi import Parameters, refusal

ZONES = ("cn-hangzhou-i", "cn-hangzhou-j")
VCPUS = {"used-postpaid-instance-vcpu-count": "120", "max-postpaid-instance-vcpu-count": "500"}
REAL_NAME = {"real-name-authentication": "yes"}
QUOTAS = {
    "vpc": {"vpc_quota_instances_num": (9, 10)},
    "ecs": {"q_security-groups": (26, 801)},
    "eip": {"eip_quota_instances_num": (1, 20)},
    "csk": {"q_cbdch3": (1, 100)},
    "slb": {"slb_quota_instances_num": (2, 60), "slb_quota_acls_num": (0, 50)},
}


def sold(types: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Return what DescribeAvailableResource says of zones, each with names and their category of stock."""
    return {
        "RequestId": "request-1",
        "AvailableZones": {
            "AvailableZone": [
                {
                    "RegionId": "cn-hangzhou",
                    "ZoneId": zone,
                    "Status": "Available",
                    "StatusCategory": "WithStock",
                    "AvailableResources": {
                        "AvailableResource": [{"Type": "X", "SupportedResources": {"SupportedResource": rows(names)}}]
                    },
                }
                for zone, names in types.items()
            ]
        },
    }


def rows(names: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the rows of SupportedResource."""
    return [
        {"Value": name, "StatusCategory": state, "Status": "Available" if "Without" not in state else "SoldOut"}
        for name, state in names.items()
    ]


def attributes(values: Mapping[str, str]) -> dict[str, Any]:
    """Return what DescribeAccountAttributes says."""
    items = [
        {"AttributeName": name, "AttributeValues": {"ValueItem": [{"Value": value}]}} for name, value in values.items()
    ]
    return {"RequestId": "request-1", "AccountAttributeItems": {"AccountAttributeItem": items}}


def quotas(product: str, numbers: Mapping[str, tuple[float, float]]) -> dict[str, Any]:
    """Return one page of Quota Center, of quotas with what is used and what is allowed."""
    found = [
        {
            "ProductCode": product,
            "QuotaActionCode": code,
            "QuotaName": code,
            "TotalUsage": used,
            "TotalQuota": total,
            "Consumable": True,
            "Adjustable": True,
        }
        for code, (used, total) in numbers.items()
    ]
    return {"RequestId": "request-1", "Quotas": found, "TotalCount": len(found), "MaxResults": 100}


def good() -> dict[str, Any]:
    """Return the answers of an account where everything is there; a test replaces some."""
    lists = ("Instances", "Disks", "NetworkInterfaces", "DeploymentSets", "Commands", "Invocations")
    return {
        "GetCallerIdentity": {"Arn": "acs:ram::1:user/deploy", "AccountId": "1", "IdentityType": "RAMUser"},
        "DescribeZones": {"Zones": {"Zone": [{"ZoneId": zone} for zone in ZONES]}},
        "DescribeAvailableResource": _stock,
        "DescribeAccountAttributes": _attributes,
        "ListProductQuotas": lambda asked: quotas(asked["ProductCode"], QUOTAS[asked["ProductCode"]]),
        "GetRole": _role,
        "GetPolicy": refusal("EntityNotExist.Policy", "The policy does not exist.", 404),
        "GetSecretValue": refusal("Forbidden.ResourceNotFound", "Resource not found.", 404),
        "GetSecretParameter": refusal("EntityNotExists.Parameter", "The specified parameter does not exist.", 404),
        "ListExecutions": {"Executions": []},
        "ListBuckets": {},
        "DescribeClusterDetail": refusal("ErrorClusterNotFound", "The cluster does not exist.", 404),
        "DescribeKubernetesVersionMetadata": lambda _: [{"version": "1.34.1-aliyun.1"}, {"version": "1.35.0-aliyun.1"}],
        "CreateVpc": refusal("DryRunOperation", "The request is validated with DryRun flag set.", 400),
        "RunInstances": refusal("DryRunOperation", "Request validation has been passed with DryRun flag set.", 412),
        "DescribeVSwitches": {"VSwitches": {"VSwitch": [{"VSwitchId": "vsw-default", "VpcId": "vpc-default"}]}},
        "DescribeSecurityGroups": {"SecurityGroups": {"SecurityGroup": [{"SecurityGroupId": "sg-default"}]}},
        "DescribeEipAddresses": {"EipAddresses": {"EipAddress": []}},
        "DescribeNatGateways": {"NatGateways": {"NatGateway": []}},
        **{f"Describe{name}": {name: {}} for name in lists},
    }


def _stock(asked: Parameters) -> dict[str, Any]:
    name = asked["InstanceType"] if asked["DestinationResource"] == "InstanceType" else "cloud_essd"
    return sold({zone: {name: "WithStock"} for zone in ZONES if asked.get("ZoneId", zone) == zone})


def _attributes(asked: Parameters) -> dict[str, Any]:
    return attributes({name: value for name, value in (VCPUS | REAL_NAME).items() if name in asked.values()})


def _role(asked: Parameters) -> dict[str, Any]:
    if asked["RoleName"].startswith("Aliyun"):
        return {"Role": {"RoleName": asked["RoleName"]}}
    return refusal("EntityNotExist.Role", "The role does not exist.", 404)
