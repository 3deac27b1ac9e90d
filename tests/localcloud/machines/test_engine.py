"""The stand-in engine has the real ones' command lines, routes and refusals."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from scripts.localcloud.machines.engine import arguments, vllm
from scripts.localcloud.machines.engine.app import App
from scripts.localcloud.machines.engine.generate import Engine
from scripts.localcloud.machines.engine.http import serve
from scripts.localcloud.machines.engine.routes import SAMPLES, SGLANG, VLLM, VLLM_DEVELOPMENT, Route
from scripts.localcloud.machines.engine.sglang import Sglang
from scripts.localcloud.machines.engine.vllm import Vllm

KEY = "an-engine-key"


def make_vllm(keys: list[str]) -> App:
    """Return vLLM's application."""
    return Vllm(Engine(["tiny"], 100), "/model").app(keys, docs=True)


def make_sglang(keys: list[str]) -> App:
    """Return SGLang's application."""
    return Sglang(Engine(["tiny"], 100, check_names=False), "/model").app(keys, metrics=True)


def ask(app: App, method: str, path: str, body: object = None, key: str = "") -> tuple[int, str]:
    """Return status and text of one request to *app* over a real connection."""

    async def talk() -> tuple[int, str]:
        server = await serve("127.0.0.1", 0, app.answer)
        port = server.sockets[0].getsockname()[1]
        async with server:
            return await asyncio.to_thread(_send, f"http://127.0.0.1:{port}{path}", method, body, key)

    return asyncio.run(talk())


def _send(url: str, method: str, body: object, key: str) -> tuple[int, str]:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310 - loopback
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as problem:
        with problem:
            return problem.code, problem.read().decode()


def _name(value: object) -> str | None:
    return f"{value.method} {value.path}" if isinstance(value, Route) else None


@pytest.mark.parametrize(
    ("make", "route"),
    [*((make_vllm, route) for route in VLLM), *((make_sglang, route) for route in SGLANG)],
    ids=_name,
)
def test_every_route_answers_as_the_table_says(make: Callable[[list[str]], App], route: Route) -> None:
    """The table is what the real vLLM is compared with, too."""
    body = SAMPLES[route.kind] if route.method == "POST" else None

    statuses = tuple(ask(make([KEY]), route.method, route.path, body, key)[0] for key in ("", KEY))

    assert (route.without_key, route.with_key) == statuses


def test_development_mode_opens_more_routes(monkeypatch: pytest.MonkeyPatch) -> None:
    """With VLLM_SERVER_DEV_MODE=1 they need no key."""
    monkeypatch.setenv("VLLM_SERVER_DEV_MODE", "1")

    assert [200] * len(VLLM_DEVELOPMENT) == [
        ask(make_vllm([KEY]), route.method, route.path)[0] for route in VLLM_DEVELOPMENT
    ]


CHAT: dict[str, Any] = {"model": "tiny", "messages": [{"role": "user", "content": "hello there"}]}


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("/v1/chat/completions", CHAT, 200, '"content": "You said: hello there - and this is'),
        ("/v1/chat/completions", CHAT | {"max_tokens": 2}, 200, '"content": "You said:", '),
        ("/v1/chat/completions", CHAT | {"model": "huge"}, 404, "The model `huge` does not exist."),
        ("/v1/chat/completions", CHAT | {"max_tokens": 99}, 400, "maximum context length is 100 tokens"),
        ("/v1/chat/completions", CHAT | {"max_tokens": 0}, 400, "max_tokens must be at least 1, got 0."),
        ("/v1/chat/completions", CHAT | {"tools": [{}]}, 400, "requires --enable-auto-tool-choice"),
        ("/v1/chat/completions", {"model": "tiny"}, 400, "messages: Field required"),
        ("/v1/chat/completions", [1], 400, "the body must be a JSON object"),
        ("/v1/completions", {"prompt": "hi"}, 200, '"text": "You said: hi'),
        ("/v1/responses", {"input": "hi"}, 200, '"output_text", "text": "You said: hi'),
        ("/v1/models", None, 405, "Method Not Allowed"),
    ],
)
def test_completions_and_their_refusals(path: str, body: object, status: int, said: str) -> None:
    """Statuses and words are vLLM's."""
    answered, text = ask(make_vllm([]), "POST", path, body)

    assert status == answered
    assert said in text


def test_a_stream_ends_with_the_usage_and_done() -> None:
    """One event per token, then the reason, the usage that was asked for, and the end."""
    body = CHAT | {"stream": True, "stream_options": {"include_usage": True}, "max_tokens": 2}

    events = ask(make_vllm([]), "POST", "/v1/chat/completions", body)[1].split("\n\n")
    parsed = [json.loads(event.removeprefix("data: ")) for event in events[:-2]]

    assert ["data: [DONE]", ""] == events[-2:]
    assert ["", "You", " said:"] == [event["choices"][0]["delta"].get("content") for event in parsed[:3]]
    assert "length" == parsed[3]["choices"][0]["finish_reason"]
    assert {"prompt_tokens": 2, "total_tokens": 4, "completion_tokens": 2} == parsed[4]["usage"]


def test_the_counters_count() -> None:
    """Generated tokens rise by what was generated; nothing is left running."""
    app = make_vllm([])
    ask(app, "POST", "/v1/completions", {"prompt": "hi", "max_tokens": 3})

    text = ask(app, "GET", "/metrics")[1]

    assert 'vllm:generation_tokens_total{engine="0",model_name="tiny"} 3.0\n' in text
    assert 'vllm:num_requests_running{engine="0",model_name="tiny"} 0.0\n' in text


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("serve /model --enable-reasoning", "unrecognized arguments: --enable-reasoning"),
        ("serve /model --swap-space 4", "unrecognized arguments: --swap-space 4"),
        ("serve /model --tp 2", "unrecognized arguments: --tp 2"),
        ("serve /model --tensor-parallel-size two", "argument --tensor-parallel-size/-tp: invalid int value: 'two'"),
        ("serve /model --kv-cache-dtype fp4", "argument --kv-cache-dtype: invalid choice: 'fp4'"),
    ],
)
def test_vllm_refuses_flags_as_its_parser_does(words: str, error: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2 and argparse's words."""
    with pytest.raises(SystemExit) as end:
        vllm.main(words.split())

    assert 2 == end.value.code
    assert error in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("serve /model --gpu-memory-utilization 1.5", "GPU memory utilization must be in (0, 1]. Got 1.5."),
        ("serve /model --tool-call-parser qwen3 --enable-auto-tool-choice", "invalid tool call parser: qwen3"),
        ("serve /model --reasoning-parser qwen_3", "Reasoning parser 'qwen_3' not found."),
        ("serve /model --enable-auto-tool-choice", "--enable-auto-tool-choice requires --tool-call-parser"),
        ("serve /model", "No CUDA GPUs are available"),
    ],
)
def test_vllm_fails_at_its_start_where_the_real_one_does(
    words: str, error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What parses and cannot work ends with 1 and a traceback."""
    assert 1 == vllm.main(words.split())
    assert error in capsys.readouterr().err


def test_the_parsers_take_the_forms_that_the_real_ones_take() -> None:
    """Short flags, underscores, human numbers; SGLang's abbreviations unless they are ambiguous."""
    words = vllm.normalized(["/m", "-tp", "2", "--max_model_len=32k", "--no-enable-prefix-caching"])
    parsed = arguments.vllm_parser().parse_args(words)

    assert (2, 32_000, False) == (parsed.tensor_parallel_size, parsed.max_model_len, parsed.enable_prefix_caching)
    assert 40960 == arguments.human_integer("40K")
    assert 8 == arguments.sglang_parser().parse_args(["--model-path", "/m", "--tp", "8"]).tp_size
    with pytest.raises(SystemExit):
        arguments.sglang_parser().parse_args(["--model-path", "/m", "--pp", "2"])
    with pytest.raises(SystemExit):
        arguments.sglang_parser().parse_args(["--model-path", "/m", "--reasoning-parser", "deepseek_r1"])
