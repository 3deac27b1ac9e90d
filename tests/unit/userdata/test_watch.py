"""What restarts a running machine, and what does not."""

from pathlib import Path

import pytest

from tests.unit.userdata.machine import WORKS, Box

pytestmark = pytest.mark.skipif(not WORKS, reason="no bubblewrap sandbox here (Linux with user namespaces)")

OK, ERROR, SILENCE = "0", "1", "2"
VLLM = """# HELP vllm:num_requests_running Number of requests
vllm:num_requests_running{{engine="0",model_name="a b"}} {wanted}.0
vllm:num_requests_waiting{{engine="0",model_name="a b"}} 0.0
vllm:prompt_tokens_total{{engine="0",model_name="a b"}} {tokens}.0
vllm:generation_tokens_total{{engine="0",model_name="a b"}} 1.5e+06
"""
SGLANG = """sglang:num_running_reqs{{model_name="m"}} 0
sglang:num_queue_reqs{{model_name="m"}} {wanted}
sglang:prompt_tokens_total{{model_name="m"}} {tokens}
sglang:generation_tokens_total{{model_name="m"}} 7
"""
UNREADABLE = ""


def watch(folder: Path, looks: list[tuple[str, str]], status: str = "done 1", *, stopping: bool = False) -> int:
    """Return how often *looks* restart the service; each is the probe's exit code and the engine's counters."""
    box = Box(folder)
    if stopping:
        (folder / "run" / "llm" / "stopping-engine").touch()
    # The service begins the engine again at once.
    box.stub("systemctl", "rm -f /run/llm/stopping-engine")
    (box.status / "engine").write_text(status + "\n")
    for number, (code, metrics) in enumerate(looks, 1):
        (folder / "run" / f"code-{number}").write_text(code)
        (folder / "run" / f"metrics-{number}").write_text(metrics)
    box.stub("sleep", "n=$(($(cat /run/look 2>/dev/null || echo 0) + 1)); echo $n >/run/look; [ -e /run/code-$n ]")
    box.stub("python3", 'echo "the answer"; exit $(cat /run/code-$(cat /run/look))')
    box.stub("docker", "cat /run/metrics-$(cat /run/look)")
    box.stub("date", "echo $((1000000 + $(cat /run/look) * 150))")

    assert box.step("watch")[0] == 0

    calls = box.called("systemctl")
    assert calls == [["restart", "--no-block", "llm.service"]] * len(calls)
    return len(calls)


@pytest.mark.parametrize("metrics", [VLLM, SGLANG])
@pytest.mark.parametrize(
    ("codes", "wanted", "tokens", "restarts"),
    [
        ([OK] * 9, [1] * 9, [5] * 9, 0),
        ([OK, ERROR, OK, ERROR, OK], [0] * 5, [5] * 5, 0),
        ([OK, SILENCE, *[SILENCE] * 20], [9] * 22, list(range(22)), 0),
        ([OK, SILENCE, *[SILENCE] * 20], [0] * 22, [5] * 22, 0),
        ([OK, *[SILENCE] * 4], [9] * 5, [5] * 5, 0),
        ([OK, *[SILENCE] * 6], [9] * 7, [5] * 7, 1),
        ([OK, ERROR, ERROR, ERROR], [3] * 4, [5, 6, 7, 8], 0),
    ],
    ids=["answers", "one error at a time", "slow", "idle", "short silence", "stuck", "errors while tokens flow"],
)
def test_counters(
    tmp_path: Path, metrics: str, codes: list[str], wanted: list[int], tokens: list[int], restarts: int
) -> None:
    """Only errors in a row and a standstill with waiting requests restart, by either engine's counters."""
    looks = [(code, metrics.format(wanted=w, tokens=t)) for code, w, t in zip(codes, wanted, tokens, strict=True)]

    assert restarts == watch(tmp_path, looks)


@pytest.mark.parametrize(
    ("codes", "restarts"),
    [([OK, ERROR, ERROR], 1), ([OK, *[ERROR] * 4], 2), ([OK, *[SILENCE] * 40], 0), ([OK, ERROR, SILENCE, ERROR], 1)],
)
def test_without_counters(tmp_path: Path, codes: list[str], restarts: int) -> None:
    """A dead engine has no counters: two error answers restart it. Silence without counters never does."""
    assert restarts == watch(tmp_path, [(code, UNREADABLE) for code in codes])


def test_an_engine_that_is_begun_again(tmp_path: Path) -> None:
    """After a stop or a restart errors mean nothing until it begins, on a pair however long the other node takes."""
    assert watch(tmp_path, [(OK, UNREADABLE)] + [(ERROR, UNREADABLE)] * 20, stopping=True) == 0


@pytest.mark.parametrize("status", ["running 1", "failed 2"])
def test_an_engine_that_is_starting(tmp_path: Path, status: str) -> None:
    """Before the first answer nothing is restarted, however long the weights take to load."""
    assert watch(tmp_path, [(ERROR, UNREADABLE)] * 20, status) == 0
