"""The report needs no credential: it is the same in a container with no network and no environment."""

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.localcloud.machines import packages
from tests.unit.report.conftest import Repository, Told

ROOT = Path(__file__).parents[3]
KEY = {"llm:apiKey": {"secure": "v1:nobody-can-read-this"}}
PROBE = """
import os, socket, sys
sys.path.insert(0, {root!r})
left = set(os.environ) - {{"PWD", "LC_CTYPE"}}
assert not left, left
assert socket.if_nameindex() == [(1, "lo")], socket.if_nameindex()
from scripts.reporting.__main__ import main
sys.exit(main([]))
"""


@pytest.mark.machine
def test_container(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A change to a stack with an encrypted key is reported where there is nothing to fetch or to decrypt with."""
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    repository.change(config=KEY)
    repository.commit()
    repository.change(config=KEY, publicAllowedCidrs=["203.0.113.0/24"])
    outside = Told(capsys)
    isolation = ["--unshare-all", "--die-with-parent", "--clearenv", "--new-session"]
    seen = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/var/tmp"]  # noqa: S108 its own
    written = ["--bind", str(tmp_path), str(tmp_path), "--chdir", str(repository.folder)]

    done = subprocess.run(
        [
            str(packages.bwrap()),
            *isolation,
            *seen,
            *written,
            "--",
            sys.executable,
            "-P",
            "-c",
            PROBE.format(root=str(ROOT)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == outside.text
