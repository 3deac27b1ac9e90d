"""The stand-in engines on two nodes: how they meet, answer together, and end when one of them is gone."""

import json
import os
import socket
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts.localcloud.machines.engine import vllm

HEAD, WORKER = "127.0.0.1", "127.0.0.2"
SECONDS = 20
"""More than any step takes."""

LAUNCH = """
import sys
from scripts.localcloud.machines.engine import faults, meeting, {engine}
faults.gpus = lambda: 1
meeting.JOIN_SECONDS = {patience}
sys.exit({engine}.main(sys.argv[1:]))
"""
"""Runs an engine as if it had been given a GPU."""

Node = subprocess.Popen[bytes]


def free_ports() -> tuple[int, int]:
    """Return two ports that nobody listens on."""
    with socket.socket() as one, socket.socket() as other:
        one.bind(("", 0))
        other.bind(("", 0))
        return one.getsockname()[1], other.getsockname()[1]


def weights(folder: Path) -> Path:
    """Return *folder* with a model in it."""
    header = json.dumps({"w": {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]}}).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + b"\0\0")
    for name in ("config.json", "tokenizer_config.json"):
        (folder / name).write_text("{}")
    return folder


class Pair:
    """Two nodes of one *engine* on two loopback addresses."""

    def __init__(self, engine: str, folder: Path) -> None:
        self.engine, self.folder, self.model = engine, folder, weights(folder)
        self.http, self.master = free_ports()
        self.patience = SECONDS
        self.started: list[Node] = []

    def argv(self, rank: int) -> list[str]:
        """Return the command line of node *rank*, without its parallelism."""
        common = ["--nnodes", "2", "--node-rank", str(rank)]
        if self.engine == "sglang":
            http = ["--host", (HEAD, WORKER)[rank], "--port", str(self.http)]
            return ["--model-path", str(self.model), *http, *common, "--dist-init-addr", f"{HEAD}:{self.master}"]
        http = ["--headless"] if rank else ["--host", HEAD, "--port", str(self.http)]
        return ["serve", str(self.model), *http, *common, "--master-addr", HEAD, "--master-port", str(self.master)]

    def start(self, rank: int, *more: str, **variables: str) -> Node:
        """Start node *rank*."""
        own = {"VLLM_HOST_IP": (HEAD, WORKER)[rank], "SGLANG_HOST_IP": (HEAD, WORKER)[rank]}
        words = [
            sys.executable,
            "-c",
            LAUNCH.format(engine=self.engine, patience=self.patience),
            *self.argv(rank),
            *more,
        ]
        with self.log(rank).open("w") as log:
            self.started.append(subprocess.Popen(words, env=os.environ | own | variables, stderr=log))
        return self.started[-1]

    def log(self, rank: int) -> Path:
        """Return what node *rank* says."""
        return self.folder / f"{rank}.log"

    def both(self) -> tuple[Node, Node]:
        """Start both nodes and wait until rank 0 is healthy."""
        nodes = self.start(0, "--tensor-parallel-size", "2"), self.start(1, "--tensor-parallel-size", "2")
        until(lambda: self.status("/health") == 200)
        return nodes

    def status(self, path: str, body: object = None, address: str = HEAD) -> int:
        """Return what a node answers on *path*, 0 when nobody listens."""
        data = json.dumps(body).encode() if body else None
        try:
            with urllib.request.urlopen(f"http://{address}:{self.http}{path}", data, timeout=SECONDS) as reply:
                return int(reply.status)
        except urllib.error.HTTPError as problem:
            with problem:
                return problem.code
        except OSError:
            return 0

    def complete(self) -> int:
        """Return the status of a completion."""
        return self.status("/v1/completions", {"prompt": "hi", "max_tokens": 1})

    def end(self) -> None:
        """End what still runs."""
        for node in self.started:
            node.kill()
            node.wait()


def until(fact: Callable[[], bool]) -> None:
    """Wait for *fact*."""
    deadline = time.monotonic() + SECONDS
    while not fact():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Callable[[str], Pair]]:
    """Return a maker of pairs that are gone after the test."""
    made: list[Pair] = []

    def make(engine: str) -> Pair:
        made.append(Pair(engine, tmp_path))
        return made[-1]

    yield make
    for one in made:
        one.end()


def test_vllm_seems_healthy_until_it_is_asked(pair: Callable[[str], Pair]) -> None:
    """Without its worker /health stays 200, the next completion is a 500, and then it ends with 0."""
    one = pair("vllm")
    head, worker = one.both()
    assert 200 == one.complete()

    worker.kill()
    worker.wait()

    assert (200, 500) == (one.status("/health"), one.complete())
    assert 0 == head.wait(SECONDS)


def test_vllms_worker_does_not_notice_the_end_of_its_head(pair: Callable[[str], Pair]) -> None:
    """It has to be told by a signal of its own."""
    one = pair("vllm")
    head, worker = one.both()

    head.terminate()
    assert 0 == head.wait(SECONDS)
    with pytest.raises(subprocess.TimeoutExpired):
        worker.wait(0.5)
    worker.terminate()

    assert 0 == worker.wait(SECONDS)


@pytest.mark.parametrize("lost", [0, 1])
def test_sglang_ends_by_itself_when_a_node_is_gone(pair: Callable[[str], Pair], lost: int) -> None:
    """Its watchdog does it, on either node, killing all there is."""
    one = pair("sglang")
    nodes = one.both()

    nodes[lost].kill()

    assert 137 == nodes[1 - lost].wait(SECONDS)


def test_sglangs_worker_is_always_healthy_and_ends_with_its_head(pair: Callable[[str], Pair]) -> None:
    """It answers nothing but health, and SIGTERM alone does not end it."""
    one = pair("sglang")
    head, worker = one.both()
    assert (200, 404) == (one.status("/health", address=WORKER), one.status("/v1/models", address=WORKER))

    worker.terminate()
    assert 200 == one.complete()
    head.terminate()

    assert (0, 0) == (head.wait(SECONDS), worker.wait(SECONDS))


@pytest.mark.parametrize("engine", ["vllm", "sglang"])
def test_the_head_waits_for_its_worker(pair: Callable[[str], Pair], engine: str) -> None:
    """It listens on every address, and serves nothing yet."""
    one = pair(engine)
    one.start(0, "--tensor-parallel-size", "2")
    until(lambda: not _refused(WORKER, one.master))

    assert 0 == one.status("/health")


def _refused(address: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((address, port)) != 0


def test_nodes_that_split_the_model_differently_never_meet(pair: Callable[[str], Pair]) -> None:
    """The real ones wait, too, until torch's time is over."""
    one = pair("vllm")
    one.patience = 1
    head, worker = one.start(0, "-tp", "2"), one.start(1, "-pp", "2")

    assert (1, 1) == (head.wait(SECONDS), worker.wait(SECONDS))
    assert "Timed out after 601 seconds waiting for clients. 1/2 clients joined." in one.log(0).read_text()
    assert f"timed out after 600000ms while trying to connect to ({HEAD}, {one.master})" in one.log(1).read_text()


def test_a_node_that_cannot_load_ends_the_other(pair: Callable[[str], Pair]) -> None:
    """The head has read everything and hears that the connection is closed."""
    one = pair("vllm")
    head = one.start(0, "-tp", "2")
    one.model = one.model / "missing"
    worker = one.start(1, "-tp", "2")

    assert (1, 1) == (head.wait(SECONDS), worker.wait(SECONDS))
    assert f"Connection closed by peer [{WORKER}]" in one.log(0).read_text()


@pytest.mark.parametrize(
    ("variables", "error"),
    [
        ({"GLOO_SOCKET_IFNAME": "eth7"}, "Unable to find interface for: eth7"),
        ({"VLLM_HOST_IP": "192.0.2.1"}, "ZMQError: Cannot bind tcp://192.0.2.1: Cannot assign requested address"),
    ],
)
def test_a_wrong_interface_or_address_is_refused(
    pair: Callable[[str], Pair], variables: dict[str, str], error: str
) -> None:
    """Both come from the machine's own look at its routes."""
    one = pair("vllm")

    assert 1 == one.start(0, "-tp", "2", **variables).wait(SECONDS)
    assert error in one.log(0).read_text()


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("-tp 3 --nnodes 2", "`--nnodes 2` must evenly divide the total world size (3)."),
        ("-tp 2 --nnodes 2 --node-rank 2", "`--node-rank` must be between 0 and 1; got `--node-rank 2`."),
        ("-tp 2 --nnodes 2 --distributed-executor-backend ray", "nnodes > 1 can only be set when distributed executor"),
        ("-tp 2 --nnodes 2 --node-rank 1", "collective_rpc should not be called on follower node"),
    ],
)
def test_vllm_refuses_nodes_that_cannot_work_together(
    words: str, error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before it looks for GPUs or for the others."""
    assert 1 == vllm.main(["serve", "/model", *words.split()])
    assert error in capsys.readouterr().err


def test_too_few_gpus_name_both_ways_out(pair: Callable[[str], Pair]) -> None:
    """Ray, or the engine's own nodes."""
    one = pair("vllm")
    one.start(0, "-tp", "2", "--nnodes", "1").wait(SECONDS)
    said = one.log(0).read_text()

    assert "World size (2) is larger than the number of available GPUs (1) in this node." in said
    assert "- ray, set '--distributed-executor-backend ray'.\n" in said
    assert "- multiprocessing, set '--nnodes' appropriately.\n" in said
