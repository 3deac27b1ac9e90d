"""The library as others install it."""

import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
RENDER = """
import components
from components.credentials import parameter_names
from components.names import Name
from components.settings import settings
from components.userdata import cloud_config

args = components.SingleEcsLlmArgs(zone_id="cn-hangzhou-i")
print(components.__file__)
print(cloud_config(settings(args, parameter_names(Name("chat", "acme-chat"), args)), args.node_argv(0)))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the folder of the wheel's files, outside the repository."""
    place = tmp_path_factory.mktemp("wheel")
    source = place / "source"
    source.mkdir()
    shutil.copy(ROOT / "pyproject.toml", source)
    shutil.copytree(ROOT / "components", source / "components")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", place],
        cwd=source,
        check=True,
        capture_output=True,
    )
    [wheel] = place.glob("alicloud_llm-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place / "site")
    yield place / "site"
    shutil.rmtree(place)


def contents(folder: Path) -> dict[str, bytes]:
    """Return the files below *folder* by name, but for what Python makes of them."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.parent.name != "__pycache__")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_the_wheel_has_every_file(installed: Path) -> None:
    """What the machines read, the catalog and the plugin are in it, and nothing else of the repository is."""
    assert contents(ROOT / "components") == contents(installed / "components")
    assert {"components"} == {path.name for path in installed.iterdir() if path.suffix != ".dist-info"}


def test_a_machine_reads_the_same_from_the_wheel(installed: Path) -> None:
    """An endpoint is rendered from the installed files byte for byte as from the repository's."""
    said = [
        subprocess.run(
            [sys.executable, "-c", RENDER],
            cwd=place,
            env={"PYTHONPATH": str(place)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split("\n", 1)
        for place in (installed, ROOT)
    ]

    assert [str(place / "components" / "__init__.py") for place in (installed, ROOT)] == [first for first, _ in said]
    assert said[0][1] == said[1][1]


def test_what_is_tested_is_what_others_may_have() -> None:
    """Every requirement of the library is met by the pin that its tests run with."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    pins = dict(line.split("==") for line in (ROOT / "requirements.txt").read_text().split())

    for requirement in map(Requirement, wanted):
        assert pins[requirement.name] in requirement.specifier, requirement
