"""The commands that show pods and what they said."""

import pytest

from scripts.localcloud.cloud import MACHINES, Cloud
from scripts.localcloud.errors import LocalCloudError
from scripts.localcloud.inprocess import pods
from scripts.localcloud.inprocess.pods import Asked
from scripts.localcloud.kubernetes.api import Api
from tests.localcloud.kubernetes.things import of
from tests.localcloud.kubernetes.watched import put

NOT_ONE = "pods are meant, and it needs exactly one. Give the beginning of a name: llm-1-a, llm-ready-b."


@pytest.fixture(autouse=True)
def _pods(api: Api) -> None:
    """Put two pods into the cluster, of which one runs."""
    names = ("engine", "gate")
    statuses = [{"name": name, "ready": name == "gate", "restartCount": 2} for name in names]
    engine = of("v1", "Pod", "llm-1-a", containers=[{"name": name} for name in names])
    put(api, engine, phase="Running", podIP="10.0.1.7", containerStatuses=statuses)
    put(api, of("v1", "Pod", "llm-ready-b", containers=[{"name": "ready"}]), phase="Pending")


def test_pods(cloud: Cloud) -> None:
    """Each has a line."""
    said: list[str] = []
    pods.show(cloud, said.append)

    assert [
        "default/llm-1-a  Running  1/2 ready  4 restarts  10.0.1.7",
        "default/llm-ready-b  Pending  0/1 ready  0 restarts",
    ] == said


def test_logs(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pod is named by how its name begins; where nothing runs, nothing was said."""
    monkeypatch.setenv(MACHINES, "pretend")
    said: list[str] = []
    pods.logs(cloud, Asked("llm-ready"), said.append)

    assert [""] == said


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (Asked("llm-"), f"logs: 2 of 2 {NOT_ONE}"),
        (Asked("x"), f"logs: 0 of 2 {NOT_ONE}"),
        (Asked("llm-1"), "logs: name one of its containers with --container: engine, gate."),
    ],
)
def test_logs_of_nobody(cloud: Cloud, asked: Asked, message: str) -> None:
    """Who is meant must be clear."""
    with pytest.raises(LocalCloudError) as raised:
        pods.logs(cloud, asked, print)

    assert message == str(raised.value)
