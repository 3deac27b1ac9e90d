"""LeaderWorkerSets: groups that start, fail and are updated as one."""

import pytest

from scripts.localcloud.kubernetes.controllers.status import is_going
from scripts.localcloud.kubernetes.objects import Manifest
from tests.localcloud.kubernetes.controllers.cluster import SPACE, Cluster

SET = """
apiVersion: leaderworkerset.x-k8s.io/v1
kind: LeaderWorkerSet
metadata: {{name: r1}}
spec:
  replicas: {replicas}
  {more}
  rolloutStrategy: {{rollingUpdateConfiguration: {rolling}}}
  leaderWorkerTemplate:
    size: 2
    {policy}
    leaderTemplate:
      metadata: {{labels: {{role: leader}}}}
      spec: {{containers: [{{name: engine, image: "sglang:1"}}, {{name: gate, image: caddy}}]}}
    workerTemplate:
      metadata: {{labels: {{role: worker}}}}
      spec:
        containers:
        - {{name: engine, image: "sglang:1", env: [{{name: LWS_GROUP_SIZE, value: "9"}}, {{name: A, value: b}}]}}
"""


def grouped(replicas: int = 1, more: str = "", policy: str = "", rolling: str = "{}") -> Cluster:
    """Return a cluster with a set, as soon as it was made."""
    cluster = Cluster()
    cluster.add(SET, replicas=replicas, more=more, policy=policy, rolling=rolling)
    return cluster


def names(cluster: Cluster) -> list[str]:
    """Return the names of the pods that are not being deleted."""
    return sorted(pod["metadata"]["name"] for pod in cluster.pods())


def environment(pod: Manifest) -> dict[str, str]:
    """Return the environment of the first container."""
    return {entry["name"]: entry["value"] for entry in pod["spec"]["containers"][0]["env"]}


def end(cluster: Cluster) -> None:
    """Let the nodes end what is being deleted, while the controllers act."""
    while going := [pod for pod in cluster.contents.all("Pod") if is_going(pod)]:
        pod = next(pod for pod in going if not pod["metadata"].get("finalizers"))
        cluster.contents.drop("Pod", SPACE, pod["metadata"]["name"])
        cluster.act()


def image(cluster: Cluster, wanted: str) -> None:
    """Give the leaders another image."""

    def change(item: Manifest) -> None:
        item["spec"]["leaderWorkerTemplate"]["leaderTemplate"]["spec"]["containers"][0]["image"] = wanted

    cluster.change("LeaderWorkerSet", "r1", change)


def leaders(cluster: Cluster) -> dict[str, str]:
    """Return which image each leader has."""
    return {
        pod["metadata"]["name"]: pod["spec"]["containers"][0]["image"]
        for pod in cluster.pods()
        if pod["metadata"]["labels"]["role"] == "leader"
    }


def test_pods() -> None:
    """A group is a leader and its workers, who know each other by name and by environment."""
    cluster = grouped(replicas=2)

    worker = cluster.get("Pod", "r1-1-1")
    assert ["r1-0", "r1-0-1", "r1-1", "r1-1-1"] == names(cluster)
    assert {
        "LWS_LEADER_ADDRESS": "r1-1.r1.llm",
        "LWS_GROUP_SIZE": "2",
        "LWS_WORKER_INDEX": "1",
        "A": "b",
    } == environment(worker)
    assert ("r1-1-1", "r1") == (worker["spec"]["hostname"], worker["spec"]["subdomain"])
    labels = {name.rpartition("/")[2]: value for name, value in worker["metadata"]["labels"].items()}
    assert ("r1", "1", "1", "worker") == (labels["name"], labels["group-index"], labels["worker-index"], labels["role"])
    assert "r1-1" == worker["metadata"]["annotations"]["leaderworkerset.sigs.k8s.io/leader-name"]
    assert "0" == environment(cluster.get("Pod", "r1-0"))["LWS_WORKER_INDEX"]


@pytest.mark.parametrize(
    ("more", "services", "address"),
    [("", ["r1"], "r1-0.r1.llm"), ("networkConfig: {subdomainPolicy: UniquePerReplica}", ["r1-0"], "r1-0.r1-0.llm")],
)
def test_headless_service(more: str, services: list[str], address: str) -> None:
    """The Service by which a group finds its leader is the set's, or the group's own; it leads to pods early."""
    cluster = grouped(more=more)

    made = cluster.contents.all("Service")
    assert services == [service["metadata"]["name"] for service in made]
    assert ("None", True) == (made[0]["spec"]["clusterIP"], made[0]["spec"]["publishNotReadyAddresses"])
    assert address == environment(cluster.get("Pod", "r1-0"))["LWS_LEADER_ADDRESS"]


def test_service_of_that_name() -> None:
    """A Service that has the set's name already is left alone, and names no leader."""
    cluster = Cluster()
    cluster.add("{apiVersion: v1, kind: Service, metadata: {name: r1}, spec: {clusterIP: 10.0.0.1, ports: []}}")
    cluster.add(SET, replicas=1, more="", policy="", rolling="{}")

    assert ["10.0.0.1"] == [service["spec"]["clusterIP"] for service in cluster.contents.all("Service")]


def test_status() -> None:
    """A set is available when every pod of every group is ready."""
    cluster = grouped()
    cluster.play([cluster.get("Pod", "r1-0")])
    before = cluster.conditions("LeaderWorkerSet", "r1"), cluster.status("LeaderWorkerSet", "r1")["readyReplicas"]
    cluster.play()
    status = cluster.status("LeaderWorkerSet", "r1")

    assert ({"Progressing": ("True", "GroupsProgressing")}, 0) == before
    assert {
        "Progressing": ("False", "GroupsProgressing"),
        "Available": ("True", "AllGroupsReady"),
    } == cluster.conditions("LeaderWorkerSet", "r1")
    assert (1, 1, 1) == (status["replicas"], status["readyReplicas"], status["updatedReplicas"])


def test_leader_first() -> None:
    """With the policy LeaderReady the workers are made when the leader is ready."""
    cluster = grouped(more="startupPolicy: LeaderReady")
    before = names(cluster)
    cluster.play()

    assert (["r1-0"], ["r1-0", "r1-0-1"]) == (before, names(cluster))


@pytest.mark.parametrize(
    ("policy", "again"),
    [
        ("", {"r1-0", "r1-0-1"}),
        ("restartPolicy: RecreateGroupOnPodRestart", {"r1-0", "r1-0-1"}),
        ("restartPolicy: None", set()),
    ],
)
@pytest.mark.parametrize("broken", ["r1-0", "r1-0-1"])
def test_restart(policy: str, again: set[str], broken: str) -> None:
    """A container that was started again ends its whole group, which is made anew; the other group lives on."""
    cluster = grouped(replicas=2, policy=policy)
    cluster.play()
    before = {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in cluster.pods()}

    cluster.play([cluster.get("Pod", broken)], containerStatuses=[{"name": "engine", "restartCount": 1}])
    end(cluster)

    after = {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in cluster.pods()}
    assert again == {name for name in before if before[name] != after[name]}


def test_failed_worker() -> None:
    """A worker whose sandbox is lost takes its group along."""
    cluster = grouped()
    cluster.play()
    before = cluster.get("Pod", "r1-0")["metadata"]["uid"]

    cluster.play([cluster.get("Pod", "r1-0-1")], phase="Failed", ready=False)
    end(cluster)

    assert before != cluster.get("Pod", "r1-0")["metadata"]["uid"]


def test_lost_worker() -> None:
    """A worker that somebody deletes takes its group along; the leader goes after it."""
    cluster = grouped()
    cluster.play()

    cluster.remove("Pod", "r1-0-1")
    going = {pod["metadata"]["name"] for pod in cluster.contents.all("Pod") if is_going(pod)}
    held = cluster.get("Pod", "r1-0")["metadata"]["finalizers"]
    cluster.contents.drop("Pod", SPACE, "r1-0-1")
    cluster.act()
    alone = [pod["metadata"]["name"] for pod in cluster.contents.all("Pod")]
    end(cluster)

    assert ({"r1-0", "r1-0-1"}, ["foregroundDeletion"], ["r1-0"]) == (going, held, alone)
    assert ["r1-0", "r1-0-1"] == names(cluster)


@pytest.mark.parametrize(
    ("replicas", "rolling", "steps"),
    [
        (1, "{}", [{}, {"r1-0": "new"}]),
        (2, "{}", [{"r1-0": "old"}, {"r1-0": "old", "r1-1": "new"}, {"r1-1": "new"}, {"r1-0": "new", "r1-1": "new"}]),
        (
            1,
            "{maxSurge: 1, maxUnavailable: 0}",
            [{"r1-0": "old", "r1-1": "new"}, {"r1-1": "new"}, {"r1-0": "new", "r1-1": "new"}, {"r1-0": "new"}],
        ),
        (2, "{maxUnavailable: 100%}", [{}, {"r1-0": "new", "r1-1": "new"}]),
        (2, "{partition: 1}", [{"r1-0": "old"}, {"r1-0": "old", "r1-1": "new"}]),
    ],
)
def test_update(replicas: int, rolling: str, steps: list[dict[str, str]]) -> None:
    """An update goes from the last group to the first, within its limits."""
    cluster = grouped(replicas, rolling=rolling)
    cluster.play()

    image(cluster, "new")
    seen = [leaders(cluster)]
    for _ in range(8):
        end(cluster)
        seen.append(leaders(cluster))
        cluster.play()
        seen.append(leaders(cluster))

    told = [{name: found.replace("sglang:1", "old") for name, found in each.items()} for each in seen]
    assert steps == [each for number, each in enumerate(told) if number == 0 or each != told[number - 1]]


def test_broken_group_is_updated() -> None:
    """A group that is not ready is replaced whatever the limits say: nothing is lost with it."""
    cluster = grouped(rolling="{maxSurge: 0, maxUnavailable: 1}", replicas=2)
    cluster.play(ready=False)

    image(cluster, "new")
    end(cluster)

    assert {"r1-0": "new", "r1-1": "new"} == leaders(cluster)


def test_scale() -> None:
    """Fewer replicas end the last groups; a change of their number replaces nobody."""
    cluster = grouped(2)
    cluster.play()
    kept = cluster.get("Pod", "r1-0")["metadata"]["uid"]

    cluster.change("LeaderWorkerSet", "r1", lambda item: item["spec"].update(replicas=1))
    end(cluster)

    assert ["r1-0", "r1-0-1"] == names(cluster)
    assert kept == cluster.get("Pod", "r1-0")["metadata"]["uid"]


def test_deletion() -> None:
    """Deleting the set leaves nothing of it."""
    cluster = grouped(2, more="networkConfig: {subdomainPolicy: UniquePerReplica}")
    cluster.play()

    cluster.remove("LeaderWorkerSet", "r1", foreground=True)
    end(cluster)

    assert [] == cluster.kinds()
