"""The dev stack, up: its exported endpoint answers through the booted machine's own files."""

import time
from collections.abc import Iterator

import httpx
import openai
import pytest

from tests.stack.project import SENTINEL, Project

pytestmark = pytest.mark.machine

ASK = {"model": "Qwen/Qwen3-8B", "messages": [{"role": "user", "content": "Who are you?"}], "max_tokens": 16}


@pytest.fixture
def client(booted: Project) -> Iterator[openai.OpenAI]:
    """Lend the official client, pointed at the stack's outputs."""
    key = booted.output("apiKey")
    with openai.OpenAI(base_url=booted.output("endpoint"), api_key=key, max_retries=0) as client:
        yield client


def test_the_outputs_say_how_to_call(booted: Project) -> None:
    """The endpoint ends in /v1, the key is the one given, and the curl line holds no key."""
    assert booted.output("endpoint").endswith(":8000/v1")
    assert (SENTINEL, "Qwen/Qwen3-8B") == (booted.output("apiKey"), booted.output("model"))
    assert "--show-secrets" in booted.output("curl")
    assert SENTINEL not in booted.local("output").stdout + booted.output("curl")


def test_the_official_client_completes(client: openai.OpenAI) -> None:
    """A chat completion without streaming has a message and a token count."""
    answer = client.chat.completions.create(**ASK)  # type: ignore[call-overload]  # a plain dict of arguments

    assert answer.choices[0].message.content
    assert answer.usage.completion_tokens


def test_the_official_client_streams(client: openai.OpenAI) -> None:
    """A streamed completion arrives in many chunks, spread over time."""
    times = [time.monotonic() for _ in client.chat.completions.create(**ASK, stream=True)]  # type: ignore[call-overload]

    assert len(times) > 4
    assert len(set(times)) == len(times)


def test_the_official_client_lists_the_model(client: openai.OpenAI) -> None:
    """The model list names the served model."""
    assert ["Qwen/Qwen3-8B"] == [model.id for model in client.models.list()]


@pytest.mark.parametrize(
    ("method", "path", "key", "status"),
    [
        ("GET", "/v1/models", SENTINEL, 200),
        ("GET", "/v1/models", "", 401),
        ("GET", "/v1/models", "wrong-key-0123456789", 401),
        ("POST", "/v1/chat/completions", "", 401),
        ("GET", "/health", "", 200),
        ("POST", "/invocations", SENTINEL, 404),
        ("POST", "/tokenize", SENTINEL, 404),
        ("GET", "/metrics", SENTINEL, 404),
        ("GET", "/docs", SENTINEL, 404),
        ("POST", "/pause", SENTINEL, 404),
        ("POST", "/sleep", SENTINEL, 404),
        ("GET", "//v1/models", SENTINEL, 404),
        ("GET", "/v1/../metrics", SENTINEL, 404),
    ],
)
def test_the_gate_decides(booted: Project, method: str, path: str, key: str, status: int) -> None:
    """Only the OpenAI routes and /health pass, and the former only with the key."""
    base = booted.output("endpoint").removesuffix("/v1")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    # A raw path: the client would tidy it before it is sent.
    url = httpx.URL(base).copy_with(raw_path=path.encode())

    assert status == httpx.request(method, url, headers=headers, json=ASK).status_code
