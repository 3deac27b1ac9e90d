"""scripts/chat streams answers, keeps the conversation, stops on Ctrl-C and never shows the key."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.client.answers import Piece, batches
from scripts.client.target import ClientError
from tests.unit.fake_openai import SENTINEL, WORDS, FakeOpenAI

ROOT = Path(__file__).resolve().parents[2]
ANSWER = "".join(WORDS)


@contextmanager
def chat(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run the command with pipes for a terminal."""
    with subprocess.Popen(
        [sys.executable, "-m", "scripts.client.chat", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "LLM_API_KEY": SENTINEL},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process


def said(process: subprocess.Popen[str], typed: str = "") -> tuple[str, str, int]:
    """Return output, error output and exit code after *typed* and Ctrl-D."""
    output, errors = process.communicate(typed)
    return output, errors, process.returncode


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
def test_once_prints_the_answer_alone(field: str) -> None:
    """The answer is the whole output; reasoning, by either name, is on the error output."""
    with FakeOpenAI(reasoning_field=field) as fake, chat(fake.url, "--once", "hi") as process:
        assert (f"{ANSWER}\n", "hm, words.\n", 0) == said(process)


def test_the_conversation_is_kept() -> None:
    """Each question carries those before it and their answers, without the reasoning; an empty line asks nothing."""
    with FakeOpenAI() as fake, chat(fake.url) as process:
        said(process, "one\n\ntwo\nthree\n")

    assert [
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": ANSWER},
        {"role": "user", "content": "two"},
        {"role": "assistant", "content": ANSWER},
        {"role": "user", "content": "three"},
    ] == fake.requests[-1]["messages"]
    assert 3 == len(fake.requests)


def test_a_question_stopped_before_its_answer_is_forgotten() -> None:
    """Ctrl-C while the model still reasons leaves nothing behind that the next request would carry."""
    with FakeOpenAI(hangs_after="hm, ") as fake, chat(fake.url) as process:
        assert process.stdin
        assert process.stderr
        for question in ("one\n", "two\n"):
            process.stdin.write(question)
            process.stdin.flush()
            process.stderr.readline(len("hm, ")) or pytest.fail("no reasoning was shown")
            process.send_signal(signal.SIGINT)
            process.stderr.readline()
        said(process)

    assert [[{"role": "user", "content": text}] for text in ("one", "two")] == [
        request["messages"] for request in fake.requests
    ]


def test_ctrl_c_stops_the_answer_and_ctrl_d_leaves() -> None:
    """After an interrupt the prompt is back, what was said so far is kept, and the end of input leaves with 0."""
    with FakeOpenAI(hangs_after="word0") as fake, chat(fake.url, "--model", "tiny") as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write("tell me\n")
        process.stdin.flush()
        start = process.stdout.readline() + process.stdout.read(len("> word0 "))
        process.send_signal(signal.SIGINT)
        output, _, code = said(process)

    assert start.endswith("\n> word0 ")
    assert ("\n(stopped)\n> \n", 0) == (output, code)


def test_a_stopped_single_answer_says_so_by_its_exit_code() -> None:
    """A caller of --once can tell half an answer from a whole one."""
    with FakeOpenAI(hangs_after="word0") as fake, chat(fake.url, "--once", "hi") as process:
        assert process.stdout
        process.stdout.read(len("word0 "))
        process.send_signal(signal.SIGINT)

        assert ("\n", 130) == said(process)[::2]


def test_a_refused_question_is_forgotten_and_the_talk_goes_on() -> None:
    """An error is one sentence without the key, and the next question does not repeat the failed one."""
    with FakeOpenAI(complains="out of memory") as fake, chat(fake.url) as process:
        output, errors, code = said(process, "one\ntwo\n")

    assert ["error: 500: out of memory (Bearer ***)"] * 2 == errors.splitlines()
    assert 0 == code
    assert [{"role": "user", "content": "two"}] == fake.requests[-1]["messages"]
    assert SENTINEL not in output


def test_a_stream_that_breaks_off_is_an_error() -> None:
    """Half an answer is shown, and said to be half."""
    with FakeOpenAI(breaks_off=True) as fake, chat(fake.url, "--once", "hi") as process:
        output, errors, code = said(process)

    assert (f"{ANSWER}\n", "error: The stream broke off before its end.", 1) == (
        output,
        errors.splitlines()[-1],
        code,
    )


def test_the_key_is_in_no_command_line() -> None:
    """Neither command has an option for the key, so it cannot end up in the process list or the shell's history."""
    for name in ("smoke", "chat"):
        command = [sys.executable, "-m", f"scripts.client.{name}", "--help"]
        usage = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        assert "--key" not in usage
        assert "LLM_API_KEY" in usage


def test_events_survive_any_cut() -> None:
    """Reads that split an event, even inside a character, give the same pieces."""
    whole = 'data: {"choices": [{"delta": {"content": "né"}}]}\r\n\r\n: ping\n\ndata: [DONE]\n\n'.encode()
    one_by_one = [bytes([byte]) for byte in whole]

    assert [Piece("answer", "né"), Piece("done", "")] == [piece for batch in batches(one_by_one) for piece in batch]


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (b'data: {"error": {"message": "no memory"}}\n', "The engine stopped: no memory"),
        (b"data: <html>\n", "The stream holds something that is no event: '<html>'."),
    ],
)
def test_an_error_inside_a_stream_is_raised(event: bytes, message: str) -> None:
    """An engine that fails after the head was sent can only say so in an event."""
    with pytest.raises(ClientError) as raised:
        list(batches([event]))

    assert message == str(raised.value)
