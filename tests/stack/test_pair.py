"""Two machines, up in the local cloud: they answer as one, and come back when either of them dies."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from scripts.localcloud.machines import Machines
from tests.stack.pair import NODES, ask, mentions, serves, standing, until
from tests.stack.project import PAIR, SENTINEL, Project

pytestmark = pytest.mark.machine

METADATA = (
    "python3 -c \"import socket; call = socket.create_connection(('100.100.100.200', 80), 3); "
    "call.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n'); assert call.recv(1)\""
)
KILL = """
for process in /proc/[0-9]*; do
  if grep -aq 'served-model[-]name' $process/cmdline 2>/dev/null; then kill -9 ${process#/proc/} && found=killed; fi
done
echo $found
"""
"""Ends every process of the engine, as a crash or the kernel's hunt for memory would."""


@pytest.fixture(scope="module")
def pair(bootable: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:  # noqa: ARG001 - it may skip
    """Return the pair of the example stack, up, with the sentinel as its key."""
    with standing(tmp_path_factory.mktemp("pair")) as one:
        yield one


def started(stack: Project) -> str:
    """Return what names the start that both nodes serve in, or nothing while there is none."""
    found = stack.on("head", "cat /run/llm/pair")
    return "" if found.exit_code else found.output


def status(stack: Project, node: str, phase: str) -> list[str]:
    """Return the lines of a phase's status on a node."""
    return stack.on(node, f"cat /run/llm/status/{phase}").output.splitlines()


def test_it_answers_through_the_gate(pair: Project) -> None:
    """The exported endpoint is the head's, and a completion passes."""
    assert ask(pair).json()["choices"][0]["message"]["content"]


def test_the_worker_has_no_gate(pair: Project) -> None:
    """No port of the worker is open to callers, and it does not hold the key."""
    found = pair.on("worker", "ls /run/llm/secrets /opt/llm; docker ps").output

    assert "api_key" not in found
    assert "Caddyfile" not in found
    assert "llm-engine-1" in found
    assert "llm-gate-1" not in found


def test_the_link_was_measured(pair: Project) -> None:
    """Both nodes know what the all-reduce ran over, and how fast it was."""
    head, worker = (status(pair, node, "link") for node in NODES)

    assert head[0].startswith("done")
    assert "all-reduce over 16 GPUs: " in head[1]
    assert "GB/s bus bandwidth over NET/IB erdma_0 erdma_1" in head[1]
    assert worker[0].startswith("done")


def test_the_engine_reaches_no_metadata(pair: Project) -> None:
    """Its container shares the machine's network; a rule for its group keeps it from the role's credentials."""
    for node in NODES:
        rules = pair.on(node, "iptables -S OUTPUT").output
        group = pair.on(node, "docker exec llm-engine-1 id -g").output.strip()

        assert f"-d 100.100.100.200/32 -m owner --gid-owner {group} -j REJECT" in rules
        assert pair.on(node, METADATA).exit_code == 0
        assert pair.on(node, f"docker exec llm-engine-1 {METADATA}").exit_code != 0


@pytest.mark.parametrize("node", NODES)
def test_a_dead_engine_comes_back(pair: Project, node: str) -> None:
    """When the engine of a node is killed, the gate says 503 with Retry-After until both serve again."""
    assert serves(pair)
    killed = pair.on(node, KILL)
    assert killed.output.split() == ["killed"]
    seen: list[httpx.Response] = []

    def recovered() -> bool:
        seen.append(ask(pair))
        return len(seen) > 1 and seen[-1].status_code == 200 and any(one.status_code == 503 for one in seen)

    assert until(recovered), [one.status_code for one in seen]
    assert all(one.headers["Retry-After"] for one in seen if one.status_code == 503)


@pytest.mark.parametrize("node", NODES)
def test_a_rebooted_node_comes_back(pair: Project, node: str) -> None:
    """When a machine reboots, both start anew together and the endpoint answers, whichever it was."""
    before = started(pair)
    assert before
    Machines(pair.home).reboot(pair.instance(node))

    assert until(lambda: started(pair) not in ("", before) and serves(pair))


def test_the_key_is_nowhere_on_the_worker(pair: Project) -> None:
    """No file, process, log or status of the worker holds the API key."""
    assert mentions(pair, "worker", SENTINEL) == 0


def test_nothing_is_left(project: Callable[..., Project]) -> None:
    """What `up` made of two machines, `destroy` removes."""
    stack = project(stack=PAIR, interconnect="tcp")
    up = stack.local("up")
    assert up.returncode == 0, up.stdout
    assert "llm is ready: " in up.stdout
    assert "GB/s bus bandwidth over NET/Socket" in up.stdout

    assert stack.local("destroy").returncode == 0
    assert stack.local("status").stdout.startswith("Nothing exists")
