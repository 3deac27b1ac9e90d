"""scripts/smoke names every way an endpoint can be wrong, and never shows the key."""

from typing import Any

import pytest

from scripts.client.checks import run
from scripts.client.target import Target
from tests.unit.client_process import smoke
from tests.unit.fake_openai import SENTINEL, FakeOpenAI

FAULTS: list[tuple[dict[str, Any], str, str]] = [
    (
        {"takes_no_key": True},
        "no key",
        "GET /v1/models expected 401, got 200: {'data': [{'id': 'tiny'}]}",
    ),
    (
        {"takes_any_key": True},
        "wrong key",
        "GET /v1/models expected 401, got 200: {'data': [{'id': 'tiny'}]}",
    ),
    (
        {"open_paths": ("/invocations", "/docs")},
        "closed routes",
        "expected 404, got /invocations 200, /docs 200. The gate's allow-list does not hold.",
    ),
    ({"models": ("other", "third")}, "model list", "'tiny' is not served; served: other, third."),
    ({"models": ()}, "model list", "The model list is empty."),
    ({"complains": "out of memory"}, "completion", "expected 200, got 500: out of memory (Bearer ***)"),
    ({"breaks_off": True}, "stream", "the stream broke off after 26 chunks, without its [DONE]."),
]


def failures(target: Target) -> dict[str, str]:
    """Return what the failing checks said, by name."""
    return {result.name: result.detail for result in run(target) if not result.passed}


def test_a_good_endpoint_passes_every_check() -> None:
    """Seven lines and exit code 0; the model comes from the endpoint's own list, the key from the environment."""
    with FakeOpenAI() as fake:
        done = smoke(fake.url, LLM_API_KEY=SENTINEL)

    names = [line[6:19].strip() for line in done.stdout.splitlines() if line.startswith("ok ")]
    assert ["health", "model list", "completion", "stream", "no key", "wrong key", "closed routes"] == names
    assert (0, "") == (done.returncode, done.stderr)
    assert "7 of 7 checks passed" == done.stdout.splitlines()[-1]
    assert SENTINEL not in done.stdout


@pytest.mark.parametrize(("fault", "name", "message"), FAULTS, ids=[str(fault) for fault, _, _ in FAULTS])
def test_each_fault_is_named(fault: dict[str, Any], name: str, message: str) -> None:
    """The check that meets a fault says what it saw, with the key taken out of what the server says."""
    with FakeOpenAI(**fault) as fake:
        assert (name, message) == next(iter(failures(Target(fake.url, SENTINEL, "tiny")).items()))


def test_a_fault_fails_only_its_own_check() -> None:
    """An open engine route fails the run once, with exit code 1."""
    with FakeOpenAI(open_paths=("/invocations",)) as fake:
        done = smoke(fake.url, LLM_API_KEY=SENTINEL)

    assert 1 == done.returncode
    assert ["closed routes"] == [line[6:19].strip() for line in done.stdout.splitlines() if line.startswith("FAIL")]


def test_a_buffered_stream_is_told_from_a_slow_one() -> None:
    """The same chunks, all at once at the end, are buffered."""
    with FakeOpenAI(buffered=True) as fake:
        said = failures(Target(fake.url, SENTINEL, "tiny"))

    assert ["stream"] == list(said)
    assert said["stream"].startswith("buffered: 26 chunks in ")


def test_a_wrong_key_is_named_without_showing_it() -> None:
    """A refused key fails the checks that need it, and its value stays out of the report."""
    with FakeOpenAI(key="another") as fake:
        done = smoke(fake.url, "--model", "tiny", LLM_API_KEY=SENTINEL)

    assert 1 == done.returncode
    assert "FAIL  model list" in done.stdout
    assert SENTINEL not in done.stdout + done.stderr
