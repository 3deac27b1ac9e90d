"""A program with a local cloud of a test's own, and the commands a person would type beside it."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Program:
    """The program in *folder*, as a user has it, with a local cloud beside the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder.parent / "cloud"
        self.home.mkdir()
        self.patience_seconds = 300
        self.environment = {
            "HOME": str(folder.parent),
            "LOCALCLOUD_HOME": str(self.home),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": f"{folder}:{ROOT}",
        }

    def local(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the local cloud in the project's folder."""
        return self.run(sys.executable, "-m", "scripts.localcloud", *words)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run *command* in the project's folder; its two outputs are one text."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=self.patience_seconds,
        )

    def output(self, name: str) -> str:
        """Return one output of the stack in the local cloud, secret or not."""
        return self.local("output", "--show-secrets", name).stdout.strip()

    def pulumi(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the real pulumi command in the project's folder, against the local cloud's plugins."""
        if "PULUMI_HOME" not in self.environment:
            self._use_pulumi()
        return self.run("pulumi", *words, "--non-interactive", "--stack", "dev")

    def _use_pulumi(self) -> None:
        backend = self.folder.parent / "backend"
        backend.mkdir()
        (self.folder / ".venv").symlink_to(sys.prefix)
        self.environment |= {
            "PATH": f"{ROOT / 'scripts' / 'localcloud' / 'plugins'}:{self.environment['PATH']}",
            "PULUMI_BACKEND_URL": f"file://{backend}",
            "PULUMI_CONFIG_PASSPHRASE": "only for tests",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_HOME": str(self.folder.parent / "pulumi"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        self.run("pulumi", "stack", "init", "dev", "--non-interactive")
