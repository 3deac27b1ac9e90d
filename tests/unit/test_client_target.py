"""Where the clients find the endpoint and its key, and the sentence they say when they do not."""

import argparse
import os
import socket
import ssl
from pathlib import Path

import httpx
import pytest

from scripts.client.target import ClientError, Target, add_arguments, explain, find
from scripts.localcloud.inprocess.stack_file import StackFile
from tests.unit.client_process import smoke
from tests.unit.fake_openai import SENTINEL, FakeOpenAI

PULUMI = """#!/bin/sh
printf '%s\\n' "$*" >>"$0.asked"
case "$*" in
*" endpoint") echo "{url}" ;;
*" model") echo tiny ;;
*" apiKey --show-secrets") echo "{key}" ;;
*) exit 1 ;;
esac
"""
URLS = [
    ("http://10.0.0.8:8000", "http://10.0.0.8:8000/v1"),
    ("http://10.0.0.8:8000/", "http://10.0.0.8:8000/v1"),
    ("https://llm.example/v1/", "https://llm.example/v1"),
]
SENTENCES = [
    (
        ["http://127.0.0.1:1"],
        "http://127.0.0.1:1/v1: connection refused. Is it up, and is this address on its allow-list?",
    ),
    (["10.0.0.8:8000"], "URL: '10.0.0.8:8000' is no web address. Write it like http://10.0.0.8:8000/v1."),
    (["https://127.0.0.1:1", "--insecure-ca", "/dev/null"], "--insecure-ca: /dev/null holds no certificate"),
]

UNTRUSTED = ssl.SSLCertVerificationError(1, "certificate verify failed")
UNTRUSTED.verify_message = "self-signed certificate"
CAUSES: list[tuple[OSError, str]] = [
    (socket.gaierror(-2, "Name or service not known"), "no address is known for this name."),
    (OSError(113, "No route to host"), "no route to host."),
    (
        UNTRUSTED,
        "its certificate is not trusted (self-signed certificate). Name its authority with --insecure-ca FILE.",
    ),
]


def arguments(*words: str) -> argparse.Namespace:
    """Return the parsed arguments of a client."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(words)


@pytest.mark.parametrize(("given", "base"), URLS)
def test_a_url_may_be_written_with_or_without_v1(given: str, base: str) -> None:
    """The base URL ends in /v1, however it was typed."""
    assert base == find(arguments(given), {"LLM_API_KEY": SENTINEL}).endpoint


def test_the_stack_gives_endpoint_model_and_key(tmp_path: Path) -> None:
    """Without a URL the stack is asked, by name if one is given; the key comes out of its secret output."""
    pulumi = tmp_path / "pulumi"
    with FakeOpenAI(models=("other", "tiny")) as fake:
        pulumi.write_text(PULUMI.format(url=fake.url, key=SENTINEL))
        pulumi.chmod(0o755)
        done = smoke("--stack", "dev", PATH=f"{tmp_path}:{os.environ['PATH']}")

    assert ("", 0) == (done.stderr, done.returncode)
    asked = {
        line.removeprefix("stack output --stack dev ") for line in (tmp_path / "pulumi.asked").read_text().split("\n")
    }
    assert {"endpoint", "model", "apiKey --show-secrets", ""} == asked
    assert {"tiny"} == {request["model"] for request in fake.requests}
    assert SENTINEL not in done.stdout


def test_the_local_cloud_of_this_shell_comes_before_pulumi(tmp_path: Path) -> None:
    """Where LOCALCLOUD_HOME holds the stack, the endpoint that pulumi knows is not called."""
    pulumi = tmp_path / "pulumi"
    pulumi.write_text(PULUMI.format(url="http://127.0.0.1:1", key="not-this"))
    pulumi.chmod(0o755)
    stack = StackFile(tmp_path, "llm", "dev")
    with FakeOpenAI() as fake:
        stack.finish({"endpoint": fake.url, "model": "tiny", "apiKey": SENTINEL}, ["apiKey"])
        done = smoke(PATH=f"{tmp_path}:{os.environ['PATH']}", LOCALCLOUD_HOME=str(tmp_path))

    assert (f"{fake.url}", "", 0) == (done.stdout.splitlines()[0], done.stderr, done.returncode)


def test_no_stack_at_all_is_one_sentence(tmp_path: Path) -> None:
    """Before the first up there is nothing to talk to, and the way out is named."""
    done = smoke(PATH=str(tmp_path), LOCALCLOUD_HOME=str(tmp_path))

    reason = "local cloud: output: the stack has no 'endpoint'"
    assert f"error: The stack's outputs cannot be read ({reason}). Run up first, or give a URL.\n" == done.stderr


def test_the_key_is_asked_for_in_a_terminal() -> None:
    """Without the variable a person is asked, and the prompt names the endpoint."""
    prompts: list[str] = []

    def ask(prompt: str) -> str:
        prompts.append(prompt)
        return SENTINEL

    assert SENTINEL == find(arguments("http://10.0.0.8:8000"), {}, ask).key
    assert ["Key for http://10.0.0.8:8000/v1"] == prompts


def test_without_a_terminal_the_variable_is_named() -> None:
    """A pipeline that forgot the key reads which variable to set."""
    done = smoke("http://10.0.0.8:8000")

    said = "Key for http://10.0.0.8:8000/v1: none given. Set LLM_API_KEY, or run in a terminal to be asked."
    assert f"error: {said}\n" == done.stderr
    assert 1 == done.returncode


@pytest.mark.parametrize("key", [f"{SENTINEL}\n", f"{SENTINEL} x", f"{SENTINEL}é"])
def test_a_key_that_no_header_can_carry_is_refused_unseen(key: str) -> None:
    """The sentence does not repeat the key."""
    with pytest.raises(ClientError) as raised:
        find(arguments("http://10.0.0.8:8000"), {"LLM_API_KEY": key})

    assert "The key is empty or holds a character that a header cannot carry. Set LLM_API_KEY." == str(raised.value)


@pytest.mark.parametrize(("words", "sentence"), SENTENCES, ids=[words[0] for words, _ in SENTENCES])
def test_what_stops_a_request_is_one_sentence(words: list[str], sentence: str) -> None:
    """No traceback, exit code 1, and the way out."""
    done = smoke(*words, LLM_API_KEY=SENTINEL)

    assert [True, 1, 1] == [
        done.stderr.startswith(f"error: {sentence}"),
        len(done.stderr.splitlines()),
        done.returncode,
    ]


@pytest.mark.parametrize(("cause", "sentence"), CAUSES, ids=[sentence for _, sentence in CAUSES])
def test_what_lies_under_a_failure_is_said(cause: OSError, sentence: str) -> None:
    """The system's error decides the sentence, however many layers wrapped it."""
    error = httpx.ConnectError("outer")
    error.__context__ = httpx.ConnectError("inner")
    error.__context__.__cause__ = cause

    assert f"https://llm.example/v1: {sentence}" == explain(error, "https://llm.example/v1")


def test_the_key_does_not_show_in_a_representation() -> None:
    """A target in a log or a traceback hides its key."""
    assert SENTINEL not in repr(Target("http://10.0.0.8:8000/v1", SENTINEL))
