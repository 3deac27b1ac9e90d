"""The line between two nodes: what each learns of the other, when both serve, and when both begin again."""

import json
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.userdata import lifeline
from tests.unit.userdata.lifeline import Node, until
from tests.unit.userdata.programs import program

READY = "done 1\nnode 1 (127.0.0.1) is ready\n"


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[tuple[Node, Node]]:
    """Return head and worker; nothing of them runs longer than the test."""
    both = lifeline.pair(tmp_path)
    yield both
    for node in both:
        node.signal(signal.SIGCONT)
        node.signal(signal.SIGKILL)


def joined(nodes: tuple[Node, Node], lost_seconds: float = 60) -> tuple[Node, Node]:
    """Return *nodes* once both serve together, as runs a and b."""
    for node, run in zip(nodes, "ab", strict=True):
        node.write("run", run)
        node.start(lost_seconds)
    assert until(lambda: bool(nodes[0].read("pair") and nodes[1].read("pair")))
    return nodes


@pytest.mark.parametrize(
    ("kept", "word"), [((), "measure"), ((0,), "measure"), ((1,), "measure"), ((0, 1), "measured")]
)
def test_both_agree_to_begin(nodes: tuple[Node, Node], kept: tuple[int, ...], word: str) -> None:
    """When both are ready each is told so, and whether the link is to be measured: where either has no result."""
    for rank in kept:
        nodes[rank].write("link", "18 GB/s\n")

    head, worker = joined(nodes)

    assert (f"a {word}", f"b {word}") == (head.read("pair"), worker.read("pair"))
    assert head.gets("status/worker", READY)


def test_one_that_is_not_ready_is_waited_for(nodes: tuple[Node, Node]) -> None:
    """The head shows how far the worker is, whichever of them came first, and the worker how far the head is."""
    head, worker = nodes
    worker.start()
    assert until(lambda: "does not answer on 127.0.0.1:" in worker.read("status/head"))
    worker.status("key", "done 1\nfine\n")
    worker.status("disk", "done 1\nfine\n")
    worker.status("weights", "running 1\n3 of 163 shards\n")
    head.write("run", "a")
    head.status("key", "running 1\nasking\n")
    head.start()

    assert head.gets("status/worker", "running 1\nnode 1 (127.0.0.1), weights: 3 of 163 shards\n")
    assert worker.gets("status/head", "done 1\nnode 0 (127.0.0.1) is there, key: asking\n")
    assert "" == head.read("pair") == worker.read("pair")


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        ("fatal 1\nno room\n", "fatal 1\nnode 1 (127.0.0.1), disk: no room\n"),
        ("failed 2\nno disk\n", "running 1\nnode 1 (127.0.0.1), disk: no disk\n"),
        ("failed 3\nno disk\n", "failed 3\nnode 1 (127.0.0.1), disk: no disk\n"),
    ],
)
def test_a_phase_of_the_worker_that_gave_up(nodes: tuple[Node, Node], status: str, shown: str) -> None:
    """It is the head's as well: hopeless at once, else after three failures in a row."""
    head, worker = nodes
    worker.status("key", "done 1\nfine\n")
    worker.status("disk", status)
    head.start()
    worker.start()

    assert head.gets("status/worker", shown)
    assert shown.startswith("running") or shown == head.read("status/.worker")


def test_a_worker_that_never_calls(nodes: tuple[Node, Node]) -> None:
    """The head waits as long as it is told to, and names what to look at."""
    head, _ = nodes
    head.settings["LLM_WORKER_MINUTES"] = "0"
    head.start()

    text = "node 1 has not called yet, for 0 minutes: look at that machine's console output"
    assert head.gets("status/worker", f"fatal 1\n{text}\n")


@pytest.mark.parametrize("ends", [0, 1])
def test_an_engine_that_ends_ends_both(nodes: tuple[Node, Node], ends: int) -> None:
    """The other node begins again, the one that ended does so by itself; neither old start is ever joined again."""
    joined(nodes)
    one, other = nodes[ends], nodes[1 - ends]

    one.remove("run")

    assert other.gets("restarts", "x")
    assert until(lambda: not one.read("pair") and not other.read("pair"))
    one.write("run", "c")
    one.status("key", "running 1\nready before the other\n")
    assert until(lambda: other.read("status/worker") == READY or "ready before" in other.read("status/head"))
    assert ("", "", "") == (one.read("restarts"), one.read("pair"), other.read("pair"))
    other.write("run", "d")
    assert one.gets("pair", "c measure")
    assert other.gets("pair", "d measure")


@pytest.mark.parametrize("gone", [0, 1])
def test_a_node_that_goes_and_comes(nodes: tuple[Node, Node], gone: int) -> None:
    """A closed line ends both; when the node is back, with a start of its own, both begin again together."""
    joined(nodes)
    lost, left = nodes[gone], nodes[1 - gone]

    lost.signal(signal.SIGKILL)

    assert left.gets("restarts", "x")
    assert until(lambda: "running 1\n" in left.read("status/head") + left.read("status/worker"))
    lost.remove("pair")
    lost.write("run", "c")
    left.write("run", "d")
    lost.start()
    assert lost.gets("pair", "c measure")
    assert left.gets("pair", "d measure")


def test_a_lifeline_that_begins_anew(nodes: tuple[Node, Node]) -> None:
    """What it joined before it died counts no more: its own node begins again too."""
    head, worker = joined(nodes)

    worker.signal(signal.SIGKILL)
    worker.start()

    assert worker.gets("restarts", "x")
    assert head.gets("restarts", "x")
    assert "" == worker.read("pair")


def test_silence_ends_the_line(nodes: tuple[Node, Node]) -> None:
    """A cut network closes nothing: no word for the time given is an end; the heartbeats prevent it otherwise."""
    head, worker = joined(nodes, 2)
    time.sleep(2.5)
    before = head.read("restarts")

    worker.signal(signal.SIGSTOP)

    assert head.gets("restarts", "x")
    assert "" == before
    assert head.gets("status/worker", "running 1\nnode 1 said nothing for 2 seconds\n")


def test_who_only_knocks_changes_nothing(nodes: tuple[Node, Node]) -> None:
    """A connection from the worker's own machine that says nothing, as a port scan's, does not part the nodes."""
    head, _ = joined(nodes)

    for _ in range(3):
        socket.create_connection(("127.0.0.1", head.port), 10).close()
    time.sleep(1)

    assert "a measure" == head.read("pair")
    assert head.gets("status/worker", READY)


def test_a_second_worker_is_refused(nodes: tuple[Node, Node]) -> None:
    """One that calls from another address hears who the worker is; the first one stays."""
    head, _ = joined(nodes)

    with socket.create_connection(("127.0.0.1", head.port), 10, ("127.0.0.2", 0)) as second:
        said = json.loads(second.makefile().readline())

    assert {"refused": "refuses 127.0.0.2, because 127.0.0.1 is node 1"} == said
    assert "a measure" == head.read("pair")
    assert head.gets("status/worker", READY)


def test_nodes_that_differ(nodes: tuple[Node, Node]) -> None:
    """What must be alike and is not stands on both, and this start of llm.service ends with it."""
    head, worker = nodes
    worker.write("facts.json", json.dumps({"MTU": 1500, "RDMA devices": 2}))
    for node, run in zip(nodes, "ab", strict=True):
        node.write("run", run)
        node.start()

    assert head.gets("status/worker", "fatal 1\nnode 1 (127.0.0.1) has MTU 1500, here 8500\n")
    assert worker.gets("status/head", "fatal 1\nnode 0 (127.0.0.1) has MTU 8500, here 1500\n")
    assert head.gets("pair", "a MTU 1500, here 8500")


def test_another_ray_token(nodes: tuple[Node, Node]) -> None:
    """Tokens are compared by their digests, those of two ready nodes, and the difference stands until a new start."""
    head, worker = nodes
    for node, token in ((head, "one"), (worker, "two")):
        (node.folder / "secrets").mkdir()
        node.write("secrets/ray_token", token)
        node.start()
    assert until(lambda: "is there" in worker.read("status/head"))
    before = head.read("status/worker").split()[0]
    for node, run in ((head, "a"), (worker, "b")):
        node.write("run", run)

    text = "node 1 (127.0.0.1) has Ray token (SHA-256) 3fc4ccfe7458, here 7692c3ad3540"
    assert head.gets("status/worker", f"fatal 1\n{text}\n")
    assert "running" == before
    for node in nodes:
        node.remove("run")
    # Once the worker has heard this, the head has seen that nobody is ready any more.
    head.write("again", "1")
    assert worker.gets("again", "1")
    assert f"fatal 1\n{text}\n" == head.read("status/worker")


def test_asking_again_reaches_the_worker(nodes: tuple[Node, Node]) -> None:
    """A worker that gave up forgets it and begins again; the head shows no old failure meanwhile."""
    head, worker = nodes
    worker.status("weights", "fatal 1\nno room\n")
    for node in nodes:
        node.start()
    assert until(lambda: "fatal" in head.read("status/worker"))

    head.write("again", "1")

    assert worker.gets("restarts", "x")
    assert "" == worker.read("status/weights")
    assert head.gets("status/worker", "running 1\nnode 1 (127.0.0.1), key: waiting\n")


def test_asking_again_leaves_a_worker_alone_that_is_well(nodes: tuple[Node, Node]) -> None:
    """Nothing is interrupted that has not given up."""
    head, worker = joined(nodes)

    head.write("again", "1")

    assert worker.gets("again", "1")
    assert ("", "b measure") == (worker.read("restarts"), worker.read("pair"))


def test_the_workers_engine_answers_through_the_head(nodes: tuple[Node, Node]) -> None:
    """Nobody asks a worker's engine: it is done when the head's is."""
    head, worker = joined(nodes)
    worker.status("engine", "running 2\nstarting\n")

    head.status("engine", "done 1\nm completed one token\n")

    assert worker.gets("status/engine", "done 1\nnode 0 answers\n")


def test_meet(tmp_path: Path) -> None:
    """A start of llm.service waits for its own name among what the lifeline joined."""
    meet, cloud = program("meet"), program("cloud")
    (tmp_path / "pair").write_text("another measure")
    answers = iter(["measured", "MTU 1500, here 8500"])
    meet.time = Clock(tmp_path, answers)

    assert "measured" == meet.main(str(tmp_path))
    with pytest.raises(cloud.FatalError, match="MTU 1500, here 8500"):
        meet.main(str(tmp_path))


class Clock:
    """Stands where meet.py sleeps: joins its run meanwhile."""

    def __init__(self, folder: Path, answers: Iterator[str]) -> None:
        self.folder, self.answers = folder, answers

    def sleep(self, _seconds: float) -> None:
        """Join the run that is offered."""
        run = (self.folder / "run").read_text()
        (self.folder / "pair").write_text(f"{run} {next(self.answers)}")
