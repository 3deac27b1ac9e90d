"""The real vLLM on a tiny model, started by the booted machine's own files, answers behind the gate."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.stack import real_vllm
from tests.stack.project import Project
from tests.stack.real_vllm import ASK, KEY, NAME, ask, on_the_machine, until_ready

pytestmark = [pytest.mark.vllm, pytest.mark.machine]

MACHINE = "llm"
CHAT = {"model": NAME, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 1}

INSIDE = """
import json, sys, urllib.error, urllib.request
for method, path, body in json.loads(sys.argv[1]):
    data = json.dumps(body).encode() if body else None
    head = {"Content-Type": "application/json"}
    request = urllib.request.Request("http://engine:8000" + path, data, head, method=method)
    try:
        status = urllib.request.urlopen(request).status
    except urllib.error.HTTPError as problem:
        status = problem.code
    print(method, path, status)
"""
"""Asks the engine from inside its own container network."""

CLOSED: list[tuple[str, str, dict[str, Any] | None]] = [
    ("POST", "/invocations", CHAT),
    ("POST", "/tokenize", {"model": NAME, "prompt": "hi"}),
    ("POST", "/detokenize", {"model": NAME, "tokens": [1]}),
    ("GET", "/metrics", None),
    ("GET", "/version", None),
    ("GET", "/docs", None),
    ("GET", "/openapi.json", None),
]
"""Open in vLLM, key or not."""


@pytest.fixture(scope="module")
def real(bootable: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:  # noqa: ARG001 - it may skip
    """Return the dev stack, up, with the real vLLM in the place of the stand-in."""
    real_vllm.require()
    # Without it vLLM would compile for the CPU, for a minute, with a compiler that a laptop may lack.
    one = Project(tmp_path_factory.mktemp("real"), {"extraEngineArgs": ["--enforce-eager"]})
    real_vllm.use(one)
    up = one.local("up")
    assert up.returncode == 0, up.stdout
    yield one
    one.local("down")


def test_a_completion_needs_the_key(real: Project) -> None:
    """With it there are eight tokens, without it a refusal."""
    assert (401, 401) == (ask(real, ASK, {}).status_code, ask(real, ASK, {"Authorization": "Bearer no"}).status_code)
    assert 8 == ask(real, ASK, KEY).json()["usage"]["completion_tokens"]


def test_a_stream_is_not_buffered(real: Project) -> None:
    """Of two thousand tokens the first comes long before the last."""
    body = ASK | {"max_tokens": 2000, "stream": True}
    url = f"{real.output('endpoint')}/completions"
    began = time.monotonic()
    with httpx.stream("POST", url, json=body, headers=KEY, timeout=60) as reply:
        arrived = [(time.monotonic() - began, line) for line in reply.iter_lines() if line]

    assert "data: [DONE]" == arrived[-1][1]
    assert len(arrived) > 1000
    assert arrived[0][0] < arrived[-1][0] / 2


def test_only_the_gate_closes_what_vllm_leaves_open(real: Project) -> None:
    """The same calls are answered inside the engine's network, without a key, and not from outside, with the key."""
    base = real.output("endpoint").removesuffix("/v1")
    words = f"docker exec llm-engine-1 python3 -c '{INSIDE}' '{json.dumps(CLOSED)}'"

    assert [f"{method} {path} 200" for method, path, _ in CLOSED] == on_the_machine(real, MACHINE, words).splitlines()
    assert [404] * len(CLOSED) == [
        httpx.request(method, base + path, json=body, headers=KEY).status_code for method, path, body in CLOSED
    ]


def test_the_watch_reads_the_engines_counters(real: Project) -> None:
    """Its own function sees the tokens of one completion go by, and nothing waiting."""
    counters = ". /opt/llm/lib.sh; eval \"$(sed -n '/^counters()/,/^}/p' /opt/llm/bin/watch)\"; counters"
    before = on_the_machine(real, MACHINE, counters).split()
    usage = ask(real, ASK | {"max_tokens": 64}, KEY).json()["usage"]
    after = on_the_machine(real, MACHINE, counters).split()

    assert "0" == before[1] == after[1]
    assert int(after[0]) - int(before[0]) >= usage["total_tokens"] >= 64


def test_a_dead_engine_is_started_again(real: Project) -> None:
    """Its core process is killed under the server, which then ends by itself: the unit brings both back."""
    process = "docker inspect --format '{{.State.Pid}}' llm-engine-1"
    before = on_the_machine(real, MACHINE, process)

    on_the_machine(real, MACHINE, "pkill -9 -f VLLM::EngineCore")
    ready = until_ready(real, MACHINE)

    assert ready.startswith("ready: ")
    assert before != on_the_machine(real, MACHINE, process)
    assert 200 == ask(real, ASK, KEY).status_code
