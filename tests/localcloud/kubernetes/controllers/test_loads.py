"""Loading a Dataset into its cache: what it reads, and why it fails."""

import pytest

from scripts.localcloud.kubernetes.objects import Manifest
from scripts.localcloud.store import write_json
from tests.localcloud.kubernetes.controllers.site import Site
from tests.localcloud.kubernetes.controllers.weights import BY_KEY, DATASET, KEYS, LOAD, RUNTIME


@pytest.fixture
def stored(site: Site) -> Site:
    """Return a site with three MiB of weights in a bucket."""
    folder = site.home / "oss" / "models" / "qwq"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(bytes(3 * 2**20))
    return site


def load(site: Site, quota: str = "10Mi") -> Manifest:
    """Return the status of a load when it has ended."""
    site.add(KEYS.replace("{", "{{").replace("}", "}}"))
    site.add(DATASET, name="weights", mount=BY_KEY)
    site.add(RUNTIME, name="weights", quota=quota)
    site.add(LOAD, name="load", namespace="llm")
    site.until(lambda: site.status("DataLoad", "load").get("phase") in ("Complete", "Failed"))
    return site.status("DataLoad", "load")


def test_load(stored: Site) -> None:
    """A load reads what the mount names, and the Dataset says how much is cached."""
    phase = load(stored)["phase"]

    assert "Complete" == phase
    assert {"cached": "3.00MiB", "cachedPercentage": "100.0%", "cacheCapacity": "20.00MiB"} == stored.status(
        "Dataset", "weights"
    )["cacheStates"]
    assert [] == stored.pods.told


@pytest.mark.parametrize(
    ("quota", "fault", "refusal", "words"),
    [
        ("1Mi", {}, "", "3.00MiB do not fit into a cache of 2.00MiB"),
        ("10Mi", {"data_load_fails": True}, "", "the load was told to fail"),
        ("10Mi", {}, "AccessDenied", "cannot read oss://models/qwq: AccessDenied"),
    ],
)
def test_failure(stored: Site, quota: str, fault: dict[str, bool], refusal: str, words: str) -> None:
    """A load that fails says why in its pods, as their last words."""
    write_json(stored.home / "faults.json", {"cluster": fault})
    stored.pods.unreadable = {"models": refusal} if refusal else {}

    status = load(stored, quota)

    pods = stored.objects.read().all("Pod")
    said = {pod["status"]["containerStatuses"][0]["state"]["terminated"]["message"] for pod in pods}
    assert ("Failed", {words}, 4) == (status["phase"], said, len(pods))
