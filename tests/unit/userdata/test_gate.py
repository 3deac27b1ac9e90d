"""What the gate lets through, with the machine's Caddyfile in a real Caddy."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.unit.userdata import gate, h2c
from tests.unit.userdata.gate import KEY, Engine, call, client

pytestmark = pytest.mark.skipif(gate.CADDY is None, reason="caddy is not on PATH (tests/requirements.txt has it)")

OPENAI = [
    ("POST", "/v1/chat/completions"),
    ("POST", "/v1/completions"),
    ("POST", "/v1/embeddings"),
    ("POST", "/v1/responses"),
    ("POST", "/v1/responses/resp_1/cancel"),
    ("GET", "/v1/responses/resp_1"),
    ("DELETE", "/v1/responses/resp_1"),
    ("GET", "/v1/models"),
    ("GET", "/v1/models?limit=1"),
    ("GET", "/v1/models/Qwen3-8B"),
    ("GET", "/v1/models/Qwen/Qwen3-8B"),
    ("GET", "/v1/models/Qwen%2FQwen3-8B"),
]

# The engines' own routes, from the tables of vLLM and SGLang.
ENGINE = """
/ /docs /redoc /openapi.json /metrics /ping /version /load /server_info /health_generate /ready /kv_event_sources
/invocations /generative_scoring /generate /encode /classify /pooling /score /rerank /v1/score /v1/rerank
/v2/rerank /tokenize /detokenize /v1/tokenize /v1/messages /v1/audio/transcriptions /v1/load_lora_adapter
/v1/decisions /pause /resume /sleep /wake_up /is_sleeping /collective_rpc /reset_prefix_cache /flush_cache
/abort_request /abort_requests /scale_elastic_ep /is_scaling_elastic_ep /update_weights_from_disk /init_weights
/get_weights_by_name /start_profile /stop_profile /set_internal_state /inference/v1/generate /get_model_info
/api/generate /api/chat /cohere/v2/embed /debug/pprof/ /config/
"""

# Ways to mean another path, or the same one by another spelling.
SPELLINGS = [
    "//v1/models",
    "/v1//models",
    "/v1/models/",
    "/v1/models/..",
    "/v1/models/../../invocations",
    "/v1/models/%2e%2e/%2e%2e/invocations",
    "/v1/models/x/../../../invocations",
    "/v1/models/a/b/c",
    "/v1/models%2fx",
    "/v1/../invocations",
    "/v1/chat/completions/../../../invocations",
    "/v1/chat/completions%2f..%2f..%2f..%2finvocations",
    "/v1/chat%2fcompletions",
    "/%76%31/models",
    "/V1/models",
    "/v1/models;x",
    "/v1/models%00",
    "/v1\\models",
    "/health/",
    "/health?x=1",
    "/health%2f..%2fmetrics",
    "/./health",
]


class Pair(NamedTuple):
    """A running gate and the engine behind it."""

    port: int
    engine: Engine
    folder: Path


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Run the gate before an engine."""
    folder = tmp_path_factory.mktemp("gate")
    (folder / "api_key").write_text(KEY)
    with gate.engine() as engine, gate.gate(folder, engine.server_port) as port:
        yield Pair(port, engine, folder)


@pytest.mark.parametrize(("method", "target"), OPENAI)
def test_openai_route_with_key(pair: Pair, method: str, target: str) -> None:
    """An OpenAI route reaches the engine exactly as it was asked for."""
    assert (200, json.dumps({"path": target})) == call(pair.port, method, target)


@pytest.mark.parametrize(("method", "target"), OPENAI)
@pytest.mark.parametrize("key", [None, "", "wrong", KEY[:-1], KEY + "x", "*", f"{KEY} x", f" {KEY}"])
def test_openai_route_without_the_key(pair: Pair, method: str, target: str, key: str | None) -> None:
    """Without the key an OpenAI route answers 401 and the engine hears nothing."""
    before = len(pair.engine.seen)

    status, text = call(pair.port, method, target, key)

    assert (401, before) == (status, len(pair.engine.seen))
    assert json.loads(text)["error"]["code"] == 401


@pytest.mark.parametrize("target", [*ENGINE.split(), *SPELLINGS])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_other_route(pair: Pair, method: str, target: str) -> None:
    """Every other route, and every other spelling of a route, is 404 or refused, with the key and without."""
    before = len(pair.engine.seen)

    answers = {call(pair.port, method, target, key)[0] for key in (KEY, None)}

    assert (True, before) == (answers <= {404, 400}, len(pair.engine.seen))


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "CONNECT", "TRACE"])
def test_other_method(pair: Pair, method: str) -> None:
    """A method that the route does not have is 404."""
    assert call(pair.port, method, "/v1/chat/completions")[0] in {404, 405}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_health_is_open(pair: Pair, method: str) -> None:
    """A load balancer may ask for health without the key."""
    assert call(pair.port, method, "/health", key=None)[0] == 200


def test_the_engine_does_not_see_the_key(pair: Pair) -> None:
    """Authorization ends at the gate."""
    call(pair.port, "POST", "/v1/completions")

    assert "authorization" not in pair.engine.seen[-1][2]


def test_the_log_does_not_hold_the_key(pair: Pair) -> None:
    """The access log has the request and no trace of its Authorization header."""
    call(pair.port, "POST", "/v1/completions?marked=1")

    log = (pair.folder / "log").read_text()
    assert "marked=1" in log
    assert (False, False) == (KEY in log, "Authorization" in log)


@pytest.mark.parametrize("kind", ["text/event-stream", "application/json"])
def test_stream_is_not_buffered(pair: Pair, kind: str) -> None:
    """The first piece arrives while the engine still holds back the second, whatever the stream calls itself."""
    pair.engine.go.clear()
    chat = "/v1/chat/completions"
    with client(pair.port) as http, http.stream("POST", chat, json={"stream": True}, headers={"Accept": kind}) as reply:
        pieces = reply.iter_raw()
        first = next(pieces)
        held = not pair.engine.go.is_set()
        pair.engine.go.set()

        assert (b"data: one\n\n", True, b"data: [DONE]\n\n") == (first, held, b"".join(pieces))


def test_request_over_the_limit(pair: Pair) -> None:
    """A body over LLM_MAX_REQUEST_MIB is 413, one under it passes."""
    with client(pair.port) as http:
        statuses = [http.post("/v1/completions", content=b"x" * size).status_code for size in (1 << 20, (1 << 20) + 1)]

    assert [200, 413] == statuses


def test_chunked_request_over_the_limit(pair: Pair) -> None:
    """A body that does not tell its length has the same limit."""
    with client(pair.port) as http:
        assert http.post("/v1/completions", content=iter([b"x" * 700_000] * 2)).status_code == 413


def test_refusal_says_how_to_ask(pair: Pair) -> None:
    """401 names the scheme, as HTTP wants it."""
    with client(pair.port, key=None) as http:
        assert http.get("/v1/models").headers["WWW-Authenticate"] == "Bearer"


def test_rotated_key(pair: Pair) -> None:
    """A key file rewritten in place counts from the next request on, without a restart."""
    rotated = "rotated-key"
    (pair.folder / "api_key").write_text(rotated)
    statuses = [call(pair.port, "GET", "/v1/models", key)[0] for key in (rotated, KEY)]
    (pair.folder / "api_key").write_text(KEY)

    assert [200, 401] == statuses


def test_http2_without_tls(pair: Pair) -> None:
    """HTTP/2 with prior knowledge meets the same gate."""
    answers = [h2c.post(pair.port, "/v1/completions", {"authorization": f"Bearer {key}"}) for key in (KEY, "wrong")]

    assert [200, 401] == answers


@pytest.mark.parametrize("content", ["", None])
def test_no_key_file_opens_nothing(pair: Pair, content: str | None) -> None:
    """With an empty or missing key file an empty token is still refused, also where HTTP/2 keeps its trailing space."""
    path = pair.folder / "api_key"
    path.write_text("")
    if content is None:
        path.unlink()
    tokens = ["Bearer ", "Bearer", "Bearer  ", "", f"Bearer {KEY}", "Bearer {file." + str(path) + "}"]
    answers = {h2c.post(pair.port, "/v1/completions", {"authorization": token}) for token in tokens}
    path.write_text(KEY)

    assert {401} == answers


def test_engine_down(tmp_path: Path) -> None:
    """While no engine listens the gate answers 503 and says when to come back, but 401 first."""
    (tmp_path / "api_key").write_text(KEY)
    with gate.gate(tmp_path, 1) as port:
        with client(port) as http:
            reply = http.get("/v1/models")
        bare = call(port, "GET", "/v1/models", key=None)[0]

    assert (503, "10", 401) == (reply.status_code, reply.headers["Retry-After"], bare)
