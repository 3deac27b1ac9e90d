"""A home with machines that is cleared away whatever a test does."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.localcloud.machines.booted import Site, site_in


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Return a home where machines can boot; skips where they cannot."""
    with site_in(tmp_path) as made:
        yield made


@pytest.fixture
def address() -> str:
    """Return a loopback address that no other test run uses."""
    number = os.getpid() % 60000
    return f"127.254.{1 + number // 250}.{1 + number % 250}"


@pytest.fixture
def anyone_home() -> Iterator[Path]:
    """Return a folder that any user may enter and write."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)
