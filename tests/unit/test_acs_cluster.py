"""The resources of `AcsLlmCluster`: the cluster, what it may reach, what is put inside."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pulumi
import pytest

from components import AcsLlmCluster, AcsLlmClusterArgs
from components.acs.api_access import load_balancer_behind_list
from scripts.localcloud.cloud import Cloud
from tests.clusters import theirs
from tests.localcloud.cloud.world import RecordedControlPlanes
from tests.preview import Preview, Seen

ROOT = Path(__file__).parents[2]
GIVEN = {"zone_id": "cn-hangzhou-i", "api_access": "private"}
OWN = {"zone_id": "cn-hangzhou-i", "private_allowed_cidrs": ("10.0.0.0/8",)}
PRIVATE = {"10-0-0-0-8", "100-64-0-0-10", "172-16-0-0-12", "192-168-0-0-16"}
MADE = {
    "llm-api-acl",
    *(f"llm-api-allow-{network}" for network in PRIVATE),
    "llm-api-allow-list",
    "llm-cluster",
    "llm-nat",
    "llm-nat-eip",
    "llm-nat-eip-association",
    "llm-snat",
    "llm-vpc",
    "llm-vswitch",
}
BUCKET = {"llm-bucket", "llm-bucket-encryption", "llm-bucket-private", "llm-bucket-suffix"}
READER = {f"llm-weights-reader{part}" for part in ("", "-policy", "-policy-attachment")}
WRITER = {f"llm-weights-writer{part}" for part in ("", "-policy", "-policy-attachment")}
USER = {f"llm-weights-user{part}" for part in ("", "-key", "-policy", "-policy-attachment")}
STAGED = {"llm-stage", "llm-stage-account"}
CACHED = {"llm-ack-fluid", "llm-cache", "llm-cached", "llm-dataset", "llm-load"}
SERVED = {
    "llm",
    "llm-dev",
    "llm-disruption-budget",
    "llm-engine",
    "llm-engine-account",
    "llm-files",
    "llm-generated-key",
    "llm-keys",
    "llm-kubernetes",
    "llm-namespace",
    "llm-oss-claim",
    "llm-oss-volume",
    "llm-private-acl",
    "llm-private-allow-10-0-0-0-16",
    "llm-private-service",
    "llm-ready",
    "llm-secrets-edition",
    "llm-watch-account",
    "llm-watch-binding",
    "llm-watch-role",
}
FENCE = {"llm-replicas", *(f"llm-replicas-gate-{network}" for network in ("10-0-0-0-16", "100-64-0-0-10"))}
ALL = MADE | BUCKET | READER | WRITER | STAGED | CACHED | SERVED
OSS = {"weights_source": "oss", "oss_bucket": "acme-models"}


def endpoint(**given: object) -> Callable[[], AcsLlmCluster]:
    """Return a program with one endpoint."""
    return lambda: AcsLlmCluster("llm", AcsLlmClusterArgs.from_config(given))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ALL),
        ({"api_access": "public", "api_allowed_cidrs": ("203.0.113.7/32",)},
         ALL | {"llm-api-eip", "llm-api-eip-association", "llm-api-allow-203-0-113-7-32"}),
        ({"fluid_enabled": False}, ALL - CACHED),
        ({"fluid_install": "none"}, ALL - {"llm-ack-fluid"}),
        (OSS, ALL - BUCKET - WRITER - STAGED),
        ({"oss_access": "access-key"}, (ALL - READER - WRITER) | USER | {"llm-oss-keys"}),
        ({"model": "deepseek-ai/DeepSeek-R1"}, ALL | FENCE | {"llm-lws", "llm-network-policy"}),
        ({"max_replicas": 3}, ALL | {"llm-autoscaler"}),
        ({"benchmark": True}, ALL | {"llm-benchmark"}),
        ({"public_allowed_cidrs": ("203.0.113.0/24",)},
         ALL | {"llm-public-acl", "llm-public-allow-203-0-113-0-24", "llm-public-service"}),
        ({"create_nat_gateway": False}, ALL - {"llm-nat", "llm-nat-eip", "llm-nat-eip-association", "llm-snat"}),
    ],
)  # fmt: skip
def test_only_what_is_needed_is_created(preview: Preview, given: dict[str, object], expected: set[str]) -> None:
    """Every resource is there for a reason."""
    seen = preview(endpoint(**GIVEN | given))

    assert seen.good, seen.said
    assert expected == set(seen.resources)


def test_the_cluster_is_closed_and_knows_its_accounts(preview: Preview) -> None:
    """No public API and no NAT of its own, RRSA on, no administrator's key in the state, nothing left behind."""
    seen = preview(endpoint(**GIVEN))
    cluster = seen.inputs("llm-cluster")

    assert ("Acs", True, False, False) == tuple(
        cluster[name] for name in ("profile", "enableRrsa", "slbInternetEnabled", "newNatGateway")
    )
    assert cluster["skipSetCertificateAuthority"]
    assert {"delete"} == {option["deleteMode"] for option in cluster["deleteOptions"]}


def urn(seen: Seen, name: str) -> str:
    """Return the URN of the resource called *name*."""
    return str(seen.resources[name].urn)


def test_what_is_inside_goes_with_the_cluster_and_knows_no_other(preview: Preview) -> None:
    """Each Kubernetes object has the provider made here, and is not deleted one by one."""
    seen = preview(endpoint(**GIVEN))
    inside = [name for name in seen.resources if seen.options(name).type.startswith("kubernetes:")]

    assert len(inside) >= 20
    for name in inside:
        options = seen.options(name)
        assert urn(seen, "llm-kubernetes") in options.provider, name
        assert urn(seen, "llm-cluster") == options.deletedWith, name


def test_pods_wait_for_their_weights_and_the_job_for_the_pods(preview: Preview) -> None:
    """Staging, then the cache, then GPUs are rented; the endpoint is known when a completion succeeded."""
    seen = preview(endpoint(**GIVEN))

    def waits(name: str) -> set[str]:
        return {one.split("::")[-1] for one in seen.options(name).dependencies}

    assert "llm-stage" in waits("llm-dataset")
    assert "llm-load" in waits("llm-cached")
    assert {"llm-cached", "llm-private-service"} <= waits("llm-engine")
    assert "llm-engine" in waits("llm-ready")


def test_a_group_hears_callers_at_its_gate_alone(preview: Preview) -> None:
    """Pods of a replica trust each other; others reach the gate, and with an autoscaler the counters."""
    seen = preview(endpoint(**GIVEN, model="deepseek-ai/DeepSeek-R1", max_replicas=2))
    ports = {
        (seen.inputs(name)["portRange"], seen.inputs(name)["cidrIp"])
        for name in seen.resources
        if name.startswith("llm-replicas-")
    }

    assert seen.inputs("llm-replicas")["innerAccessPolicy"] == "Accept"
    assert {("8000/8000", "10.0.0.0/16"), ("8000/8000", "100.64.0.0/10"), ("9000/9000", "10.0.0.0/16")} == ports


def test_what_pods_use_outlives_the_cluster(preview: Preview) -> None:
    """A list on a load balancer and a group of a pod cannot be deleted before the cluster has taken both along."""
    seen = preview(endpoint(**GIVEN, model="deepseek-ai/DeepSeek-R1"))
    before = {one.split("::")[-1] for one in seen.options("llm-cluster").dependencies}

    assert {"llm-api-acl", "llm-private-acl", "llm-replicas"} <= before


def test_the_api_stays_private_without_its_list() -> None:
    """An execution that failed is not taken for one that ended."""
    assert load_balancer_behind_list("lb-1", "Success", "") == "lb-1"
    with pytest.raises(pulumi.RunError, match=r"the cluster's API stays private: .* \(Failed: no such list\)"):
        load_balancer_behind_list("lb-1", "Failed", "no such list")


def test_each_role_is_of_one_account_and_one_folder(preview: Preview) -> None:
    """A reader that only reads; only the staging Job writes."""
    policies = {
        name: json.loads(preview(endpoint(**GIVEN | OSS | more)).inputs(name)["policyDocument"])
        for name, more in {
            "llm-weights-reader-policy": {},
            "llm-weights-user-policy": {"oss_access": "access-key"},
        }.items()
    }
    for policy in policies.values():
        actions = {action for statement in policy["Statement"] for action in statement["Action"]}
        folders = {resource for statement in policy["Statement"] for resource in statement["Resource"]}
        assert {"oss:GetObject", "oss:ListObjects"} == actions
        assert {"acs:oss:*:*:acme-models/Qwen/QwQ-32B/*", "acs:oss:*:*:acme-models"} == folders


@pytest.fixture
def existing(tmp_path: Path) -> Callable[..., str]:
    """Return a maker of clusters that somebody else has."""
    return lambda **given: theirs(Cloud(tmp_path, control_planes=RecordedControlPlanes()), **given)


def test_an_existing_cluster_is_used_as_it_is(preview: Preview, existing: Callable[..., str]) -> None:
    """Nothing of it is made or changed; its service accounts are trusted, its objects are not tied to its life."""
    cluster_id = existing()
    seen = preview(endpoint(**OWN, cluster_id=cluster_id))
    provider = seen.inputs("llm-kubernetes")

    assert seen.good, seen.said
    assert cluster_id == provider["clusterIdentifier"]
    assert ("true", "true") == (provider["enableSecretMutable"], provider["enableConfigMapMutable"])
    assert not MADE & set(seen.resources)
    assert READER | WRITER <= set(seen.resources)
    assert "ack-rrsa-" in seen.inputs("llm-weights-reader")["assumeRolePolicyDocument"]
    assert "" == seen.options("llm-engine").deletedWith


@pytest.mark.parametrize(
    ("theirs", "sentence"),
    [
        ({"profile": "Default"}, "is no ACS cluster of cn-hangzhou in this account. Give one of profile 'Acs', or "),
        ({"enableRrsa": False}, "clusterId: the cluster has RRSA off, and ossAccess 'rrsa' needs it. Turn it on "),
    ],
)
def test_a_cluster_that_cannot_be_used_is_refused_in_preview(
    preview: Preview, existing: Callable[..., str], theirs: dict[str, object], sentence: str
) -> None:
    """Another profile, or service accounts that RAM does not know, are named before anything is made in it."""
    seen = preview(endpoint(**OWN, cluster_id=existing(**theirs)))

    assert not seen.good
    assert sentence in seen.said


def test_a_kubeconfig_is_a_secret_and_nothing_is_looked_up(preview: Preview) -> None:
    """The cluster is the kubeconfig's, whatever cloud it is in; the kubeconfig is marked as a secret."""
    text = "apiVersion: v1\nkind: Config\nclusters: []\nusers: []\ncontexts: []\n"
    given = {"kubeconfig": text, "oss_access": "access-key", **OSS}
    seen = preview(endpoint(**OWN, **given))
    provider = seen.resources["llm-kubernetes"]

    assert seen.good, seen.said
    assert "llm-cluster" not in seen.resources
    assert "kubeconfig" in provider.secret
    assert "kubeconfig" not in seen.inputs("llm")


def test_another_region_than_the_providers_is_refused(preview: Preview) -> None:
    """A zone elsewhere is named before anything is registered."""
    seen = preview(endpoint(**GIVEN | {"zone_id": "cn-beijing-k"}))

    assert "zoneId: 'cn-beijing-k' lies in cn-beijing, and alicloud:region is 'cn-hangzhou'." in seen.said
    assert {"llm-dev"} == set(seen.resources)


def test_two_of_a_kind_live_in_one_stack(preview: Preview) -> None:
    """Neither names nor objects of two endpoints collide."""

    def program() -> None:
        for name, space in (("chat", "llm"), ("code", "llm-code")):
            AcsLlmCluster(name, AcsLlmClusterArgs.from_config(GIVEN | {"namespace": space}))

    seen = preview(program)

    assert seen.good, seen.said
    assert {"chat-engine", "code-engine"} <= set(seen.resources)


@pytest.mark.parametrize(("topology", "loads"), [("single-ecs", False), ("acs-cluster", True)])
def test_only_a_cluster_loads_the_kubernetes_sdk(topology: str, loads: bool) -> None:  # noqa: FBT001 - a table
    """A stack of machines pays nothing for clusters."""
    program = f"""
import json, sys
import pulumi
from components.topologies import load
pulumi.runtime.set_all_config({{"llm:topology": "{topology}"}})
load(pulumi.Config("llm"))
print(json.dumps(["pulumi_kubernetes" in sys.modules, "components.manifests" in sys.modules]))
"""
    shown = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)

    assert [loads, loads] == json.loads(shown.stdout)
