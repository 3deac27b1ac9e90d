"""Stacks of the real pulumi command, on a local cloud whose machines only pretend to boot."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.localcloud.cloud import HOME, MACHINES
from scripts.localcloud.store import Store

PLUGINS = Path(__file__).parents[2] / "scripts" / "localcloud" / "plugins"
SENTINEL = "sentinel-api-key"
NEEDS_ENGINE = [
    pytest.mark.engine,
    pytest.mark.skipif(shutil.which("pulumi") is None, reason="the pulumi command is not on PATH"),
]


class Stack:
    """One stack of the real command with *program*, its backend and its local cloud in a folder of the test's own."""

    def __init__(self, folder: Path, program: str) -> None:
        self.folder = folder
        self.home = folder / "home"
        self._env = os.environ | {
            "PATH": f"{PLUGINS}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "VIRTUAL_ENV": str(Path(sys.executable).parents[1]),
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_BACKEND_URL": f"file://{folder / 'backend'}",
            "PULUMI_CONFIG_PASSPHRASE": "passphrase",
            "PULUMI_HOME": str(folder / "pulumi"),
            HOME: str(self.home),
            MACHINES: "pretend",
            "TMPDIR": str(folder),
        }
        (folder / "backend").mkdir()
        (folder / "Pulumi.yaml").write_text("name: demo\nruntime: python\n")
        (folder / "__main__.py").write_text(program)
        self("stack", "init", "dev")
        self("config", "set", "alicloud:region", "cn-hangzhou")
        self("config", "set", "model", "one")
        self("config", "set", "--secret", "apiKey", SENTINEL)

    def start(self, *arguments: str, **env: str) -> subprocess.Popen[str]:
        """Start the command with *arguments*."""
        command = ["pulumi", *arguments, "--non-interactive"]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self._env | env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def __call__(self, *arguments: str) -> str:
        """Run the command to its end and return what it said."""
        process = self.start(*arguments)
        said, _ = process.communicate()
        assert process.returncode == 0, said
        return said

    def up(self, *arguments: str) -> str:
        """Update without a preview."""
        return self("up", "--skip-preview", "--suppress-progress", *arguments)

    def output(self, name: str) -> str:
        """Return an output."""
        return self("stack", "output", name).strip()

    def exists(self, text: str) -> bool:
        """Whether *text* is in what exists in the cloud."""
        return text in repr(Store(self.home).read().records)
