"""What a pod asks its own engine: has it started, does it live, is it done."""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.programs.fake_engine import METRICS, FakeEngine
from tests.unit.userdata.fake_cloud import serving
from tests.unit.userdata.programs import program, web

SGLANG = """sglang:num_running_reqs{{model_name="m"}} 0
sglang:num_queue_reqs{{model_name="m"}} {requests}
sglang:prompt_tokens_total{{model_name="m"}} {tokens}
sglang:generation_tokens_total{{model_name="m"}} 7
"""


@pytest.fixture
def engine() -> Iterator[FakeEngine]:
    """Run an engine that answers."""
    with serving(FakeEngine()) as server:
        yield server


def asking(name: str, engine: FakeEngine, *arguments: object, **options: object) -> str:
    """Run a program against *engine*, which has a fifth of a second to answer; return what it says."""
    settings = {"LLM_ENGINE_PORT": str(engine.server_port), "LLM_MODEL": "org/m"}

    def connect(_scheme: str, host: str) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(host, timeout=0.2)

    with web(connect) as http_web:
        return str(program(name).main(settings, http_web, *arguments, **options))


def alive(engine: FakeEngine, folder: Path, patience: float = 600) -> str:
    """Return what the liveness probe says, with what it remembers in *folder*."""
    return asking("alive", engine, str(folder / "alive.json"), patience=patience)


def end(engine: FakeEngine) -> None:
    """Let nobody listen where *engine* did."""
    engine.shutdown()
    engine.server_close()


def counted(engine: FakeEngine, tokens: int = 5, kind: str = METRICS, requests: int = 0) -> None:
    """Let *engine* show these counters."""
    engine.metrics = [kind.format(tokens=tokens, requests=requests)]


def test_started(engine: FakeEngine) -> None:
    """It has started once it gives a token."""
    assert asking("started", engine) == "the engine completed one token"
    assert [{"model": "org/m", "prompt": "1", "max_tokens": 1}] == engine.asked


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [(500, "{}", OSError), (503, "", OSError), (200, "{}", Exception), (404, '{"error": "no model"}', Exception)],
)
def test_not_started(engine: FakeEngine, status: int, text: str, kind: type[Exception]) -> None:
    """It has not, whatever else it answers."""
    engine.status, engine.text = status, text

    with pytest.raises(kind, match=f"^a completion answers {status}"):
        asking("started", engine)


def test_not_there_yet(engine: FakeEngine) -> None:
    """It has not while nobody listens, or it says nothing."""
    engine.silent = True
    with pytest.raises(program("probe").SilentError):
        asking("started", engine)
    end(engine)

    with pytest.raises(ConnectionRefusedError):
        asking("started", engine)


@pytest.mark.parametrize("kind", [METRICS, SGLANG])
def test_tokens_tell_that_it_lives(engine: FakeEngine, tmp_path: Path, kind: str) -> None:
    """An engine that gave tokens since the last look lives, and is not asked for more work."""
    engine.status = 500
    for tokens in (5, 6, 7):
        counted(engine, tokens, kind)

        assert alive(engine, tmp_path, 0) == "it gives tokens"

    assert [] == engine.asked


@pytest.mark.parametrize("kind", [METRICS, SGLANG])
def test_idle_engine_is_asked(engine: FakeEngine, tmp_path: Path, kind: str) -> None:
    """One that gave none since is asked for one."""
    counted(engine, kind=kind)
    alive(engine, tmp_path)

    assert (alive(engine, tmp_path), 1) == ("it completed one token", len(engine.asked))


@pytest.mark.parametrize("status", [500, 503])
def test_error_is_death(engine: FakeEngine, tmp_path: Path, status: int) -> None:
    """One that answers with an error is dead, whatever its counters were."""
    counted(engine)
    alive(engine, tmp_path)
    engine.status, engine.text = status, "EngineDeadError"

    for _ in range(2):
        with pytest.raises(OSError, match=f"^a completion answers {status} EngineDeadError"):
            alive(engine, tmp_path)


def test_nobody_listens(engine: FakeEngine, tmp_path: Path) -> None:
    """So is one that takes no connection."""
    end(engine)

    with pytest.raises(ConnectionRefusedError):
        alive(engine, tmp_path)


def test_refusal_is_no_death(engine: FakeEngine, tmp_path: Path) -> None:
    """One that refuses lives: a restart would not change what it says."""
    engine.status, engine.text = 404, "no such model"
    counted(engine)
    alive(engine, tmp_path)

    assert alive(engine, tmp_path) == "a completion answers 404 no such model"


def test_silence_is_no_death(engine: FakeEngine, tmp_path: Path) -> None:
    """A busy engine lives."""
    counted(engine)
    alive(engine, tmp_path)
    engine.silent = True

    assert alive(engine, tmp_path) == "it is silent, not yet for long"


def test_long_silence_is(engine: FakeEngine, tmp_path: Path) -> None:
    """One that gave nobody a token for long, while a completion waited, is dead."""
    counted(engine)
    alive(engine, tmp_path, 0)
    engine.silent = True

    with pytest.raises(OSError, match=r"^a completion waits, and no token for 0 seconds$"):
        alive(engine, tmp_path, 0)


def test_silence_is_measured_from_the_last_word(engine: FakeEngine, tmp_path: Path) -> None:
    """What it completed counts as a sign of life, even where no counter moved."""
    counted(engine)
    alive(engine, tmp_path)
    memory = tmp_path / "alive.json"
    memory.write_text(json.dumps({**json.loads(memory.read_text()), "at": -1000}))
    alive(engine, tmp_path)
    engine.silent = True

    assert alive(engine, tmp_path) == "it is silent, not yet for long"


def test_silence_without_counters(engine: FakeEngine, tmp_path: Path) -> None:
    """Without counters nobody can tell silence from much work, so it lives."""
    engine.silent = True

    assert [alive(engine, tmp_path, 0) for _ in range(2)] == ["it is silent, and shows no counters"] * 2


@pytest.mark.parametrize("kind", [METRICS, SGLANG])
def test_drain(engine: FakeEngine, kind: str) -> None:
    """The engine may end once it counts no request."""
    engine.metrics = [kind.format(tokens=1, requests=requests) for requests in (2, 0)]

    assert drained(engine, 60) == "no request is open"
    assert 1 == len(engine.metrics)


def test_drain_has_an_end(engine: FakeEngine) -> None:
    """It ends with requests open when its time is over."""
    counted(engine, requests=3)

    assert drained(engine, 0) == "requests are still open after 0 seconds"


def test_nothing_to_drain(engine: FakeEngine) -> None:
    """An engine that shows no counters, or is gone, holds nobody up."""
    assert drained(engine, 60) == "no request is open"
    end(engine)

    assert drained(engine, 60) == "no request is open"


def drained(engine: FakeEngine, seconds: float) -> str:
    """Return what the program says before the pod ends."""
    return asking("drain", engine, seconds, notice=0, pause=0)


def test_memory_is_json(engine: FakeEngine, tmp_path: Path) -> None:
    """What it remembers is in one file, whole at any time."""
    counted(engine)
    alive(engine, tmp_path)

    content: dict[str, Any] = json.loads((tmp_path / "alive.json").read_text())
    assert (1_500_005, ["alive.json"]) == (content["tokens"], [path.name for path in tmp_path.iterdir()])
