"""A git repository of a test's own, with a program and the commit that a change is compared with."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from scripts.reporting.__main__ import main

ROOT = Path(__file__).parents[3]
PRICES = """\
currency = "CNY"

[[row]]
name = "ecs.gn7i-c8g1.2xlarge"
regions = ["cn-hangzhou"]
hourly = 10.5
source = "invented for a test"
checked = 2026-11-01

[[row]]
name = "ecs.gn7i-c32g1.16xlarge"
regions = ["cn-hangzhou"]
hourly = 40.25
source = "invented for a test"
checked = 2026-11-01

[[row]]
name = "cloud_essd.PL1"
regions = ["cn-hangzhou"]
hourly = 0.002
source = "invented for a test"
checked = 2026-11-01
"""
TODAY = "1795219200"
"""2026-11-21, for the age of those prices."""


class Repository:
    """A repository with the program and the dev stack of this one; `change` and `write` are the change to report."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("Pulumi.yaml", "__main__.py"):
            shutil.copy(ROOT / name, folder)
        (folder / "prices.toml").write_text(PRICES)
        self._git("init", "--quiet", "--initial-branch", "main")

    def write(self, path: str, text: str) -> None:
        """Write a file."""
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text)

    def change(self, file: str = "Pulumi.dev.yaml", config: Mapping[str, object] | None = None, **args: object) -> None:
        """Write a stack file: that of the dev stack, with *args* over its arguments and *config* over the rest."""
        stack = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text())["config"]
        stack["llm:args"] |= {"priceFile": "prices.toml", "tags": {"team": "search"}} | args
        self.write(file, yaml.safe_dump({"config": stack | dict(config or {})}))

    def commit(self) -> None:
        """Commit everything."""
        self._git("add", "--all")
        self._git("-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "--message", "test")

    def head(self) -> str:
        """Return the commit as the report names it."""
        return self._git("rev-parse", "HEAD")[:10]

    def _git(self, *words: str) -> str:
        return subprocess.run(["git", *words], cwd=self.folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Return a repository, with which the command is about to be run on a day that does not change."""
    folder = tmp_path / "repository"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", TODAY)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    return Repository(folder)


class Told:
    """What the command printed, and how it ended."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *arguments: str) -> None:
        self.status = main(arguments)
        self.text, self.error = capsys.readouterr()
