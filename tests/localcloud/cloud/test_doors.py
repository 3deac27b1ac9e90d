"""Both doors lead to the same cloud: same refusals, same ids, same secrets, same half-made resources."""

import json
from collections.abc import Iterator

import pytest
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import provider_pb2

from scripts.localcloud import wire
from scripts.localcloud.cloud import Cloud
from scripts.localcloud.kinds import (
    ACCESS_KEY,
    ACL,
    CLUSTER,
    DEPLOYMENT_SET,
    EIP,
    EIP_ASSOCIATION,
    EXECUTION,
    GET_INVOCATIONS,
    INSTANCE,
    INVOCATION,
    NETWORK_INTERFACE,
    NETWORK_INTERFACE_ATTACHMENT,
    SECRET_PARAMETER,
    SECURITY_GROUP,
    SWITCH,
    USER,
    VPC,
)
from scripts.localcloud.machines.spec import CommandResult
from scripts.localcloud.values import UNKNOWN, Value, Values
from tests.localcloud.cloud.doors import Door, InProcess, Wire, served
from tests.localcloud.cloud.world import IMAGE, RecordedMachines, Region

ID = "bp100000000000000001"
"""What the first thing of its kind is called, after its kind."""


@pytest.fixture(params=["in-process", "plugin"])
def door(request: pytest.FixtureRequest, cloud: Cloud) -> Iterator[Door]:
    """Return one door after the other."""
    if request.param == "in-process":
        yield InProcess(cloud)
    else:
        with served(cloud) as plugin:
            yield plugin


@pytest.fixture
def plugin(cloud: Cloud) -> Iterator[Wire]:
    """Return the plugin's door alone, for what only it has."""
    with served(cloud) as plugin:
        yield plugin


def struct(*secret: str, **values: Value) -> struct_pb2.Struct:
    """Return *values* as they travel, those named in *secret* marked."""
    return wire.encode(values, secret)


def test_create(door: Door) -> None:
    """A resource gets an id, the service's values and the inputs."""
    made = door.create(VPC, "net", struct(cidrBlock="10.0.0.0/8"))

    assert made.id == "vpc-bp100000000000000001"
    assert made.outputs is not None
    assert ("10.0.0.0/8", "Available") == (made.outputs["cidrBlock"], made.outputs["status"])


def test_preview(door: Door, cloud: Cloud) -> None:
    """What only the service knows is unknown, and nothing is made."""
    seen = door.create(VPC, "net", struct(cidrBlock="10.0.0.0/8"), preview=True)

    assert seen.outputs is not None
    assert ("", "10.0.0.0/8", UNKNOWN) == (seen.id, seen.outputs["cidrBlock"], seen.outputs["routeTableId"])
    assert cloud.store.read().records == []


def test_a_refused_check(door: Door) -> None:
    """All problems are told at once."""
    refused = door.create(VPC, "net", struct(cidrBlok="x", enableIpv6="yes"))

    assert refused.refusal == (
        "cidrBlok: no such property. Did you mean 'cidrBlock'?\nenableIpv6: must be true or false, 'yes' is not."
    )


def test_a_refused_create(door: Door) -> None:
    """The vendor's code comes through."""
    refused = door.create(SWITCH, "sw", struct(vpcId="vpc-9", zoneId="cn-hangzhou-k", cidrBlock="10.0.0.0/24"))

    assert refused.refusal == "InvalidVpcId.NotFound: The specified Network 'vpc-9' does not exist."


def test_two_machines_that_share_a_fabric(door: Door) -> None:
    """A program's pair, with its deployment set and its interfaces, can be made through either door."""
    door.create(VPC, "net", struct(cidrBlock="10.0.0.0/8"))
    door.create(SWITCH, "sw", struct(vpcId=f"vpc-{ID}", zoneId="cn-hangzhou-k", cidrBlock="10.0.1.0/24"))
    door.create(SECURITY_GROUP, "sg", struct(vpcId=f"vpc-{ID}", innerAccessPolicy="Drop"))
    near = door.create(DEPLOYMENT_SET, "near", struct(strategy="LowLatency"))
    rdma: Values = {"networkInterfaceTrafficMode": "HighPerformance", "queuePairNumber": 64}
    second: Values = rdma | {"vswitchId": f"vsw-{ID}", "networkCardIndex": 1}
    node: Values = {
        "imageId": IMAGE,
        "instanceType": "ecs.ebmgn8v.48xlarge",
        "systemDiskSize": 100,
        "vswitchId": f"vsw-{ID}",
    }
    asked: Values = node | rdma | {"securityGroups": [f"sg-{ID}"], "networkInterfaces": second}
    made = [door.create(INSTANCE, name, struct(deploymentSetId=near.id, **asked)) for name in ("head", "worker")]

    assert f"ds-{ID}" == near.id
    assert [second, second] == [one.outputs["networkInterfaces"] for one in made if one.outputs]
    assert [True, True] == [one.outputs["enableJumboFrame"] for one in made if one.outputs]


def test_an_interface_and_its_attachment(door: Door, region: Region) -> None:
    """An interface of its own goes through either door too."""
    instance = region.machine(instanceType="ecs.ebmgn8v.48xlarge")
    asked: Values = {"vswitchId": instance.text("vswitchId"), "securityGroupIds": instance.properties["securityGroups"]}
    interface = door.create(NETWORK_INTERFACE, "eni", struct(networkInterfaceTrafficMode="HighPerformance", **asked))
    ids: Values = {"networkInterfaceId": interface.id, "instanceId": instance.id, "networkCardIndex": 1}
    link = door.create(NETWORK_INTERFACE_ATTACHMENT, "link", struct(**ids))

    assert f"{interface.id}:{instance.id}" == link.id


def test_a_cluster_behind_a_list(door: Door) -> None:
    """A cluster with a public address for its API server can be made through either door."""
    door.create(VPC, "net", struct(cidrBlock="10.0.0.0/8"))
    door.create(SWITCH, "sw", struct(vpcId=f"vpc-{ID}", zoneId="cn-hangzhou-k", cidrBlock="10.0.1.0/24"))
    acl = door.create(ACL, "callers", struct(entryLists=[{"entry": "203.0.113.0/24"}]))
    eip = door.create(EIP, "api", struct())
    private: Values = {"newNatGateway": False, "slbInternetEnabled": False}
    asked: Values = private | {"profile": "Acs", "vswitchIds": [f"vsw-{ID}"], "serviceCidr": "192.168.0.0/16"}
    made = door.create(CLUSTER, "llm", struct(**asked))
    balancer = str((made.outputs or {})["slbId"])
    parameters: Values = {"LoadBalancerId": balancer, "ListenerPort": 6443, "AclStatus": "on", "AclType": "white"}
    run = door.create(EXECUTION, "list", list_with(parameters | {"AclId": acl.id}))
    link = door.create(EIP_ASSOCIATION, "api", struct(allocationId=eip.id, instanceId=balancer))

    assert ("Success", f"eip-{ID}:lb-{ID}") == ((run.outputs or {})["status"], link.id)


def list_with(parameters: Values) -> struct_pb2.Struct:
    """Return an execution that calls SetLoadBalancerTCPListenerAttribute with *parameters*."""
    call = {"Service": "SLB", "API": "SetLoadBalancerTCPListenerAttribute", "Parameters": parameters}
    task = {"Name": "list", "Action": "ACS::ExecuteApi", "Properties": call}
    return struct(templateName="list", templateContent=json.dumps({"FormatVersion": "OOS-2019-06-01", "Tasks": [task]}))


def test_the_secret_of_a_key(door: Door) -> None:
    """A secret that the service makes comes back as one."""
    door.create(USER, "reader", struct(name="reader"))

    assert {"secret"} == door.create(ACCESS_KEY, "key", struct(userName="reader")).secret


def test_an_unknown_type(door: Door) -> None:
    """A type that is not here is loud."""
    refused = door.create("alicloud:kms/key:Key", "key", struct())

    assert refused.refusal.startswith("alicloud:kms/key:Key: this resource type is not in the local cloud.")


def test_secrets_stay_secret(door: Door) -> None:
    """What is secret by rule, or was passed as a secret, comes back as one."""
    parameter = door.create(SECRET_PARAMETER, "key", struct(secretParameterName="llm-key", value="hush"))
    network = door.create(VPC, "net", struct("description", description="hush"))

    assert {"value"} == parameter.secret
    assert {"description"} == network.secret


def test_a_failed_run_is_half_made(door: Door, region: Region, machines: RecordedMachines) -> None:
    """A run that failed has an id that the stack remembers."""
    machines.result = CommandResult(1, "")
    instance, command = region.machine(), region.command()
    failed = door.create(INVOCATION, "ready", struct(commandId=command.id, instanceIds=[instance.id]))

    assert failed.refusal == "Failed to reach target status. Current status is Failed."
    assert failed.id == "t-bp100000000000000001"


def diff(plugin: Wire, type_: str, olds: Values, news: Values) -> provider_pb2.DiffResponse:
    """Ask the plugin for a diff."""
    asked = provider_pb2.DiffRequest(type=type_, name="thing", olds=wire.encode(olds), news=wire.encode(news))
    response: provider_pb2.DiffResponse = plugin.stub.Diff(asked)
    return response


def test_diffs_are_detailed(plugin: Wire) -> None:
    """The engine learns each path, and which of them replace."""
    found = diff(
        plugin,
        INSTANCE,
        {"userData": "a", "spotStrategy": "NoSpot"},
        {"userData": "b", "spotStrategy": "SpotAsPriceGo"},
    )
    kinds = {path: detail.kind for path, detail in found.detailedDiff.items()}

    assert {
        "userData": provider_pb2.PropertyDiff.UPDATE,
        "spotStrategy": provider_pb2.PropertyDiff.UPDATE_REPLACE,
    } == kinds
    assert (["spotStrategy"], found.DIFF_SOME) == (list(found.replaces), found.changes)


def test_the_image_feature_of_the_provider(plugin: Wire) -> None:
    """With replaceOnImageUpdate in the provider's configuration a new image replaces the instance."""
    olds: Values = {"imageId": "m-1"}
    news: Values = {"imageId": "m-2"}
    before = list(diff(plugin, INSTANCE, olds, news).replaces)
    settings = struct(region="cn-hangzhou", features='{"ecsInstance":{"replaceOnImageUpdate":true}}')
    plugin.stub.Configure(provider_pb2.ConfigureRequest(args=settings))

    assert ([], ["imageId"]) == (before, list(diff(plugin, INSTANCE, olds, news).replaces))


@pytest.mark.parametrize(
    ("settings", "messages"),
    [
        ({"region": "cn-hangzhou", "version": "4.0.0"}, []),
        ({}, ["region: missing. Set alicloud:region in the stack's configuration, such as cn-hangzhou."]),
        (
            {"region": "cn-hangzou"},
            ["region: 'cn-hangzou' is not a region of the local cloud. Did you mean 'cn-hangzhou'?"],
        ),
        ({"region": "cn-hangzhou", "regoin": "x"}, ["regoin: no such setting of the provider. Did you mean 'region'?"]),
    ],
)
def test_provider_settings(plugin: Wire, settings: Values, messages: list[str]) -> None:
    """The provider's own configuration is checked."""
    checked = plugin.stub.CheckConfig(provider_pb2.CheckRequest(news=struct(**settings)))

    assert messages == [f"{failure.property}: {failure.reason}" for failure in checked.failures]


def test_an_automatic_name_stays(plugin: Wire) -> None:
    """An update keeps the name that the provider made."""
    olds = struct(name="ready-0123abc")
    news = struct(type="RunShellScript", commandContent="dHJ1ZQ==")
    checked = plugin.stub.Check(
        provider_pb2.CheckRequest(type="alicloud:ecs/command:Command", name="ready", olds=olds, news=news)
    )

    assert checked.inputs.fields["name"].string_value == "ready-0123abc"


def test_reading_what_is_gone_and_what_is_not(plugin: Wire, region: Region) -> None:
    """A refresh sees the present state; a resource that is gone has no id."""
    vpc = region.vpc()
    asked = provider_pb2.ReadRequest(type=VPC, id=vpc.id, inputs=struct(cidrBlock="old"))
    seen = plugin.stub.Read(asked)
    region.delete(vpc)

    assert (vpc.id, "10.0.0.0/8") == (seen.id, seen.inputs.fields["cidrBlock"].string_value)
    assert plugin.stub.Read(asked).id == ""


def test_functions_and_info(plugin: Wire) -> None:
    """A function answers, and the plugin has the SDK's version."""
    answer = plugin.stub.Invoke(provider_pb2.InvokeRequest(tok=GET_INVOCATIONS, args=struct(commandId="c-1")))

    assert [] == list(getattr(answer, "return").fields["invocations"].list_value.values)
    assert plugin.stub.GetPluginInfo(empty_pb2.Empty()).version == "4.0.0"
