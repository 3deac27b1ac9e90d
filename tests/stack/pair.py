"""What the tests of two machines share: a pair that is up, asking it, waiting for it, searching its nodes."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.stack.project import PAIR, SENTINEL, Project

NODES = ("head", "worker")
ASK = {"model": "deepseek-ai/DeepSeek-R1", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 4}
RECOVERY_SECONDS = 180


@contextmanager
def standing(folder: Path, **arguments: object) -> Iterator[Project]:
    """Give the pair of the example stack with *arguments*, up, with the sentinel as its key."""
    one = Project(folder, arguments, stack=PAIR)
    up = one.local("up")
    assert up.returncode == 0, up.stdout
    yield one
    one.local("down")


def ask(stack: Project) -> httpx.Response:
    """Return what the gate answers to an authenticated completion."""
    headers = {"Authorization": f"Bearer {SENTINEL}"}
    return httpx.post(f"{stack.output('endpoint')}/chat/completions", headers=headers, json=ASK, timeout=30)


def serves(stack: Project) -> bool:
    """Say whether a completion passes the gate now."""
    try:
        answer = ask(stack)
    except httpx.TransportError:
        return False
    return answer.status_code == 200 and bool(answer.json()["choices"][0]["message"]["content"])


def until(what: Callable[[], bool]) -> bool:
    """Say whether *what* became true before the recovery time was over."""
    end = time.monotonic() + RECOVERY_SECONDS
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.5)
    return False


def mentions(stack: Project, node: str, secret: str, *, but: str = "/nowhere") -> int:
    """Return how often files, processes, logs and containers of *node* hold *secret*, the folder *but* apart."""
    # The brackets keep the search from finding itself among the processes.
    pattern = f"{secret[:-1]}[{secret[-1]}]"
    script = (
        f"(find /opt/llm /etc /srv /var /root /tmp /run/llm -path {but} -prune -o -type f -exec cat {{}} +; "
        "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ; journalctl -u llm.service -n 100000 --no-pager -o cat; "
        "docker inspect llm-engine-1) "
        f">/run/told 2>/dev/null; wc -c </run/told; grep -ac '{pattern}' /run/told; rm /run/told"
    )
    size, count = stack.on(node, script).output.split()
    assert int(size) > 0
    return int(count)
