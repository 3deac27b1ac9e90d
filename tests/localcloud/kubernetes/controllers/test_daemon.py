"""The process that is a control plane."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.localcloud.kubernetes.controllers import running, start_control_plane, stop_control_plane
from scripts.localcloud.kubernetes.objects import Manifest, Objects
from scripts.localcloud.machines.identity import process_identity
from tests.localcloud.kubernetes.controllers.site import ID, found, until

POD: Manifest = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"namespace": "llm", "name": "a"},
    "spec": {"containers": [{"name": "engine", "image": "vllm"}]},
}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Return the home of a cloud with a cluster whose control plane runs."""
    found(tmp_path)
    start_control_plane(tmp_path, ID, "pretend")
    yield tmp_path
    stop_control_plane(tmp_path, ID, "pretend")


def pause() -> None:
    """Let the process work."""
    time.sleep(0.02)


def test_life(home: Path) -> None:
    """It acts on objects that others write, is started once only, and ends when it is asked to."""
    objects = Objects(home / "kubernetes" / ID)
    with objects.transaction() as contents:
        contents.put(POD)
    until(lambda: _phase(objects) == "Running", pause)
    first = running(home, ID)
    start_control_plane(home, ID, "pretend")
    second = running(home, ID)
    stop_control_plane(home, ID, "pretend")

    assert (True, None) == (first == second, running(home, ID))


def test_started_beside_another_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the local cloud's own code, though there is a package of its name where it is started."""
    beside = tmp_path / "beside" / "scripts"
    beside.mkdir(parents=True)
    (beside / "__init__.py").write_text("raise SystemExit\n")
    monkeypatch.chdir(beside.parent)
    found(tmp_path)
    objects = Objects(tmp_path / "kubernetes" / ID)
    with objects.transaction() as contents:
        contents.put(POD)

    start_control_plane(tmp_path, ID, "pretend")

    until(lambda: _phase(objects) == "Running", pause)
    stop_control_plane(tmp_path, ID, "pretend")


def test_ends_with_its_cluster(home: Path) -> None:
    """It ends by itself when the cluster is gone."""
    pid = running(home, ID)
    assert pid is not None

    Objects(home / "kubernetes" / ID).destroy()

    until(lambda: not process_identity(pid), pause)


def _phase(objects: Objects) -> str:
    pod = objects.read().get("Pod", "llm", "a")
    return "" if pod is None else str(pod.get("status", {}).get("phase"))
