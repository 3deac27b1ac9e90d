"""A control plane at work for each test that asks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.localcloud.kubernetes.controllers.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Return a site whose threads end with the test."""
    made = Site(tmp_path)
    yield made
    made.plane.close()
