"""The resources of `DualEcsRayLlm`: two machines, what joins them, who reads which secret."""

import json
from collections.abc import Callable

import pytest

from components import DualEcsRayLlm, DualEcsRayLlmArgs
from tests.preview import Preview

GIVEN = {"zone_id": "cn-hangzhou-i", "system_image_id": "m-uefiuefiuefiuefi"}
RAY = {"launcher": "ray", "engine_image": "acme.example.com/llm/vllm-ray:v0.32.0-ray2.60.0"}
SHARED = {
    "llm",
    "llm-allow-10-0-0-0-16",
    "llm-api-key",
    "llm-deployment-set",
    "llm-dev",
    "llm-generated-key",
    "llm-nat",
    "llm-nat-eip",
    "llm-nat-eip-association",
    "llm-nodes",
    "llm-nodes-trust-each-other",
    "llm-ready",
    "llm-ready-command",
    "llm-secrets-edition",
    "llm-security-group",
    "llm-snat",
    "llm-vpc",
    "llm-vswitch",
}
ROLE = {"policy", "role", "role-attachment", "role-policy"}
NODE = {"instance", "weights", "weights-attachment"}
HEAD = {f"llm-head-{part}" for part in NODE | ROLE}
WORKER = {f"llm-worker-{part}" for part in NODE}
WORKER_ROLE = {f"llm-worker-{part}" for part in ROLE}
OSS = {"weights_source": "oss", "oss_bucket": "acme-models"}


def endpoint(**given: object) -> Callable[[], DualEcsRayLlm]:
    """Return a program with one pair."""
    return lambda: DualEcsRayLlm("llm", DualEcsRayLlmArgs.from_config(GIVEN | given))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, SHARED | HEAD | WORKER),
        ({"interconnect": "tcp"}, SHARED | HEAD | WORKER),
        ({"spot_strategy": "SpotAsPriceGo"}, (SHARED | HEAD | WORKER) - {"llm-deployment-set"}),
        (RAY, SHARED | HEAD | WORKER | WORKER_ROLE | {"llm-ray-token", "llm-generated-ray-token"}),
        (OSS, SHARED | HEAD | WORKER | WORKER_ROLE),
        (
            {"public_allowed_cidrs": ("203.0.113.0/24",)},
            SHARED | HEAD | WORKER | {"llm-eip", "llm-eip-association", "llm-allow-203-0-113-0-24"},
        ),
    ],
)
def test_only_what_is_needed_is_created(preview: Preview, given: dict[str, object], expected: set[str]) -> None:
    """Every resource is there for a reason; a worker that reads nothing has no role."""
    seen = preview(endpoint(**given))

    assert seen.good, seen.said
    assert expected == set(seen.resources)


def test_both_machines_stand_together(preview: Preview) -> None:
    """One type, one zone, one LowLatency deployment set, jumbo frames, and eRDMA on every network card."""
    seen = preview(endpoint())
    head, worker = (seen.inputs(f"llm-{node}-instance") for node in ("head", "worker"))

    assert seen.inputs("llm-deployment-set")["strategy"] == "LowLatency"
    for name in ("instanceType", "availabilityZone", "imageId", "enableJumboFrame", "networkInterfaceTrafficMode"):
        assert head[name] == worker[name]
    assert (True, "HighPerformance") == (head["enableJumboFrame"], head["networkInterfaceTrafficMode"])
    second = worker["networkInterfaces"]
    assert ("HighPerformance", 1) == (second["networkInterfaceTrafficMode"], second["networkCardIndex"])


def test_without_rdma_there_is_one_plain_interface(preview: Preview) -> None:
    """TCP needs neither the mode nor a second interface."""
    head = preview(endpoint(interconnect="tcp")).inputs("llm-head-instance")

    assert not head.get("networkInterfaceTrafficMode")
    assert not head.get("networkInterfaces")


def test_the_nodes_trust_only_each_other(preview: Preview) -> None:
    """Everything is open between the members of a group of their own; the endpoint's group stays closed."""
    seen = preview(endpoint())
    rule = seen.inputs("llm-nodes-trust-each-other")

    assert ("ingress", "all", "-1/-1") == (rule["type"], rule["ipProtocol"], rule["portRange"])
    assert not rule.get("cidrIp")
    assert ["Accept", "Drop"] == [
        seen.inputs(name)["innerAccessPolicy"] for name in ("llm-nodes", "llm-security-group")
    ]


@pytest.mark.parametrize(
    ("given", "node", "expected"),
    [
        ({}, "head", ["llm-llm-dev-llm-api-key"]),
        (RAY, "head", ["llm-llm-dev-llm-api-key", "llm-llm-dev-llm-ray-token"]),
        (RAY, "worker", ["llm-llm-dev-llm-ray-token"]),
    ],
)
def test_each_node_reads_its_own_secrets(
    preview: Preview, given: dict[str, object], node: str, expected: list[str]
) -> None:
    """The gate's key is for the head alone, Ray's token for both."""
    policy = json.loads(str(preview(endpoint(**given)).inputs(f"llm-{node}-policy")["policyDocument"]))
    names = [one.rpartition("/")[2] for one in policy["Statement"][0]["Resource"]]

    assert expected == names


def test_the_worker_knows_the_head(preview: Preview) -> None:
    """The head's user data is plain in a preview; the worker's waits for the head's address."""
    seen = preview(endpoint())
    head = str(seen.inputs("llm-head-instance")["userData"])

    assert "LLM_NODE_RANK=0\n" in head
    assert "@HEAD@" in head
    names = {urn.split("::")[-1] for urn in seen.options("llm-worker-instance").dependencies}
    assert "llm-head-instance" in names


def test_up_waits_for_both(preview: Preview) -> None:
    """The wait for an answer runs on the head and begins when both machines have all that is joined to them."""
    seen = preview(endpoint())
    names = {urn.split("::")[-1] for urn in seen.options("llm-ready").dependencies}

    assert {"llm-worker-weights-attachment", "llm-nodes-trust-each-other"} <= names


def test_a_reviewer_reads_how_they_are_joined(preview: Preview) -> None:
    """The preview says what joins the nodes and who else is let in."""
    said = preview(endpoint()).said

    assert "2 x ecs.ebmgn8v.48xlarge in one LowLatency deployment set of zone cn-hangzhou-i, launcher native" in said
    assert "eRDMA, 2 interfaces each, MTU 8500; every port between them is open to each other and to nobody" in said
    assert "TCP sockets, no RDMA" in preview(endpoint(interconnect="tcp")).said


def test_hours_of_transfer_are_said_before_they_are_paid(preview: Preview) -> None:
    """Weights of this size through a public address take hours of both machines' rent; from a bucket they do not."""
    assert (
        "SLOW: 1,377 GB of weights need 15 hours at 200 Mbit/s, with both machines billed" in preview(endpoint()).said
    )
    assert "SLOW" not in preview(endpoint(**OSS)).said
