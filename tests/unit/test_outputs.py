"""What a stack reads from a component: its address, its network, the ids of what it made."""

from collections.abc import Callable
from pathlib import Path

import pulumi_alicloud as alicloud
import pytest

from components import (
    AcsLlmCluster,
    AcsLlmClusterArgs,
    DualEcsRayLlm,
    DualEcsRayLlmArgs,
    SingleEcsLlm,
    SingleEcsLlmArgs,
)
from components.endpoint import Endpoint, output_kinds
from scripts.localcloud.cloud import Cloud
from scripts.localcloud.values import UNKNOWN
from tests.clusters import theirs
from tests.localcloud.cloud.world import RecordedControlPlanes
from tests.preview import Preview

ENDPOINT = {"endpoint", "apiKey", "model", "address", "vpcId", "vswitchId", "securityGroupId", "cost"}
ZONE = {"zone_id": "cn-hangzhou-i"}
OWN = {"vpc_id": "vpc-1", "vswitch_id": "vsw-1", "security_group_id": "sg-1", "private_allowed_cidrs": ("10.0.0.0/8",)}
IN_A_CLUSTER = ZONE | {"private_allowed_cidrs": ("10.0.0.0/8",)}
KUBECONFIG = "apiVersion: v1\nkind: Config\nclusters: []\nusers: []\ncontexts: []\n"


def single(**given: object) -> Callable[[], Endpoint]:
    """Return a program with one machine."""
    return lambda: SingleEcsLlm("llm", SingleEcsLlmArgs.from_config(ZONE | given))


def pair(**given: object) -> Callable[[], Endpoint]:
    """Return a program with two machines."""
    image = {"system_image_id": "m-uefi"}
    return lambda: DualEcsRayLlm("llm", DualEcsRayLlmArgs.from_config(ZONE | image | given))


def cluster(**given: object) -> Callable[[], Endpoint]:
    """Return a program with a cluster."""
    return lambda: AcsLlmCluster("llm", AcsLlmClusterArgs.from_config(ZONE | given))


@pytest.mark.parametrize(
    ("program", "more"),
    [
        (single(), {"instanceId", "weightsDiskId"}),
        (pair(), {"instanceIds", "weightsDiskIds", "nodesSecurityGroupId"}),
        (cluster(api_access="private"), {"clusterId", "kubeconfig", "bucket", "namespace"}),
    ],
)
def test_every_output_is_registered(preview: Preview, program: Callable[[], Endpoint], more: set[str]) -> None:
    """A stack of any language finds them all, and the secret ones are marked so."""
    seen = preview(program)
    found = seen.resources["llm"]

    assert seen.good, seen.said
    assert ENDPOINT | more == set(found.outputs)
    assert {"apiKey", "kubeconfig"} & set(found.outputs) == found.secret & set(found.outputs)


@pytest.mark.parametrize("component", [SingleEcsLlm, DualEcsRayLlm, AcsLlmCluster])
def test_outputs_are_annotated_with_plain_types(component: type[Endpoint]) -> None:
    """Loading an annotation loads no SDK."""
    assert all(
        "alicloud" not in str(kind) and "kubernetes" not in str(kind) for kind in output_kinds(component).values()
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (OWN, {"vpcId": "vpc-1", "vswitchId": "vsw-1", "securityGroupId": "sg-1"}),
        ({k: v for k, v in OWN.items() if k != "vpc_id"}, {"vpcId": None, "vswitchId": "vsw-1"}),
        ({}, {"vpcId": UNKNOWN, "vswitchId": UNKNOWN, "securityGroupId": UNKNOWN, "address": UNKNOWN}),
        ({}, {"model": "Qwen/Qwen3-8B"}),
    ],
)
def test_ids_are_the_users_own_or_those_made(
    preview: Preview, given: dict[str, object], expected: dict[str, object]
) -> None:
    """What was given comes out as it went in; what nobody named is none; what is made is known after `up`."""
    found = preview(single(**given)).resources["llm"].outputs

    assert expected == {name: found.get(name) for name in expected}


def test_a_cluster_of_ones_own_is_known_by_its_id(preview: Preview, tmp_path: Path) -> None:
    """Its network is looked up with it; with a kubeconfig alone nothing is."""
    cluster_id = theirs(Cloud(tmp_path, control_planes=RecordedControlPlanes()))
    found = preview(cluster(cluster_id=cluster_id, **IN_A_CLUSTER)).resources["llm"].outputs

    assert cluster_id == found["clusterId"]
    assert str(found["vpcId"]).startswith("vpc-")
    assert str(found["securityGroupId"]).startswith("sg-")
    assert "vswitchId" not in found

    bucket = {"oss_access": "access-key", "weights_source": "oss", "oss_bucket": "acme-models"}
    named = preview(cluster(kubeconfig=KUBECONFIG, **IN_A_CLUSTER, **bucket)).resources["llm"].outputs

    assert ("acme-models", "llm") == (named["bucket"], named["namespace"])
    assert not {"clusterId", "vpcId", "vswitchId", "securityGroupId"} & set(named)


def test_what_was_given_keeps_nobody_waiting(preview: Preview) -> None:
    """Whoever takes the VPC that the user named does not wait for the machine in it."""

    def program() -> None:
        endpoint = SingleEcsLlm("llm", SingleEcsLlmArgs.from_config(ZONE | OWN))
        alicloud.vpc.Switch("next", vpc_id=endpoint.vpc_id, cidr_block="10.0.1.0/24", zone_id="cn-hangzhou-i")

    seen = preview(program)

    assert ("vpc-1", []) == (seen.inputs("next")["vpcId"], list(seen.options("next").dependencies))
