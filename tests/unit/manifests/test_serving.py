"""What the pods that serve are told, where it is more than a copy of the arguments."""

from typing import Any

import pytest

from components.manifests import Manifest, engine
from components.manifests.storage import weights_name
from tests.unit.manifests.cases import arguments


def pods(case: str, **more: object) -> dict[str, Manifest]:
    """Return the templates of the pods that serve *case*, by their component."""
    spec = engine(arguments(case, **more), "0badcafe")["spec"]
    groups = spec.get("leaderWorkerTemplate", {})
    found = [spec.get("template"), groups.get("leaderTemplate"), groups.get("workerTemplate")]
    return {pod["metadata"]["labels"]["app.kubernetes.io/component"]: pod for pod in found if pod}


def first(case: str, **more: object) -> Manifest:
    """Return the template of the pod that answers."""
    return next(iter(pods(case, **more).values()))


def container(pod: Manifest, name: str = "engine") -> Manifest:
    """Return the container called *name*."""
    return next(one for one in pod["spec"]["containers"] if one["name"] == name)


def value(pod: Manifest, flag: str) -> str:
    """Return what the engine is told with *flag*."""
    command = container(pod)["command"]
    return str(command[command.index(flag) + 1])


@pytest.mark.parametrize("case", ["qwq_32b_on_h20", "r1_on_h20", "elastic_keda"])
def test_engine_is_reached_through_the_gate_only(case: str) -> None:
    """The engine listens on the pod's loopback, where the gate and the probes look for it."""
    pod = first(case)
    environment = {one["name"]: one.get("value") for one in container(pod)["env"]}
    gate = {one["name"]: one.get("value") for one in container(pod, "gate")["env"]}
    assert "127.0.0.1" == value(pod, "--host")
    assert value(pod, "--port") == environment["LLM_ENGINE_PORT"]
    assert f"127.0.0.1:{environment['LLM_ENGINE_PORT']}" == gate["GATE_ENGINE"]


def test_pods_of_a_group_find_their_leader_and_their_place() -> None:
    """Each pod of a group is told the leader's name and its own rank by Kubernetes, and its own address."""
    both = pods("r1_on_h20")
    ranks = {component: value(pod, "--node-rank") for component, pod in both.items()}
    fields = {
        one["name"]: one["valueFrom"]["fieldRef"]["fieldPath"]
        for one in container(both["worker"])["env"]
        if "valueFrom" in one
    }
    assert {"$(LWS_LEADER_ADDRESS)"} == {value(pod, "--master-addr") for pod in both.values()}
    assert {"leader": "0", "worker": "$(LLM_NODE_RANK)"} == ranks
    assert {
        "VLLM_HOST_IP": "status.podIP",
        "LLM_NODE_RANK": "metadata.labels['leaderworkerset.sigs.k8s.io/worker-index']",
    } == fields


def test_kubernetes_expands_nothing_of_the_users() -> None:
    """A dollar in an argument of the user's reaches the engine as it is."""
    extra = ["--override-generation-config", '{"stop": "$(HOME) $$ $"}']
    command = container(first("qwq_32b_on_h20", extraEngineArgs=extra))["command"]
    assert ["--override-generation-config", '{"stop": "$$(HOME) $$$$ $$"}'] == command[-2:]


@pytest.mark.parametrize("case", ["qwq_32b_on_h20", "r1_on_h20"])
def test_a_start_may_take_as_long_as_the_weights_need(case: str) -> None:
    """The startup probe gives up, and a rollout counts as failed, only after the time the model may take to load."""
    limit = arguments(case).startup_minutes * 60
    probe = container(first(case))["startupProbe"]
    assert limit <= probe["failureThreshold"] * probe["periodSeconds"] < limit + 60


def test_the_autoscaler_owns_the_number_of_replicas() -> None:
    """An elastic endpoint names no number, so that a deployment does not undo what the autoscaler did."""
    assert "replicas" not in engine(arguments("elastic_keda"), "0badcafe")["spec"]
    assert 3 == engine(arguments("qwq_32b_on_h20", replicas=3), "0badcafe")["spec"]["replicas"]


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"replicas": 4}, True),
        ({"fluidWorkers": 3, "fluidQuotaGib": 68}, True),
        ({"fluidQuotaGib": 80}, False),
        ({"fluidEnabled": False}, False),
        ({"weightsRevision": "v1.1"}, False),
        ({"ossBucket": "another-bucket"}, False),
        ({"ossPrefix": "models/qwq"}, False),
        ({"model": "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B"}, False),
    ],
)
def test_other_weights_have_another_name(change: dict[str, Any], same: bool) -> None:  # noqa: FBT001
    """Other weights, or a cache of another size, come beside those that pods still use; more of the same does not."""
    before, after = arguments("qwq_32b_on_h20"), arguments("qwq_32b_on_h20", **change)
    assert same == (weights_name(before, "oss") == weights_name(after, "oss"))


def test_a_rotated_secret_makes_other_pods() -> None:
    """The template of the pods that read the secrets differs with their edition, the others' does not."""
    editions = [engine(arguments("r1_on_h20"), edition)["spec"]["leaderWorkerTemplate"] for edition in "ab"]
    assert editions[0]["leaderTemplate"] != editions[1]["leaderTemplate"]
    assert editions[0]["workerTemplate"] == editions[1]["workerTemplate"]
