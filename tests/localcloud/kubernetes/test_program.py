"""Programs with a cluster, its provider and objects, run without the pulumi command."""

from collections.abc import Callable

import pulumi
import pulumi_alicloud as alicloud
import pulumi_kubernetes as kubernetes
import pytest

from scripts.localcloud.cloud import Cloud
from scripts.localcloud.inprocess import commands
from scripts.localcloud.inprocess.program import Config
from scripts.localcloud.inprocess.project import Project
from scripts.localcloud.kinds import CLUSTER
from scripts.localcloud.values import UNKNOWN
from tests.localcloud.cloud.programs import Runs
from tests.localcloud.kubernetes.things import CONFIG_MAP, config_map

PROJECT = Project("project", "dev", Config({"alicloud:region": "cn-hangzhou"}))


def program(*, deleted_with_cluster: bool) -> Callable[[], None]:
    """Return a program with one object in a cluster of its own."""

    def declare() -> None:
        vpc = alicloud.vpc.Network("net", cidr_block="10.0.0.0/8")
        switch = alicloud.vpc.Switch("switch", vpc_id=vpc.id, zone_id="cn-hangzhou-k", cidr_block="10.0.1.0/24")
        cluster = alicloud.cs.ManagedKubernetes(
            "cluster",
            profile="Acs",
            vswitch_ids=[switch.id],
            service_cidr="192.168.0.0/16",
            new_nat_gateway=False,
            slb_internet_enabled=False,
        )
        credential = alicloud.cs.get_cluster_credential_output(cluster_id=cluster.id)
        config: pulumi.Output[str] = pulumi.Output.secret(credential.kube_config)
        provider = kubernetes.Provider("provider", kubeconfig=config, cluster_identifier=cluster.id)
        opts = pulumi.ResourceOptions(provider=provider, deleted_with=cluster if deleted_with_cluster else None)
        pulumi.CustomResource(CONFIG_MAP, "files", config_map(a="b"), opts)

    return declare


@pytest.fixture
def runs(cloud: Cloud) -> Runs:
    """Return a stack on an empty cloud."""
    return Runs(cloud)


def test_the_life_of_a_program(runs: Runs, cloud: Cloud) -> None:
    """It is foreseen, made, found unchanged, and destroyed with nothing left; the kubeconfig stays secret."""
    assert runs(program(deleted_with_cluster=True), preview=True)
    assert runs(program(deleted_with_cluster=True))
    made = {item.name: item for item in runs.monitor.journal.registrations}
    assert ("default/files", frozenset({"kubeconfig"})) == (made["files"].id, made["provider"].secret)
    assert runs(program(deleted_with_cluster=True))
    assert {"same"} == set(runs.steps().values())
    assert commands.destroy(cloud, PROJECT, lambda _: None)

    assert [] == cloud.store.read().records


def test_a_preview_before_the_cluster_exists(runs: Runs) -> None:
    """Its objects are checked, and everything about them is still open."""
    assert runs(program(deleted_with_cluster=True), preview=True)
    seen = {item.name: item for item in runs.monitor.journal.registrations}

    assert (UNKNOWN, {}) == (seen["provider"].outputs["kubeconfig"], seen["files"].outputs)
    assert {"a": "b"} == seen["files"].inputs["data"]


def test_a_cluster_that_is_gone(runs: Runs, cloud: Cloud) -> None:
    """What is deleted with it goes without it; anything else needs it."""
    said: list[str] = []
    assert runs(program(deleted_with_cluster=False))
    (cluster,) = cloud.store.read().all(CLUSTER)
    cloud.delete(CLUSTER, cluster.id, cluster.region)
    assert not commands.destroy(cloud, PROJECT, said.append)
    assert said[-1].startswith("error: kubernetes:core/v1:ConfigMap (files): configured Kubernetes cluster is unreach")


def test_what_is_deleted_with_a_cluster_that_is_gone(runs: Runs, cloud: Cloud) -> None:
    """It is not asked for any more."""
    assert runs(program(deleted_with_cluster=True))
    (cluster,) = cloud.store.read().all(CLUSTER)
    cloud.delete(CLUSTER, cluster.id, cluster.region)

    assert commands.destroy(cloud, PROJECT, lambda _: None)
