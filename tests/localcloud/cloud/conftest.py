"""A local cloud for each test, with machines that only write down what they are told."""

from pathlib import Path

import pytest

from scripts.localcloud.cloud import Cloud
from tests.localcloud.cloud.programs import Runs
from tests.localcloud.cloud.world import RecordedControlPlanes, RecordedMachines, Region


@pytest.fixture
def machines() -> RecordedMachines:
    """Return machines that boot nothing and remember every call."""
    return RecordedMachines()


@pytest.fixture
def control_planes() -> RecordedControlPlanes:
    """Return control planes that act on nothing and remember every call."""
    return RecordedControlPlanes()


@pytest.fixture
def cloud(
    tmp_path: Path,
    machines: RecordedMachines,
    control_planes: RecordedControlPlanes,
    monkeypatch: pytest.MonkeyPatch,
) -> Cloud:
    """Return an empty cloud, with its claim on the host's addresses kept inside the test's folder."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return Cloud(tmp_path / "home", machines, control_planes)


@pytest.fixture
def region(cloud: Cloud) -> Region:
    """Return a region in which resources are made in one line each."""
    return Region(cloud)


@pytest.fixture
def runs(cloud: Cloud) -> Runs:
    """Return a stack on an empty cloud."""
    return Runs(cloud)
