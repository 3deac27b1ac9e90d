"""Which cluster a kubeconfig leads to, and who is let in at which address."""

from typing import Any

import pytest
import yaml

from scripts.localcloud.api_server import UnreachableError, cluster_behind
from scripts.localcloud.cloud import Cloud
from scripts.localcloud.kinds import ACL_ENTRY, EIP, EIP_ASSOCIATION, GET_CREDENTIAL
from scripts.localcloud.values import Value, Values
from scripts.localcloud.world import Record
from tests.localcloud.cloud.test_network_laws import refusal
from tests.localcloud.cloud.world import Region

VPC = "10.0.0.0/8"
OFFICE = "203.0.113.0/24"


@pytest.fixture
def eip(region: Region) -> Record:
    """Return a public address."""
    return region.eip()


@pytest.fixture
def cluster(region: Region, eip: Record) -> Record:
    """Return a cluster whose certificate names the public address."""
    return region.cluster(region.switch(region.vpc()), customSan=f"llm.example.com, {eip.text('ipAddress')}")


def kubeconfig(cloud: Cloud, cluster: Record, **minutes: Value) -> dict[str, Any]:
    """Return the kubeconfig of *cluster*."""
    asked: Values = {"clusterId": cluster.id}
    answer = cloud.invoke(GET_CREDENTIAL, asked | minutes, "cn-beijing")
    loaded: dict[str, Any] = yaml.safe_load(str(answer["kubeConfig"]))
    return loaded


def moved(config: dict[str, Any], address: str) -> str:
    """Return *config* with its server at *address*."""
    config["clusters"][0]["cluster"]["server"] = f"https://{address}:6443"
    return yaml.safe_dump(config)


def unreachable(cloud: Cloud, config: str) -> str:
    """Return why *config* leads to no cluster."""
    with pytest.raises(UnreachableError) as refused:
        cluster_behind(cloud.store.read(), config)
    return str(refused.value)


def bind(region: Region, eip: Record, cluster: Record) -> Record:
    """Bind the public address to the CLB of the API server."""
    return region.make(EIP_ASSOCIATION, allocationId=eip.id, instanceId=cluster.text("slbId"))


def test_from_inside_the_network(cloud: Cloud, cluster: Record) -> None:
    """The credential leads to its cluster at the address in the VPC."""
    config = kubeconfig(cloud, cluster)

    assert f"https://{cluster.text('slbIntranet')}:6443" == config["clusters"][0]["cluster"]["server"]
    assert cluster.id == cluster_behind(cloud.store.read(), yaml.safe_dump(config)).id


def test_a_credential_stays_unless_it_is_temporary(cloud: Cloud, cluster: Record) -> None:
    """The owner's kubeconfig is the same each time; a temporary one says until when."""
    owner, temporary = kubeconfig(cloud, cluster), kubeconfig(cloud, cluster, temporaryDurationMinutes=60)

    assert owner == kubeconfig(cloud, cluster)
    assert owner != temporary
    assert cluster.id == cluster_behind(cloud.store.read(), yaml.safe_dump(temporary)).id


def test_from_the_internet(region: Region, cloud: Cloud, cluster: Record, eip: Record) -> None:
    """A public address leads to the cluster when it is bound, and its listener has a list that names callers."""
    config, address = kubeconfig(cloud, cluster), eip.text("ipAddress")
    acl = region.acl(VPC, OFFICE)
    before = unreachable(cloud, moved(config, address))
    link = bind(region, eip, cluster)
    opened = unreachable(cloud, moved(config, address))
    region.put_acl(cluster, acl)

    assert f"{address}:6443 does not answer: no API server listens there." == before
    assert f"{address}:6443 is open to everybody: give its listener an ACL before the EIP." == opened
    assert cluster.id == cluster_behind(cloud.store.read(), moved(config, address)).id
    region.update(acl, entryLists=[{"entry": VPC}])
    assert f"{address}:6443 does not answer: {acl.id} lists nobody on the internet." == unreachable(
        cloud, moved(config, address)
    )
    region.make(ACL_ENTRY, aclId=acl.id, entry=OFFICE)
    region.update(cluster, customSan="llm.example.com")
    assert f"{address}:6443 shows a certificate for other names: customSan lacks {address}." == unreachable(
        cloud, moved(config, address)
    )
    region.delete(link)
    assert before == unreachable(cloud, moved(config, address))


def test_a_list_holds_inside_too(region: Region, cloud: Cloud, cluster: Record) -> None:
    """A list without the VPC shuts the VPC out; a listener without a list does not."""
    acl = region.acl(OFFICE)
    config = yaml.safe_dump(kubeconfig(cloud, cluster))
    region.put_acl(cluster, acl)

    assert unreachable(cloud, config) == (
        f"{cluster.text('slbIntranet')}:6443 does not answer: {acl.id} does not list the VPC {cluster.text('vpcId')}."
    )
    region.put_acl(cluster, acl, AclStatus="off")
    assert cluster.id == cluster_behind(cloud.store.read(), config).id


def test_kubeconfigs_that_lead_nowhere(region: Region, cloud: Cloud, cluster: Record) -> None:
    """A kubeconfig of another cluster, one of a cluster that is gone, and what is none at all."""
    address = cluster.text("slbIntranet")
    other = region.cluster(cloud.store.read().need("alicloud:vpc/switch:Switch", "vsw-bp100000000000000001", ""))
    key = kubeconfig(cloud, cluster)
    key["users"][0]["user"]["client-key-data"] = "bm9uZQ=="
    foreign = moved(kubeconfig(cloud, other), address)
    own = yaml.safe_dump(kubeconfig(cloud, cluster))

    assert [
        f"{address}:6443 shows a certificate that the kubeconfig does not trust.",
        f"{address}:6443 refuses the credential: Unauthorized.",
        "the kubeconfig is no kubeconfig with a current context.",
        "the kubeconfig is no kubeconfig with a current context.",
    ] == [unreachable(cloud, config) for config in (foreign, yaml.safe_dump(key), "{}", "a: [")]
    region.delete(cluster)
    assert f"{address}:6443 does not answer: no API server listens there." == unreachable(cloud, own)


def test_a_load_balancer_has_one_public_address(region: Region, cluster: Record, eip: Record) -> None:
    """An EIP is bound to a load balancer that exists and has none; the binding goes with the cluster."""
    bound = bind(region, eip, cluster)

    assert "SlbInstance" == bound.properties["instanceType"]
    assert refusal(lambda: bind(region, region.make(EIP), cluster)) == (
        f"InvalidParams.AlreadyBound: {cluster.text('slbId')} already has a public address."
    )
    assert refusal(lambda: region.make(EIP_ASSOCIATION, allocationId=region.make(EIP).id, instanceId="lb-9")) == (
        "InvalidInstanceId.NotFound: The load balancer 'lb-9' does not exist."
    )
    region.delete(cluster)
    assert "Available" == region.read(eip)["status"]
