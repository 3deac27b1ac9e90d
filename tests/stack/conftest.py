"""Stacks that come up in the local cloud."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts.localcloud.machines import Machines
from tests.stack.project import SINGLE, Project


@pytest.fixture(scope="session")
def bootable(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skip where machines cannot boot, and say why."""
    reason = Machines(tmp_path_factory.mktemp("probe")).available()
    if reason:
        pytest.skip(reason)


@pytest.fixture
def project(bootable: None, tmp_path: Path) -> Iterator[Callable[..., Project]]:  # noqa: ARG001 - it may skip
    """Return a maker of projects whose clouds are gone after the test."""
    made: list[Project] = []

    def make(*, stack: Path = SINGLE, machine_files: bool = False, **arguments: object) -> Project:
        made.append(Project(tmp_path, arguments, stack=stack, machine_files=machine_files))
        return made[-1]

    yield make
    for one in made:
        one.local("down")


@pytest.fixture(scope="session")
def booted(bootable: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:  # noqa: ARG001 - it may skip
    """Return the dev stack, up, with the sentinel as its key."""
    one = Project(tmp_path_factory.mktemp("booted"), {})
    up = one.local("up")
    assert up.returncode == 0, up.stdout
    yield one
    one.local("down")
