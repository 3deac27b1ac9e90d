"""The real vLLM on two machines, each started by its own files, answers behind the gate whatever becomes of a node."""

from collections.abc import Iterator

import pytest

from scripts.localcloud.machines import Machines
from tests.stack import real_vllm
from tests.stack.project import PAIR, Project
from tests.stack.real_vllm import ASK, KEY, NAME, ask, on_the_machine, until_ready

pytestmark = [pytest.mark.vllm, pytest.mark.machine]

HEAD, WORKER = "head", "worker"
ARGUMENTS = {
    "model": NAME,
    "instanceType": "ecs.gn7i-c8g1.2xlarge",
    "interconnect": "tcp",
    "tensorParallel": 2,
    "pipelineParallel": 1,
    "extraEngineArgs": ["--enforce-eager"],
}
"""One GPU each, which the real vLLM does without; a pipeline of two needs the compiler."""

PROCESS = "docker inspect --format '{{.State.Pid}} {{.State.StartedAt}}' llm-engine-1"


@pytest.fixture(scope="module")
def pair(bootable: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:  # noqa: ARG001 - it may skip
    """Return a pair, up, with the real vLLM in the place of the stand-in."""
    real_vllm.require()
    one = Project(tmp_path_factory.mktemp("pair"), ARGUMENTS, stack=PAIR)
    real_vllm.use(one)
    up = one.local("up")
    assert up.returncode == 0, up.stdout
    yield one
    one.local("down")


def test_both_nodes_answer_together(pair: Project) -> None:
    """Each holds half of the model; the head alone has a door."""
    running = [on_the_machine(pair, node, "docker logs llm-engine-1 2>&1") for node in (HEAD, WORKER)]

    assert 8 == ask(pair, ASK, KEY).json()["usage"]["completion_tokens"]
    assert all("world_size=2" in log for log in running)
    assert [True, False] == ["Application startup complete." in log for log in running]


def test_the_link_was_measured_by_the_real_torch(pair: Project) -> None:
    """Without GPUs it takes gloo."""
    assert "256 MiB all-reduce over 2 processes without a GPU: " in on_the_machine(pair, HEAD, "cat /run/llm/link")


@pytest.mark.parametrize("node", [HEAD, WORKER])
def test_a_dead_node_is_started_again(pair: Project, node: str) -> None:
    """Its worker process is killed: both engines begin again, and service comes back by itself."""
    before = [on_the_machine(pair, name, PROCESS) for name in (HEAD, WORKER)]

    on_the_machine(pair, node, "pkill -9 -f VLLM::Worker")
    ready = until_ready(pair, HEAD)

    assert ready.startswith("ready: ")
    assert 200 == ask(pair, ASK, KEY).status_code
    assert not set(before) & {on_the_machine(pair, name, PROCESS) for name in (HEAD, WORKER)}


def test_a_worker_that_reboots_joins_again(pair: Project) -> None:
    """The head waits for it, with its engine stopped."""
    Machines(pair.home).reboot(pair.instance(WORKER))
    ready = until_ready(pair, HEAD)

    assert ready.startswith("ready: ")
    assert 200 == ask(pair, ASK, KEY).status_code
