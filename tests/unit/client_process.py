"""scripts/smoke as a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def smoke(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a person does, without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "scripts.client.smoke", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
