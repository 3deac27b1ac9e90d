"""A cluster in a local cloud for each test; nothing acts on its objects but the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.localcloud.api_server import kubeconfig
from scripts.localcloud.cloud import Cloud
from scripts.localcloud.kubernetes.api import Api
from scripts.localcloud.kubernetes.backend import Kubernetes
from scripts.localcloud.kubernetes.objects import Objects, folder_of
from scripts.localcloud.values import Values
from scripts.localcloud.world import Record
from tests.localcloud.cloud.doors import Door, InProcess, served
from tests.localcloud.cloud.world import RecordedControlPlanes, RecordedMachines, Region


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """Return an empty cloud, with its claim on the host's addresses kept inside the test's folder."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return Cloud(tmp_path / "home", RecordedMachines(), RecordedControlPlanes())


@pytest.fixture
def region(cloud: Cloud) -> Region:
    """Return a region in which resources are made in one line each."""
    return Region(cloud)


@pytest.fixture
def cluster(region: Region) -> Record:
    """Return an ACS cluster."""
    return region.cluster(region.switch(region.vpc()))


@pytest.fixture
def api(cloud: Cloud, cluster: Record) -> Api:
    """Return the cluster's API server."""
    return Api(Objects(folder_of(cloud.home, cluster.id)), cluster)


@pytest.fixture
def provider(cloud: Cloud, cluster: Record) -> Kubernetes:
    """Return the provider with the cluster's kubeconfig."""
    return Kubernetes(cloud).configured({"kubeconfig": kubeconfig(cluster)})


@pytest.fixture(params=["in-process", "plugin"])
def door(request: pytest.FixtureRequest, cloud: Cloud, cluster: Record) -> Iterator[Door]:
    """Return one door after the other, configured with the cluster's kubeconfig."""
    settings: Values = {"kubeconfig": kubeconfig(cluster)}
    if request.param == "in-process":
        yield InProcess(cloud, settings)
    else:
        with served(cloud, "kubernetes", settings) as plugin:
            yield plugin
