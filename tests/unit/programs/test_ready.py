"""How the job that waits for the endpoint ends."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.programs.fake_engine import FakeEngine
from tests.unit.programs.fake_kube import DEPLOYMENT, GROUPS, TOKEN, FakeKube, Manifest, container, pod, warning
from tests.unit.userdata.fake_cloud import serving
from tests.unit.userdata.programs import loopback, program, web

KEY = "sk-test"
EXIT = {"exitCode": 1, "reason": "Error"}
KILLED = {"exitCode": 137, "reason": "OOMKilled"}
SERVING = container(ready=True)


@pytest.fixture
def kube() -> Iterator[FakeKube]:
    """Run an API with a Deployment of two replicas that serve."""
    with serving(FakeKube()) as server:
        server.objects[DEPLOYMENT] = deployment()
        yield server


@pytest.fixture
def gate() -> Iterator[FakeEngine]:
    """Run what clients reach."""
    with serving(FakeEngine()) as server:
        server.key = KEY
        yield server


def deployment(replicas: int = 2, updated: int = 2, available: int = 2, **status: Any) -> Manifest:  # noqa: ANN401
    """Return a Deployment of generation 3 with these counters."""
    counters = {"replicas": replicas, "updatedReplicas": updated, "availableReplicas": available}
    return {"metadata": {"generation": 3}, "status": {"observedGeneration": 3, **counters, **status}}


def ready(
    kube: FakeKube, gate: FakeEngine, folder: Path, limit: int = 60, patience: float = 60, *, kind: str = "Deployment"
) -> str:
    """Run the program; return what it says."""
    (folder / "token").write_text(TOKEN)
    (folder / "api_key").write_text(KEY)
    settings = {
        "LLM_KIND": kind,
        "LLM_NAME": "r1",
        "LLM_NAMESPACE": "llm",
        "LLM_MODEL": "org/m",
        "LLM_REPLICAS": "2",
        "LLM_URL": "http://10.0.0.9:8000",
        "LLM_LIMIT_SECONDS": str(limit),
    }

    def connect(scheme: str, host: str) -> Any:  # noqa: ANN401
        api = host == "kubernetes.default.svc"
        return loopback(kube.server_port if api else gate.server_port, timeout=0.5)(scheme, host)

    with web(connect) as http:
        api = program("kube").Kube(http, "llm", str(folder))
        return str(program("ready").main(settings, http, api, str(folder), pause=0.01, patience=patience))


def failure(
    kube: FakeKube, gate: FakeEngine, folder: Path, limit: int = 60, patience: float = 60, *, kind: str = "Deployment"
) -> str:
    """Return why it gives up."""
    with pytest.raises(program("cloud").FatalError) as caught:
        ready(kube, gate, folder, limit, patience, kind=kind)
    return str(caught.value)


def test_serves(kube: FakeKube, gate: FakeEngine, tmp_path: Path) -> None:
    """All replicas are there, a completion passes with the key, and none without."""
    said = ready(kube, gate, tmp_path)

    assert said == "org/m completed one token through http://10.0.0.9:8000, and none without the key"
    assert 1 == len(gate.asked)


def test_groups_serve(kube: FakeKube, gate: FakeEngine, tmp_path: Path) -> None:
    """Where a replica is several pods, a LeaderWorkerSet tells how many are ready; old ones tell no generation."""
    del kube.objects[DEPLOYMENT]
    status = {"replicas": 2, "updatedReplicas": 2, "readyReplicas": 2}
    kube.objects[GROUPS] = {"metadata": {"generation": 1}, "status": status}

    assert "completed one token" in ready(kube, gate, tmp_path, kind="LeaderWorkerSet")


def test_groups_that_follow_a_deployment(kube: FakeKube, gate: FakeEngine, tmp_path: Path) -> None:
    """While the Deployment that groups replace is still there, and still serves, nobody takes it for them."""
    kube.objects[GROUPS] = {"metadata": {"generation": 1}, "status": {"replicas": 2, "updatedReplicas": 2}}
    kube.pods = [pod("r1-0", container(), labels={"app.kubernetes.io/component": "leader"}), pod("old", SERVING)]

    said = failure(kube, gate, tmp_path, limit=0, kind="LeaderWorkerSet")

    assert said.endswith("0 of 2 replicas serve, 2 are up to date; r1-0: engine is running, not ready")


def test_more_replicas_than_asked(kube: FakeKube, gate: FakeEngine, tmp_path: Path) -> None:
    """With an autoscaler there may be more, of which some still start."""
    kube.objects[DEPLOYMENT] = deployment(5, 5, 3)

    assert "completed one token" in ready(kube, gate, tmp_path)


@pytest.mark.parametrize(
    ("found", "waits"),
    [
        (deployment(observedGeneration=2), "what changed has not been seen yet"),
        ({"metadata": {"generation": 1}}, "0 of 2 replicas serve, 0 are up to date; no pod yet"),
        (deployment(2, 2, 1), "1 of 2 replicas serve, 2 are up to date; new: engine is running, not ready"),
        (deployment(3, 2, 3), "3 of 2 replicas serve, 2 are up to date; new: engine is running, not ready"),
        (deployment(1, 1, 2), "2 of 2 replicas serve, 1 are up to date; new: engine is running, not ready"),
    ],
)
def test_rollout(kube: FakeKube, gate: FakeEngine, tmp_path: Path, found: Manifest, waits: str) -> None:
    """Until the rollout is over it waits, and says at its limit for what; no old replica is taken for a new one."""
    kube.objects[DEPLOYMENT] = found
    kube.pods = [pod("new", container(), SERVING)]

    assert failure(kube, gate, tmp_path, limit=0) == f"not within 0 seconds: {waits}"
    assert [] == gate.asked


UNSCHEDULABLE = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no GU8TF in stock"}


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        ({"conditions": [UNSCHEDULABLE]}, "new cannot be scheduled: no GU8TF in stock"),
        *[
            (
                {"containerStatuses": [container("gate", waiting={"reason": reason, "message": "no such image"})]},
                f"new: gate: {reason}: no such image",
            )
            for reason in ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError")
        ],
        (
            {"initContainerStatuses": [container("fuse", waiting={"reason": "RunContainerError"})]},
            "new: fuse: RunContainerError: ",
        ),
    ],
)
def test_stuck_pod(kube: FakeKube, gate: FakeEngine, tmp_path: Path, status: Manifest, cause: str) -> None:
    """What keeps a pod from running may pass, but not for long."""
    kube.objects[DEPLOYMENT] = deployment(2, 2, 0)
    kube.pods = [pod("new", status=status)]

    assert cause == failure(kube, gate, tmp_path, patience=0)
    assert f"not within 0 seconds: {cause}" == failure(kube, gate, tmp_path, limit=0)


@pytest.mark.parametrize("reason", ["ContainerCreating", "PodInitializing"])
def test_pod_on_its_way(kube: FakeKube, gate: FakeEngine, tmp_path: Path, reason: str) -> None:
    """A pod that is being made has all the time there is."""
    kube.objects[DEPLOYMENT] = deployment(2, 2, 0)
    kube.pods = [pod("new", container(waiting={"reason": reason}))]

    assert failure(kube, gate, tmp_path, limit=0, patience=0).endswith("new: engine is waiting, not ready")


def test_no_pod_can_be_made(kube: FakeKube, gate: FakeEngine, tmp_path: Path) -> None:
    """Where there is no pod, what the cluster said last of whatever makes it is the reason."""
    kube.objects[DEPLOYMENT] = deployment(0, 0, 0)
    kube.events = [
        warning("r1-5f", "admission webhook denied: 3 GPUs", 5),
        warning("r1-5f", "quota", 4),
        warning("other", "not ours", 6),
        {**warning("r1", "all is well", 7), "type": "Normal"},
    ]

    assert failure(kube, gate, tmp_path, patience=0) == "there is no pod of r1: admission webhook denied: 3 GPUs"


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        ({}, "new is Pending: no room for its volume"),
        ({"phase": "Failed", "reason": "Evicted", "message": "disk full"}, "new is Failed: disk full"),
    ],
)
def test_pod_without_containers(kube: FakeKube, gate: FakeEngine, tmp_path: Path, status: Manifest, cause: str) -> None:
    """So it is where no container has begun."""
    kube.objects[DEPLOYMENT] = deployment(2, 2, 0)
    kube.pods = [pod("new", status=status)]
    kube.events = [warning("new", "no room for its volume")]

    assert failure(kube, gate, tmp_path, limit=0).endswith(f"up to date; {cause}")


def test_trouble_that_passes(
    kube: FakeKube, gate: FakeEngine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What passes in time is in the log alone, once."""
    kube.busy = 3
    kube.objects[DEPLOYMENT] = deployment(2, 2, 0)
    stuck, fine = [pod("new", status={"conditions": [UNSCHEDULABLE]})], [pod("new", SERVING)]
    kube.looks = [stuck, stuck, Serving(kube, fine)]

    assert "completed one token" in ready(kube, gate, tmp_path)
    assert capsys.readouterr().out.count("no GU8TF in stock") == 1


class Serving(list[Manifest]):
    """Pods after whose look the Deployment serves."""

    def __init__(self, kube: FakeKube, pods: list[Manifest]) -> None:
        super().__init__(pods)
        self._kube = kube

    def __iter__(self) -> Iterator[Manifest]:
        """Return the pods, and let the Deployment serve."""
        self._kube.objects[DEPLOYMENT] = deployment()
        return super().__iter__()


def test_crash_loop(kube: FakeKube, gate: FakeEngine, tmp_path: Path) -> None:
    """A container that ended three times is given up, with its exit and its last lines."""
    kube.objects[DEPLOYMENT] = deployment(2, 2, 1)
    waiting = {"reason": "CrashLoopBackOff", "message": "back-off 40s"}
    kube.pods = [pod("old", SERVING), pod("new", SERVING, container(restarts=3, waiting=waiting, last=EXIT))]
    kube.logs["new", "engine", True] = "".join(f"line {number}\n" for number in range(50)) + "CUDA out of memory\n"

    said = failure(kube, gate, tmp_path)

    assert said.startswith("new: engine ended (code 1, Error); restarts: 3; its last lines:\nline 31\n")
    assert said.endswith("line 49\nCUDA out of memory")


def test_last_words_fit(kube: FakeKube, gate: FakeEngine, tmp_path: Path) -> None:
    """Of long lines the end is kept, so that all of it fits into a termination message."""
    kube.objects[DEPLOYMENT] = deployment(2, 2, 1)
    kube.pods = [pod("new", container(restarts=3, last=EXIT))]
    kube.logs["new", "engine", True] = "é" * 9000 + " the end"

    said = failure(kube, gate, tmp_path)

    assert (True, True) == (said.endswith("éé the end"), 1900 < len(said.encode()) < 4096)


@pytest.mark.parametrize(
    ("last", "cause"),
    [
        (KILLED, "(code 137, OOMKilled); restarts: 4; its last lines:\n(none)"),
        ({**EXIT, "message": "bad flag"}, "(code 1, Error); restarts: 4; its last lines:\nbad flag"),
    ],
)
def test_crash_without_a_log(kube: FakeKube, gate: FakeEngine, tmp_path: Path, last: Manifest, cause: str) -> None:
    """Where the log is gone, its status speaks."""
    kube.objects[DEPLOYMENT] = deployment(2, 2, 1)
    kube.pods = [pod("new", container(restarts=4, last=last))]

    assert failure(kube, gate, tmp_path) == f"new: engine ended {cause}"


def test_few_restarts(kube: FakeKube, gate: FakeEngine, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One restart is in the log with its cause, once; the pod goes on."""
    kube.objects[DEPLOYMENT] = deployment(2, 2, 0)
    again = [pod("new", container(restarts=1, last=EXIT))]
    kube.logs["new", "engine", True] = "no device\n"
    kube.looks = [again, again, again, Serving(kube, [pod("new", SERVING)])]

    assert "completed one token" in ready(kube, gate, tmp_path)
    assert capsys.readouterr().out.count("restarts: 1; its last lines:\nno device\n") == 1


def test_restarts_of_one_that_serves(kube: FakeKube, gate: FakeEngine, tmp_path: Path) -> None:
    """A container that serves now may have ended any number of times."""
    kube.objects[DEPLOYMENT] = deployment(2, 2, 1)
    kube.pods = [pod("a", container(ready=True, restarts=9, last=EXIT)), pod("b", container())]

    assert failure(kube, gate, tmp_path, limit=0).endswith("up to date; b: engine is running, not ready")


def test_groups_that_are_made_anew(kube: FakeKube, gate: FakeEngine, tmp_path: Path) -> None:
    """A group begins anew when a container of it ends, so no pod of it ever counts two restarts."""
    del kube.objects[DEPLOYMENT]
    kube.objects[GROUPS] = {"metadata": {"generation": 1}, "status": {"replicas": 2, "updatedReplicas": 2}}
    leader, worker = ({"app.kubernetes.io/component": component} for component in ("leader", "worker"))
    kube.logs["r1-0-1", "engine", True] = "NCCL WARN no RDMA\n"
    kube.looks = [
        [
            pod("r1-0", container(), created=number, labels=leader),
            pod(
                "r1-0-1",
                container(restarts=1, last=EXIT),
                created=number,
                labels=worker,
                metadata={"deletionTimestamp": "2026-11-21T10:01:00Z"},
            ),
        ]
        for number in (1, 2, 3)
    ]

    assert failure(kube, gate, tmp_path, kind="LeaderWorkerSet") == (
        "r1-0-1: engine ended (code 1, Error); restarts: 1; its last lines:\nNCCL WARN no RDMA"
    )
    assert [] == kube.looks


@pytest.mark.parametrize("label", ["pod-template-hash", "leaderworkerset.sigs.k8s.io/template-revision-hash"])
def test_what_the_old_ones_suffer_from(kube: FakeKube, gate: FakeEngine, tmp_path: Path, label: str) -> None:
    """A crash loop of the revision that is being replaced is no reason to give up."""
    kube.objects[DEPLOYMENT] = deployment(3, 1, 0)
    kube.pods = [
        pod("old", container(restarts=9, last=EXIT), created=1, labels={label: "1"}),
        pod("new", container(), created=2, labels={label: "2"}),
    ]

    assert failure(kube, gate, tmp_path, limit=0).endswith("1 are up to date; new: engine is running, not ready")


def test_one_that_is_going(kube: FakeKube, gate: FakeEngine, tmp_path: Path) -> None:
    """Nor is what keeps a pod that is going anyway."""
    kube.objects[DEPLOYMENT] = deployment(2, 2, 0)
    going = {"deletionTimestamp": "2026-11-21T10:01:00Z"}
    kube.pods = [pod("a", status={"conditions": [UNSCHEDULABLE]}, metadata=going), pod("b", container())]

    assert failure(kube, gate, tmp_path, limit=0, patience=0).endswith("up to date; b: engine is running, not ready")


def test_before_there_is_a_new_one(kube: FakeKube, gate: FakeEngine, tmp_path: Path) -> None:
    """Nor is it while no pod of the new revision is there."""
    kube.objects[DEPLOYMENT] = deployment(2, 0, 0)
    kube.pods = [pod("old", container(restarts=9, last=EXIT))]

    assert failure(kube, gate, tmp_path, limit=0).endswith("0 are up to date; no pod yet")


def test_open_gate(kube: FakeKube, gate: FakeEngine, tmp_path: Path) -> None:
    """An endpoint that answers without the key is no success, and no reason to wait."""
    gate.open = True

    assert failure(kube, gate, tmp_path) == "without the key the gate answers 200, not 401"


@pytest.mark.parametrize(
    ("status", "patience", "cause"),
    [
        (404, 0, "all replicas serve; through http://10.0.0.9:8000: a completion answers 404 no such model"),
        (404, 60, "not within 0 seconds: all replicas serve; through http://10.0.0.9:8000: a completion answers 404"),
        (503, 0, "not within 0 seconds: all replicas serve; through http://10.0.0.9:8000: a completion answers 503"),
    ],
)
def test_gate_that_refuses(
    kube: FakeKube,
    gate: FakeEngine,
    tmp_path: Path,
    status: int,
    patience: float,
    cause: str,
) -> None:
    """A refusal may come from a replica that is going; an error of the engine's may pass for longer."""
    gate.status, gate.text = status, "no such model"

    assert failure(kube, gate, tmp_path, 60 if cause.startswith("all") else 0, patience).startswith(cause)


def test_busy_engine(kube: FakeKube, gate: FakeEngine, tmp_path: Path) -> None:
    """Silence is no error; it waits on."""
    gate.silent = True

    said = failure(kube, gate, tmp_path, limit=0, patience=0)

    assert said.startswith("not within 0 seconds: all replicas serve; through http://10.0.0.9:8000: no answer within")


def test_nobody_listens(kube: FakeKube, gate: FakeEngine, tmp_path: Path) -> None:
    """Nor is an address that leads nowhere yet."""
    gate.shutdown()
    gate.server_close()

    assert failure(kube, gate, tmp_path, limit=0, patience=0).endswith("8000: [Errno 111] Connection refused")


def test_silent_gate(kube: FakeKube, gate: FakeEngine, tmp_path: Path) -> None:
    """Or to someone who says nothing, with the key or without."""
    gate.open = gate.silent = True

    assert "8000: no answer within" in failure(kube, gate, tmp_path, limit=0, patience=0)


def test_nothing_there(kube: FakeKube, gate: FakeEngine, tmp_path: Path) -> None:
    """Without anything to watch it says so."""
    kube.objects = {}

    assert failure(kube, gate, tmp_path, patience=0) == "there is none of deployments named r1 in llm"


def test_forbidden(kube: FakeKube, gate: FakeEngine, tmp_path: Path) -> None:
    """What the service account may not read is named."""
    kube.forbidden = {DEPLOYMENT}

    said = failure(kube, gate, tmp_path)

    assert said.startswith("the service account may not read deployments/r1: ")


def test_silent_api(kube: FakeKube, gate: FakeEngine, tmp_path: Path) -> None:
    """An API that fails until the limit is what it waited for."""
    kube.busy = 10**6

    assert failure(kube, gate, tmp_path, limit=0).startswith("not within 0 seconds: OSError: deployments/r1: 503 ")
