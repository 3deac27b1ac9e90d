"""Two nodes' lifelines as processes on loopback, beside a folder for each as /run/llm."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.unit.userdata.programs import MACHINE
from tests.unit.userdata.test_document import GOOD, HEAD, WORKER

SETTINGS = {name: str(value) for name, value in {**GOOD, **HEAD, "LLM_WEIGHTS_DIR": "/srv/llm/weights/x"}.items()}
QUICK = """
import json, sys, time
sleep = time.sleep
time.sleep = lambda seconds: sleep(seconds / 50)
folder, settings, beat, lost, port = sys.argv[1:]
sys.path.insert(0, PROGRAMS)
import node, peer
def restart():
    with open(folder + "/restarts", "a") as file:
        file.write("x")
peer.main(node.Node(json.loads(settings), folder), restart, float(beat), float(lost), int(port))
""".replace("PROGRAMS", repr(str(MACHINE / "python")))
"""The program with waits fifty times shorter, and a mark where it would restart llm.service."""


class Node:
    """One node; the test plays its llm.service."""

    def __init__(self, folder: Path, port: int, settings: dict[str, str]) -> None:
        self.folder = folder
        self.port = port
        self.settings = SETTINGS | settings
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "status").mkdir(parents=True)
        self.write("facts.json", json.dumps({"MTU": 8500, "RDMA devices": 2}))

    def start(self, lost_seconds: float = 60) -> None:
        """Start its lifeline; the other side is lost after *lost_seconds* of silence."""
        words = [str(self.folder), json.dumps(self.settings), str(lost_seconds / 5), str(lost_seconds), str(self.port)]
        self._process = subprocess.Popen(
            [sys.executable, "-c", QUICK, *words],
            stdout=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        )

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to its lifeline."""
        if self._process is not None:
            self._process.send_signal(number)
            if number == signal.SIGKILL:
                self._process.wait()

    def write(self, name: str, text: str) -> None:
        """Write one of its files, at once."""
        (self.folder / ".test").write_text(text)
        (self.folder / ".test").replace(self.folder / name)

    def read(self, name: str) -> str:
        """Return one of its files, empty where there is none."""
        path = self.folder / name
        return path.read_text() if path.exists() else ""

    def remove(self, name: str) -> None:
        """Remove one of its files."""
        (self.folder / name).unlink()

    def status(self, phase: str, text: str) -> None:
        """Let one of its phases have this status."""
        self.write(f"status/{phase}", text)

    def gets(self, name: str, text: str) -> bool:
        """Wait until a file is *text*."""
        return until(lambda: self.read(name) == text) or self.read(name) == text


def pair(folder: Path) -> tuple[Node, Node]:
    """Return a head and a worker whose lifelines have not begun."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    worker = {name: str(value) for name, value in WORKER.items()}
    return (
        Node(folder / "head", port, {}),
        Node(folder / "worker", port, worker | {"LLM_HEAD_ADDRESS": "127.0.0.1"}),
    )


def until(seen: Callable[[], bool]) -> bool:
    """Wait until *seen*, for at most ten seconds."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if seen():
            return True
        time.sleep(0.01)
    return False
