"""The laws of clusters: what is sold, what a cluster makes, what goes with it."""

from functools import partial

import pytest

from scripts.localcloud.cloud import Cloud
from scripts.localcloud.errors import LocalCloudError
from scripts.localcloud.inprocess import commands
from scripts.localcloud.kinds import (
    ADDON,
    CLUSTER,
    GET_CLUSTERS,
    GET_CREDENTIAL,
    GET_MANAGED_CLUSTERS,
    LOG_PROJECT,
    SECURITY_GROUP,
)
from scripts.localcloud.kubernetes.objects import Objects, folder_of
from scripts.localcloud.laws import balancers
from scripts.localcloud.values import Value, Values
from scripts.localcloud.world import Record
from tests.localcloud.cloud.test_network_laws import refusal
from tests.localcloud.cloud.world import RecordedControlPlanes, Region

ID = "cdb2bf6f24899c5e4692164e86f429212"


@pytest.fixture
def switch(region: Region) -> Record:
    """Return a switch for a cluster."""
    return region.switch(region.vpc())


REFUSED: list[tuple[Values, str]] = [
    ({"profile": "Asc"}, "profile 'Asc' is not one of Default, Serverless, Edge, Acs. Did you mean 'Acs'?"),
    ({"version": "1.34"}, "version '1.34' is not written as in 1.34.1-aliyun.1."),
    ({"encryptionProviderKey": "alias/llm"}, "encryptionProviderKey 'alias/llm' is not the id of a KMS key."),
    ({"serviceCidr": None}, "serviceCidr is required."),
    (
        {"serviceCidr": "10.9.0.0/16"},
        "serviceCidr 10.9.0.0/16 overlaps that of vpc-bp100000000000000001, 10.0.0.0/8.",
    ),
    (
        {"newNatGateway": True},
        "newNatGateway: the local cloud's clusters make none. Set it to false and use a NatGateway of one's own.",
    ),
    (
        {"slbInternetEnabled": None},
        (
            "slbInternetEnabled: the local cloud's clusters make none. "
            "Set it to false and use an EipAddress bound to slbId, behind an Acl."
        ),
    ),
    (
        {"vswitchIds": None, "zoneIds": ["cn-hangzhou-k"]},
        "The local cloud takes no zoneIds: its clusters have vswitchIds.",
    ),
]


@pytest.mark.parametrize(("change", "message"), REFUSED)
def test_clusters_that_cannot_be(region: Region, switch: Record, change: Values, message: str) -> None:
    """A cluster is refused for what the service, or the local cloud, does not sell."""
    assert f"InvalidParameter: {message}" == refusal(lambda: region.cluster(switch, **change))


def test_a_cluster_is_in_one_network(region: Region, switch: Record) -> None:
    """Its switches are in one VPC, and exist."""
    other = region.switch(region.vpc(cidrBlock="172.16.0.0/12"), cidrBlock="172.16.0.0/24")

    assert refusal(lambda: region.cluster(switch, vswitchIds=[switch.id, other.id])) == (
        "InvalidParameter: vswitchIds are in vpc-bp100000000000000001 and vpc-bp100000000000000002. "
        "A cluster is in one VPC."
    )
    assert refusal(lambda: region.cluster(switch, vswitchIds=["vsw-9"])).startswith("InvalidVSwitchId.NotFound")


def test_what_a_cluster_makes(region: Region, switch: Record, cloud: Cloud) -> None:
    """It has a CLB on its first switch for its API server, a security group and objects; nothing is public."""
    cluster = region.cluster(switch)
    balancer = cloud.store.read().balancers[0]

    assert cluster.id == ID
    assert (balancer.id, balancer.vswitch_id, {"6443": ""}) == (cluster.text("slbId"), switch.id, balancer.acls)
    assert cluster.text("slbIntranet") == balancer.address
    assert cluster.properties["connections"] == [
        {
            "apiServerInternet": "",
            "apiServerIntranet": f"https://{balancer.address}:6443",
            "masterPublicIp": "",
            "serviceDomain": f"*.{ID}.cn-hangzhou.alicontainer.com",
        }
    ]
    assert cloud.store.read().find(SECURITY_GROUP, cluster.text("securityGroupId")) is not None
    assert Objects(folder_of(cloud.home, cluster.id)).exists()


def test_everything_goes_with_a_cluster(
    region: Region, switch: Record, cloud: Cloud, control_planes: RecordedControlPlanes
) -> None:
    """The control plane ends, the objects, the load balancers and the group go; the network can go after it."""
    cluster = region.cluster(switch)
    with cloud.store.transaction() as world:
        balancers.add(world, cloud.home, cluster, {"80": ""}, "llm/serve", public=True)
    region.delete(cluster)

    assert [("start", ID), ("stop", ID)] == control_planes.calls
    assert [] == cloud.store.read().balancers
    assert not folder_of(cloud.home, cluster.id).exists()
    region.delete(switch)
    assert ["alicloud:vpc/network:Network"] == [record.type for record in cloud.store.read().records]


def test_a_balancer_may_stay(region: Region, switch: Record, cloud: Cloud) -> None:
    """What a Service made stays when the cluster is told to retain it, and keeps its switch."""
    cluster = region.cluster(switch, deleteOptions=[{"resourceType": "SLB", "deleteMode": "retain"}])
    with cloud.store.transaction() as world:
        kept = balancers.add(world, cloud.home, cluster, {"80": ""}, "llm/serve")
    region.delete(cluster)

    assert [kept] == cloud.store.read().balancers
    assert refusal(lambda: region.delete(switch)) == (
        f"DependencyViolation: {switch.id} still has {kept.id}. Delete them first."
    )


def test_a_cluster_holds_what_it_is_on(region: Region, switch: Record) -> None:
    """Neither its switch nor its VPC nor its security group goes before it, and it goes when nothing protects it."""
    group = region.group(region.cloud.store.read().need("alicloud:vpc/network:Network", switch.text("vpcId"), ""))
    cluster = region.cluster(switch, securityGroupId=group.id, deletionProtection=True)
    network = region.cloud.store.read().need("alicloud:vpc/network:Network", switch.text("vpcId"), "")

    assert [
        f"DependencyViolation: {switch.id} still has {cluster.id}, {cluster.text('slbId')}. Delete them first.",
        f"DependencyViolation: {network.id} still has ManagedKubernetes {cluster.id}. Delete them first.",
        f"DependencyViolation: {group.id} is that of {cluster.id}.",
        f"OperationDenied.DeletionProtection: {cluster.id} has deletionProtection on. Switch it off first.",
    ] == [refusal(partial(region.delete, thing)) for thing in (switch, network, group, cluster)]
    region.update(cluster, deletionProtection=False)
    region.delete(cluster)
    region.delete(group)


def test_service_accounts_get_an_identity(region: Region, switch: Record) -> None:
    """With RRSA a cluster has an OIDC provider; it can be switched on later, and not off."""
    without, cluster = region.cluster(switch), region.cluster(switch, enableRrsa=True)

    assert cluster.properties["rrsaMetadata"] == {
        "enabled": True,
        "rrsaOidcIssuerUrl": f"https://oidc-ack-cn-hangzhou.oss-cn-hangzhou.aliyuncs.com/{cluster.id}",
        "ramOidcProviderName": f"ack-rrsa-{cluster.id}",
        "ramOidcProviderArn": f"acs:ram::1234567890123456:oidc-provider/ack-rrsa-{cluster.id}",
    }
    region.update(without, enableRrsa=True)
    rrsa = region.read(without)["rrsaMetadata"]
    assert isinstance(rrsa, dict)
    assert rrsa["enabled"] is True
    assert refusal(lambda: region.update(cluster, enableRrsa=False)) == (
        f"InvalidParameter: enableRrsa of {cluster.id} cannot be switched off."
    )


def test_upgrades_go_step_by_step(region: Region, switch: Record) -> None:
    """A version goes to the next minor one, neither further nor back."""
    cluster = region.cluster(switch, version="1.31.9-aliyun.1")
    region.update(cluster, version="1.32.1-aliyun.1")

    for version in ("1.34.1-aliyun.1", "1.31.9-aliyun.1"):
        assert refusal(partial(region.update, cluster, version=version)) == (
            f"InvalidParameter: {cluster.id} runs 1.32.1-aliyun.1: an upgrade goes to the next minor version."
        )


def test_audit_logs_have_a_project(region: Region, switch: Record, cloud: Cloud) -> None:
    """Without one of one's own the cluster makes it; it goes with the cluster only when that is asked for."""
    goes: list[Value] = [{"resourceType": kind, "deleteMode": "delete"} for kind in ("SLS_Data", "SLS_ControlPlane")]
    own = region.make(LOG_PROJECT, projectName="audit")
    log = region.cluster(switch, auditLogConfig={"enabled": True}, deleteOptions=goes)
    kept = region.cluster(switch, auditLogConfig={"enabled": True}, deleteOptions=goes[:1])
    given = region.cluster(switch, auditLogConfig={"enabled": True, "slsProjectName": own.id}, deleteOptions=goes)

    assert refusal(partial(region.make, LOG_PROJECT, projectName="audit")) == (
        "ProjectAlreadyExist: The project 'audit' exists; project names are global."
    )
    assert log.properties["auditLogConfig"] == {"enabled": True, "slsProjectName": f"k8s-log-{log.id}"}
    for cluster in (log, kept, given):
        region.delete(cluster)
    assert [own.id, f"k8s-log-{kept.id}"] == [record.id for record in cloud.store.read().all(LOG_PROJECT)]


def test_addons(region: Region, switch: Record) -> None:
    """An add-on that is known is installed; the same one again takes it over."""
    cluster = region.cluster(switch)
    for config in ('{"a": 1}', '{"a": 2}'):
        addon = region.make(ADDON, clusterId=cluster.id, name="metrics-server", config=config)

    assert (f"{cluster.id}:metrics-server", '{"a": 2}') == (addon.id, region.read(addon)["config"])
    assert refusal(lambda: region.make(ADDON, clusterId=cluster.id, name="metric-server")).startswith("AddonNotFound: ")
    assert refusal(lambda: region.make(ADDON, clusterId=cluster.id, name="metrics-server", config="[]")) == (
        "InvalidParameter: config is not a JSON object."
    )


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["llm", "other"]),
        ({"profile": "Acs"}, ["llm"]),
        ({"clusterName": "other"}, ["other"]),
        ({"nameRegex": "^l"}, ["llm"]),
        ({"clusterId": ID}, ["llm"]),
        ({"ids": ["c0"]}, []),
    ],
)
def test_clusters_are_found(region: Region, switch: Record, cloud: Cloud, asked: Values, found: list[str]) -> None:
    """By their profile, name and id."""
    region.cluster(switch)
    region.cluster(switch, name="other", profile="Default")

    assert found == cloud.invoke(GET_CLUSTERS, asked, "cn-hangzhou")["names"]
    assert [] == cloud.invoke(GET_CLUSTERS, asked, "cn-beijing")["names"]


def test_clusters_are_described(region: Region, switch: Record, cloud: Cloud) -> None:
    """The identity of an existing cluster's service accounts is known, when details are asked for."""
    cluster = region.cluster(switch, enableRrsa=True)
    short, long = (
        cloud.invoke(GET_MANAGED_CLUSTERS, {"ids": [ID], "enableDetails": details}, "cn-hangzhou")["clusters"]
        for details in (False, True)
    )

    assert [{"id": ID, "name": "llm"}] == short
    assert long == [
        {
            "id": ID,
            "name": "llm",
            "availabilityZone": "cn-hangzhou-k",
            "connections": cluster.properties["connections"],
            "natGatewayId": "",
            "rrsaConfig": cluster.properties["rrsaMetadata"],
            "securityGroupId": cluster.text("securityGroupId"),
            "state": "running",
            "vpcId": cluster.text("vpcId"),
            "workerNodes": [],
        }
    ]


def test_a_cluster_that_is_not_there_has_no_credential(cloud: Cloud) -> None:
    """A credential is that of a cluster."""
    assert refusal(lambda: cloud.invoke(GET_CREDENTIAL, {"clusterId": "c0"}, "cn-hangzhou")) == (
        "ErrorClusterNotFound: The specified ManagedKubernetes 'c0' does not exist."
    )
    with pytest.raises(LocalCloudError, match="writes no outputFile"):
        cloud.invoke(GET_CLUSTERS, {"outputFile": "clusters.json"}, "cn-hangzhou")


def test_its_key_is_shown_where_it_is_asked_for(region: Region, switch: Record) -> None:
    """The cluster's own outputs hold no key when the program says so."""
    quiet, loud = region.cluster(switch, skipSetCertificateAuthority=True), region.cluster(switch)

    assert [{"clusterCert": "", "clientCert": "", "clientKey": ""}] == quiet.properties["certificateAuthorities"]
    assert loud.properties["certificateAuthorities"] != quiet.properties["certificateAuthorities"]
    assert CLUSTER == loud.type


def test_the_cloud_shows_and_ends_clusters(
    region: Region, switch: Record, cloud: Cloud, control_planes: RecordedControlPlanes
) -> None:
    """``status`` shows the load balancers that nobody declared, ``down`` ends the control planes."""
    cluster = region.cluster(switch)
    with cloud.store.transaction() as world:
        balancers.add(world, cloud.home, cluster, {"80": ""}, "llm/serve")
    said: list[str] = []
    commands.status(cloud, said.append)
    commands.down(cloud, said.append)
    site = cluster.text("slbIntranet").removesuffix(".1.4")

    assert [
        f"slb:LoadBalancer  lb-bp100000000000000001  {ID}  {site}.1.4",
        f"slb:LoadBalancer  lb-bp100000000000000002  Service llm/serve of {ID}  {site}.1.5",
    ] == said[-3:-1]
    assert ("stop", ID) == control_planes.calls[-1]
