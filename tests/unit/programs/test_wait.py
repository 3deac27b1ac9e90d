"""How the job that waits for the cache ends."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.programs.fake_kube import DATASET, LOAD, TOKEN, FakeKube, Manifest, container, pod, warning
from tests.unit.userdata.fake_cloud import serving
from tests.unit.userdata.programs import loopback, program, web

SETTINGS = {"LLM_NAMESPACE": "llm", "LLM_DATALOAD": "r1-weights", "LLM_LIMIT_SECONDS": "60"}
LOADER = {"release": "r1-weights-loader"}
CACHE = {"release": "r1-weights"}


@pytest.fixture
def kube() -> Iterator[FakeKube]:
    """Run an API with a cache that loads."""
    with serving(FakeKube()) as server:
        server.objects[LOAD] = load("Executing")
        states = {"cachedPercentage": "12.5%"}
        server.objects[DATASET] = {"status": {"phase": "Bound", "cacheStates": states}}
        server.pods = [pod("r1-weights-jindofs-worker-0", container(ready=True), labels=CACHE)]
        yield server


def load(phase: str, **status: Any) -> Manifest:  # noqa: ANN401
    """Return a DataLoad in *phase*."""
    return {"spec": {"dataset": {"name": "r1-weights"}}, "status": {"phase": phase, **status}}


def wait(kube: FakeKube, folder: Path, **patience: float) -> str:
    """Run the program; return what it says."""
    (folder / "token").write_text(TOKEN)
    limit = str(patience.pop("limit", 60))
    with web(loopback(kube.server_port)) as http:
        api = program("kube").Kube(http, "llm", str(folder))
        settings = {**SETTINGS, "LLM_LIMIT_SECONDS": limit}
        return str(program("wait").main(settings, api, pause=0.01, **patience))


def failure(kube: FakeKube, folder: Path, **patience: float) -> str:
    """Return why it gives up."""
    with pytest.raises(program("cloud").FatalError) as caught:
        wait(kube, folder, **patience)
    return str(caught.value)


def test_loaded(kube: FakeKube, tmp_path: Path) -> None:
    """It ends when Fluid says so."""
    kube.objects[LOAD] = load("Complete", duration="3m5s")

    assert wait(kube, tmp_path) == "r1-weights is loaded, in 3m5s"


@pytest.mark.parametrize(
    ("dataset", "share"),
    [
        ({"status": {"phase": "Bound", "cacheStates": {"cachedPercentage": "12.5%"}}}, "Bound, 12.5% cached"),
        ({"status": {"phase": "NotBound"}}, "NotBound, nothing cached"),
        (None, "NotBound, nothing cached"),
    ],
)
def test_loading(kube: FakeKube, tmp_path: Path, dataset: Manifest | None, share: str) -> None:
    """Until then it says how far it is."""
    kube.objects[DATASET] = dataset or {}

    assert failure(kube, tmp_path, limit=0) == (
        f"not within 0 seconds: the load is Executing; the Dataset is {share}; all pods are ready"
    )


def test_failed(kube: FakeKube, tmp_path: Path) -> None:
    """A load that failed ends it at once: with Fluid's reason, and what its loader said last."""
    kube.objects[LOAD] = load("Failed", conditions=[{"type": "Failed", "message": "backoff limit reached"}])
    ended = container("dataloader", terminated={"exitCode": 255, "reason": "Error"})
    kube.pods += [pod("r1-weights-loader-job-x", ended, labels=LOADER, status={"phase": "Failed"})]
    kube.logs["r1-weights-loader-job-x", "dataloader", False] = "oss: AccessDenied\n"

    assert failure(kube, tmp_path) == (
        "loading r1-weights failed: backoff limit reached\n"
        "r1-weights-loader-job-x: dataloader ended (code 255, Error); restarts: 0; its last lines:\noss: AccessDenied"
    )


def test_failed_for_no_reason(kube: FakeKube, tmp_path: Path) -> None:
    """So it does where nothing is left to read."""
    kube.objects[LOAD] = load("Failed")

    assert failure(kube, tmp_path) == "loading r1-weights failed: Fluid gives no reason"


def test_loader_that_is_tried_again(kube: FakeKube, tmp_path: Path) -> None:
    """A loader that ended is Fluid's to judge."""
    ended = container("dataloader", terminated={"exitCode": 255, "reason": "Error"})
    kube.pods = [pod("r1-weights-loader-job-x", ended, labels=LOADER, status={"phase": "Failed"})]

    assert "the load is Executing" in failure(kube, tmp_path, limit=0, patience=0)


@pytest.mark.parametrize("labels", [LOADER, CACHE])
def test_stuck(kube: FakeKube, tmp_path: Path, labels: Manifest) -> None:
    """A pod of the loader or of the cache that cannot run for long ends it."""
    waiting = {"reason": "ImagePullBackOff", "message": "no such image"}
    kube.pods = [pod("p", container("c", waiting=waiting), labels=labels)]

    assert failure(kube, tmp_path, patience=0) == "p: c: ImagePullBackOff: no such image"


def test_cache_that_crashes(kube: FakeKube, tmp_path: Path) -> None:
    """So does one that ends again and again."""
    kube.pods = [pod("p", container("c", restarts=3, last={"exitCode": 137, "reason": "OOMKilled"}), labels=CACHE)]

    assert failure(kube, tmp_path).startswith("p: c ended (code 137, OOMKilled); restarts: 3; ")


def test_cache_that_cannot_be_made(kube: FakeKube, tmp_path: Path) -> None:
    """Without a pod, the cluster's complaint is the cause: this is what a missing permission looks like."""
    kube.pods = []
    kube.events = [warning("r1-weights-jindofs-master", "privileged pods are not allowed")]

    assert failure(kube, tmp_path, patience=0) == "there is no pod of r1-weights: privileged pods are not allowed"


def test_no_load(kube: FakeKube, tmp_path: Path) -> None:
    """Without a DataLoad there is nothing to wait for."""
    del kube.objects[LOAD]

    assert failure(kube, tmp_path, patience=0) == "there is no DataLoad r1-weights in llm"


def test_load_that_has_no_status(kube: FakeKube, tmp_path: Path) -> None:
    """A DataLoad that Fluid has not seen yet is pending."""
    del kube.objects[LOAD]["status"]

    assert "the load is Pending; " in failure(kube, tmp_path, limit=0)
