"""Jobs: how they succeed, fail and end."""

from collections.abc import Callable

import pytest

from tests.localcloud.kubernetes.controllers.cluster import Cluster

JOB = """
apiVersion: batch/v1
kind: Job
metadata: {{name: ready}}
spec:
  {spec}
  template:
    metadata: {{labels: {{app: ready}}}}
    spec:
      restartPolicy: {restart}
      containers: [{{name: watch, image: python}}]
"""


def running(spec: str = "backoffLimit: 1", restart: str = "Never") -> Cluster:
    """Return a cluster with a Job whose pod runs."""
    cluster = Cluster()
    cluster.add(JOB, spec=spec, restart=restart)
    cluster.play()
    return cluster


def fail(cluster: Cluster) -> None:
    """Let the pods that run fail."""
    cluster.play([pod for pod in cluster.pods() if pod["status"]["phase"] != "Failed"], phase="Failed", ready=False)


def restart_twice(cluster: Cluster) -> None:
    """Let the container be started again, twice."""
    cluster.play(containerStatuses=[{"name": "watch", "restartCount": 2}])


def verdict(cluster: Cluster) -> tuple[str, str]:
    """Return how the Job ended and why."""
    found = cluster.conditions("Job", "ready")
    return next((type_, found[type_][1]) for type_ in ("Complete", "Failed") if type_ in found)


def test_running() -> None:
    """A Job has one pod with the labels by which one finds it, and says when it began."""
    cluster = running()

    (pod,) = cluster.pods()
    labels = pod["metadata"]["labels"]
    assert ("ready", "ready") == (labels["job-name"], labels["batch.kubernetes.io/job-name"])
    assert cluster.get("Job", "ready")["metadata"]["uid"] == labels["batch.kubernetes.io/controller-uid"]
    status = cluster.status("Job", "ready")
    assert (1, 1, "2026-01-01T00:00:00Z") == (status["active"], status["ready"], status["startTime"])


def test_complete() -> None:
    """A pod that succeeds completes the Job; it stays, and nothing more is started."""
    cluster = running()

    cluster.wait(30)
    cluster.play(phase="Succeeded", ready=False)
    cluster.wait(3600)

    assert ("Complete", "CompletionsReached") == verdict(cluster)
    status = cluster.status("Job", "ready")
    assert (1, 0, "2026-01-01T00:00:30Z") == (status["succeeded"], status["active"], status["completionTime"])
    assert ["Succeeded"] == [pod["status"]["phase"] for pod in cluster.pods()]


def test_retries() -> None:
    """A pod that fails is followed by another, and its success completes the Job."""
    cluster = running()

    fail(cluster)
    retried = cluster.status("Job", "ready")
    cluster.play([cluster.pods()[-1]], phase="Succeeded", ready=False)

    assert (1, 1) == (retried["failed"], retried["active"])
    assert ("Complete", "CompletionsReached") == verdict(cluster)


def twice(cluster: Cluster) -> None:
    """Let the pod and the one after it fail."""
    fail(cluster)
    fail(cluster)


@pytest.mark.parametrize(
    ("spec", "restart", "happens", "reason", "left"),
    [
        ("backoffLimit: 1", "Never", twice, "BackoffLimitExceeded", ["Failed", "Failed"]),
        ("backoffLimit: 0", "Never", fail, "BackoffLimitExceeded", ["Failed"]),
        ("backoffLimit: 1", "OnFailure", restart_twice, "BackoffLimitExceeded", []),
        ("activeDeadlineSeconds: 60", "Never", lambda cluster: cluster.wait(60), "DeadlineExceeded", []),
    ],
)
def test_failure(spec: str, restart: str, happens: Callable[[Cluster], None], reason: str, left: list[str]) -> None:
    """A Job fails for good when its tries or its time are over; what still runs is ended first."""
    cluster = running(spec, restart)

    happens(cluster)
    cluster.play([])
    cluster.wait(3600)

    assert ("Failed", reason) == verdict(cluster)
    assert left == [pod["status"]["phase"] for pod in cluster.pods()]
    assert 0 == cluster.status("Job", "ready")["active"]


def test_failure_waits_for_pods() -> None:
    """Until the last pod has ended, a Job only announces that it will fail."""
    cluster = running("activeDeadlineSeconds: 60")

    cluster.wait(60)

    assert {"FailureTarget": ("True", "DeadlineExceeded")} == cluster.conditions("Job", "ready")


def test_expiry() -> None:
    """A Job with a time to live goes with its pods after it."""
    cluster = running("ttlSecondsAfterFinished: 10")

    cluster.play(phase="Succeeded", ready=False)
    cluster.wait(9)
    before = len(cluster.contents.all("Job"))
    cluster.wait(1)
    cluster.play([])

    assert (1, []) == (before, cluster.contents.all("Job"))
    assert [] == cluster.contents.all("Pod")


def test_several() -> None:
    """A Job with completions runs as many at a time as it may."""
    cluster = running("{parallelism: 2, completions: 3}".strip("{}").replace(", ", "\n  "))

    first = len(cluster.pods())
    cluster.play(phase="Succeeded", ready=False)
    cluster.play([cluster.pods()[-1]], phase="Succeeded", ready=False)

    assert (2, 3) == (first, len(cluster.pods()))
    assert ("Complete", "CompletionsReached") == verdict(cluster)
