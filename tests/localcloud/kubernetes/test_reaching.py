"""The provider's settings, and what it can do before its cluster is there and after it is gone."""

import pytest

from scripts.localcloud.api_server import kubeconfig
from scripts.localcloud.backend import State
from scripts.localcloud.cloud import Cloud
from scripts.localcloud.errors import LocalCloudError
from scripts.localcloud.kubernetes.backend import Kubernetes
from scripts.localcloud.kubernetes.objects import Manifest
from scripts.localcloud.values import UNKNOWN, Value, Values
from scripts.localcloud.world import Record
from tests.localcloud.cloud.world import Region
from tests.localcloud.kubernetes.things import (
    CONFIG_MAP,
    DEPLOYMENT,
    GROUP,
    call,
    changed,
    config_map,
    deployment,
    group,
    of,
)


def test_before_the_cluster_is_known(cloud: Cloud) -> None:
    """With a kubeconfig that only an update knows, shapes are checked and nothing is foreseen."""
    provider = Kubernetes(cloud).configured({"kubeconfig": UNKNOWN})
    wrong = changed(deployment(), "spec.replica", 1)

    assert 1 == len(provider.check(call(DEPLOYMENT), {}, wrong, frozenset(), "seed").failures)
    assert {} == provider.preview(call(DEPLOYMENT), deployment(), None)


def test_what_no_preview_can_say(provider: Kubernetes) -> None:
    """Inputs come back as they are where something is unknown, taken, or not there yet."""
    unknown = changed(deployment(), "spec.replicas", UNKNOWN)
    elsewhere = changed(config_map(), "metadata.namespace", "llm")
    provider.create(call(CONFIG_MAP), config_map(), frozenset())
    rows = [(DEPLOYMENT, unknown), (CONFIG_MAP, elsewhere), (CONFIG_MAP, config_map()), (GROUP, group())]

    assert [manifest for _, manifest in rows] == [provider.preview(call(type_), each, None) for type_, each in rows]


def test_the_provider_s_namespace(cloud: Cloud, cluster: Record) -> None:
    """It is for objects that name none; what belongs to the cluster has none."""
    provider = Kubernetes(cloud).configured({"kubeconfig": kubeconfig(cluster), "namespace": "llm"})
    namespace = of("v1", "Namespace", "other")
    manifests: list[tuple[str, Manifest]] = [
        (CONFIG_MAP, changed(config_map(), "metadata.namespace", None)),
        ("kubernetes:core/v1:Namespace", namespace),
    ]
    checked = [provider.check(call(type_), {}, each, frozenset(), "seed").inputs for type_, each in manifests]

    assert [{"namespace": "llm", "name": "files"}, {"name": "other"}] == [each["metadata"] for each in checked]


def test_a_cluster_that_is_gone(provider: Kubernetes, cloud: Cloud, region: Region, cluster: Record) -> None:
    """Its objects can be neither made, read nor deleted, until somebody says to forget them."""
    state = State("default/files", config_map(), config_map())
    region.delete(cluster)
    why = r"configured Kubernetes cluster is unreachable: 127\.\S+:6443 does not answer: no API server listens there\."
    with pytest.raises(LocalCloudError, match=why):
        provider.create(call(CONFIG_MAP), config_map(), frozenset())
    with pytest.raises(LocalCloudError, match="failed to read resource state due to unreachable cluster"):
        provider.read(call(CONFIG_MAP), state)
    with pytest.raises(LocalCloudError, match='PULUMI_K8S_DELETE_UNREACHABLE environment variable set to "true"'):
        provider.delete(call(CONFIG_MAP), state)
    assert config_map() == provider.preview(call(CONFIG_MAP), config_map(), None)
    forgetful = Kubernetes(cloud).configured({"kubeconfig": kubeconfig(cluster), "deleteUnreachable": "true"})
    forgetful.delete(call(CONFIG_MAP), state)

    assert forgetful.read(call(CONFIG_MAP), state) is None


SETTINGS: list[tuple[Values, list[str]]] = [
    ({"kubeconfig": UNKNOWN, "clusterIdentifier": "c1", "enableSecretMutable": "true"}, []),
    (
        {"kubeconfig": ""},
        [
            (
                "kubeconfig: missing. Pass the cluster's own; "
                "the local cloud never reads the one of whoever runs the program."
            )
        ],
    ),
    (
        {"kubeconfig": "x", "clusterIdentifer": "c1"},
        ["clusterIdentifer: the local cloud has no such setting of the provider. Did you mean 'clusterIdentifier'?"],
    ),
]


@pytest.mark.parametrize(("settings", "messages"), SETTINGS)
def test_settings(provider: Kubernetes, settings: Values, messages: list[str]) -> None:
    """The provider's own configuration is checked."""
    assert messages == [str(failure) for failure in provider.check_config(settings)]


@pytest.mark.parametrize(
    ("olds", "news", "replaces"),
    [
        ({"kubeconfig": "A", "clusterIdentifier": "1"}, {"kubeconfig": "B", "clusterIdentifier": "1"}, []),
        ({"kubeconfig": "A", "clusterIdentifier": "1"}, {"kubeconfig": UNKNOWN, "clusterIdentifier": "1"}, []),
        (
            {"kubeconfig": "A", "clusterIdentifier": "1"},
            {"kubeconfig": "B", "clusterIdentifier": "2"},
            ["clusterIdentifier"],
        ),
        ({"kubeconfig": "A"}, {"kubeconfig": UNKNOWN}, ["kubeconfig"]),
        ({"kubeconfig": "A"}, {"kubeconfig": "B"}, ["kubeconfig"]),
        ({"kubeconfig": "A"}, {"kubeconfig": "A2"}, []),
        ({"kubeconfig": "A"}, {"kubeconfig": "A", "namespace": "llm"}, []),
    ],
)
def test_settings_that_change(
    provider: Kubernetes, region: Region, olds: Values, news: Values, replaces: list[str]
) -> None:
    """Another cluster replaces everything, unless an identifier says that it is the same one."""
    switch = region.switch(region.vpc(cidrBlock="172.16.0.0/12"), cidrBlock="172.16.0.0/24")
    clusters = {"A": region.cluster(switch), "B": region.cluster(switch)}
    known: dict[Value, Value] = {name: kubeconfig(cluster) for name, cluster in clusters.items()}
    known["A2"] = kubeconfig(clusters["A"], "2027-01-01T00:00:00Z")

    def real(settings: Values) -> Values:
        given = settings["kubeconfig"]
        return settings | {"kubeconfig": given if given is UNKNOWN else known[given]}

    found = provider.diff_config(real(olds), real(news))

    assert replaces == [change.path for change in found.changes if change.replaces]
