"""Pods of which nothing runs: those that pretend, and those that say why not."""

from pathlib import Path

import pytest

from scripts.localcloud.kubernetes.controllers.runs import pods_at
from scripts.localcloud.machines.pods import Manifest, PodFacts
from scripts.localcloud.machines.spec import MachineError

FACTS = PodFacts("c1", "cn-hangzhou", "cn-hangzhou-k", "127.64.0.9")
OFF = "machines are switched off (LOCALCLOUD_MACHINES=none)"


@pytest.mark.parametrize(
    ("mode", "policy", "phase", "state", "word"),
    [
        ("pretend", "Always", "Running", "running", None),
        ("pretend", "Never", "Succeeded", "terminated", None),
        ("none", "Always", "Pending", "waiting", OFF),
        ("none", "Never", "Failed", "terminated", OFF),
    ],
)
def test_status(mode: str, policy: str, phase: str, state: str, word: str | None) -> None:
    """Where it is pretended, pods are ready or have succeeded; else they wait or fail, for a reason."""
    pods = pods_at(Path("nowhere"), mode)
    spec = {"restartPolicy": policy, "containers": [{"name": "a", "image": "b"}]}
    pod: Manifest = {"metadata": {"uid": "u"}, "spec": spec}

    pods.start(pod, FACTS)

    status = pods.status("u")
    (container,) = status["containerStatuses"]
    assert (phase, "127.64.0.9", phase == "Running") == (status["phase"], status["podIP"], container["ready"])
    assert [state] == list(container["state"])
    assert word == container["state"][state].get("message")
    assert str(phase == "Running") == status["conditions"][1]["status"]


def test_stop() -> None:
    """A pod that was stopped is forgotten."""
    pods = pods_at(Path("nowhere"), "pretend")
    pods.start({"metadata": {"uid": "u"}, "spec": {"containers": []}}, FACTS)
    pods.stop("u", 0)

    with pytest.raises(MachineError, match="pod u: was never started"):
        pods.status("u")
