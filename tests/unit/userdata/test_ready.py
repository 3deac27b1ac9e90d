"""What Cloud Assistant runs, with stand-ins for the system's commands: exit codes and the line that names the cause."""

from pathlib import Path

import pytest

from tests.unit.userdata.machine import WORKS, Box
from tests.unit.userdata.test_document import HEAD

pytestmark = pytest.mark.skipif(not WORKS, reason="no bubblewrap sandbox here (Linux with user namespaces)")

JOURNAL = "engine-1  | loading\nengine-1  | CUDA out of memory\ngate-1    | adapting config\nllm.service: restarting"
SHOW = 'case "$*" in "show "*) echo "NRestarts=$(cat /run/restarts)" ;; esac'
LOOKS = 'echo x >>/run/looks; [ "$(wc -l </run/looks)" -ge "$(cat /run/answers-at)" ] && echo "m completed one token"'
AGAIN = "echo more >>/run/looks; cp /run/next/* /run/llm/status/ 2>/dev/null || true"


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """Return a machine that is booted, whose probe never answers, with every phase done but the engine's."""
    return booted(Box(tmp_path))


@pytest.fixture
def head(tmp_path: Path) -> Box:
    """Return the same as the head of a pair."""
    made = booted(Box(tmp_path, HEAD))
    for phase in ("fabric", "worker", "link"):
        (made.status / phase).write_text("done 1\nfine\n")
    return made


def booted(made: Box) -> Box:
    """Return *made* with stand-ins for what it would ask."""
    run = made.folder / "run"
    for name, text in {"restarts": "0", "answers-at": "99999", "journal": JOURNAL}.items():
        (run / name).write_text(text)
    made.stub("journalctl", "cat /run/journal")
    made.stub("systemctl", SHOW)
    made.stub("sleep", AGAIN)
    made.stub("python3", f'case "$1" in *probe.py) {LOOKS} ;; *) exec /usr/bin/python3 "$@" ;; esac')
    for phase in ("disk", "driver", "docker", "image", "key", "weights"):
        (made.status / phase).write_text("done 1\nfine\n")
    (made.status / "engine").write_text("running 1\nstarting\n")
    (made.status / "gate").write_text("running 1\nstarting\n")
    (run / "next").mkdir()
    return made


def later(box: Box, phase: str, text: str) -> None:
    """Let *phase* have that status from the first look on."""
    (box.folder / "run" / "next" / phase).write_text(text)


def test_ready(box: Box) -> None:
    """An answer ends it with 0, after as many looks as it takes, and marks engine and gate as serving."""
    (box.folder / "run" / "answers-at").write_text("4")

    assert (0, "ready: m completed one token\n") == box.ready()
    assert "done 1\nm completed one token\n" == (box.status / "engine").read_text() == (box.status / "gate").read_text()


@pytest.mark.parametrize(
    ("phase", "status", "said"),
    [
        ("disk", "fatal 1\nblank disks: /dev/vdb /dev/vdc", "phase disk: blank disks: /dev/vdb /dev/vdc\n"),
        ("driver", "failed 3\nnvidia-smi lists 1 of 2 GPUs", "phase driver: nvidia-smi lists 1 of 2 GPUs\n"),
        ("image", "running 4\npulling x", "phase image: pulling x\n"),
        ("key", "fatal 1\nthe RAM role may not read k: allow it", "phase key: the RAM role may not read k: allow it\n"),
        ("weights", "fatal 1\na: its checksum, three times", "phase weights: a: its checksum, three times\n"),
        (
            "engine",
            "failed 3\nexited with code 1",
            "phase engine: exited with code 1\nengine-1  | loading\nengine-1  | CUDA out of memory\n",
        ),
        ("gate", "failed 12\nexited with code 1", "phase gate: exited with code 1\ngate-1    | adapting config\n"),
    ],
)
def test_a_phase_that_gave_up(box: Box, phase: str, status: str, said: str) -> None:
    """A hopeless phase, or one that failed three times in a row, ends it at once with its own words."""
    later(box, phase, status + "\n")

    assert (1, said) == box.ready()


@pytest.mark.parametrize("status", ["failed 2\nno\n", "running 3\nno\n", "done 9\nyes\n"])
def test_a_phase_that_may_recover(box: Box, status: str) -> None:
    """Fewer than three failures in a row are waited out."""
    later(box, "weights", status)
    (box.folder / "run" / "answers-at").write_text("9")

    assert box.ready()[0] == 0


def test_the_limit_names_what_is_under_way(box: Box) -> None:
    """At the limit the first unfinished phase tells how far it is."""
    (box.status / "weights").write_text("running 1\n41 of 163 shards, 120.4 of 640.1 GB\n")

    assert (1, "phase weights: 41 of 163 shards, 120.4 of 640.1 GB (after 0 seconds)\n") == box.ready(0)


def test_asking_again_gives_a_new_chance(box: Box) -> None:
    """What gave up before the command came is started anew, since a person has changed something."""
    (box.status / "key").write_text("fatal 1\nno such parameter\n")
    (box.folder / "run" / "answers-at").write_text("5")

    code, _ = box.ready()

    assert (0, [["restart", "--no-block", "llm.service"]]) == (
        code,
        [call for call in box.called("systemctl") if call[0] == "restart"],
    )


def test_a_unit_that_ends_without_a_word(box: Box) -> None:
    """A program broken between the phases shows in the unit's restarts; the journal explains it."""
    box.stub("sleep", f"{AGAIN}; echo 5 >/run/restarts")

    assert (1, f"phase engine: llm.service ends again and again\n{JOURNAL}\n") == box.ready()


@pytest.mark.parametrize("lost", ["opt/llm/lib.sh", "units/llm.service"])
def test_user_data_that_did_not_run_to_its_end(box: Box, lost: str) -> None:
    """Where the boot itself broke, cloud-init's own log is the explanation."""
    (box.folder / lost).unlink()
    box.stub("cat", "echo Traceback in the boot")

    assert (1, "phase cloud-init: the user data did not run to its end\nTraceback in the boot\n") == box.ready()


def test_output_stays_small(box: Box) -> None:
    """Cloud Assistant keeps 12,000 bytes: at most twenty lines of at most 300 characters follow the cause."""
    (box.folder / "run" / "journal").write_text("engine-1  | " + "x" * 5000 + "\n" + "engine-1  | y\n" * 100)
    later(box, "engine", "failed 3\nexited with code 1\n")

    code, said = box.ready()

    assert (1, 21, True) == (code, len(said.splitlines()), len(said) < 7000)


def test_a_running_gate_gets_the_rotated_key(box: Box) -> None:
    """With a key there already, it is fetched again before the gate is asked; a refusal is the cause."""
    secrets = box.folder / "run" / "llm" / "secrets"
    secrets.mkdir()
    (secrets / "api_key").write_text("old")
    box.stub("python3", 'case "$1" in *key.py) echo "no such parameter"; exit 2 ;; esac')

    assert (1, "phase key: no such parameter\n") == box.ready()


def test_a_pair_is_ready_with_its_link(head: Box) -> None:
    """The measured bandwidth stands behind the answer."""
    (head.folder / "run" / "answers-at").write_text("1")
    (head.status / "link").write_text("done 1\n256 MiB all-reduce over 16 GPUs: 18.2 GB/s\n")

    assert (0, "ready: m completed one token; link: 256 MiB all-reduce over 16 GPUs: 18.2 GB/s\n") == head.ready()


@pytest.mark.parametrize(
    ("given_up", "said"),
    [
        ({"fabric": "fatal 1\neth0 has MTU 1500\n"}, "phase fabric: node 0, eth0 has MTU 1500\n"),
        (
            {"worker": "fatal 1\nnode 1 (10.0.0.5), disk: no room\n"},
            "phase worker: node 1 (10.0.0.5), disk: no room\n",
        ),
        (
            {"worker": "failed 3\nnode 1 (10.0.0.5), link: no all-reduce\n", "link": "fatal 1\nNCCL took Socket\n"},
            "phase link: node 0, NCCL took Socket\n",
        ),
    ],
)
def test_a_failure_of_a_pair_names_the_node(head: Box, given_up: dict[str, str], said: str) -> None:
    """The head's own failures come first: the worker's may follow from them."""
    for phase, text in given_up.items():
        later(head, phase, text)

    assert (1, said) == head.ready()


def test_what_a_pair_waits_for(head: Box) -> None:
    """Before link and engine the head waits for the worker."""
    for phase in ("worker", "link", "engine"):
        (head.status / phase).unlink()
    (head.status / "worker").write_text("running 1\nnode 1 (10.0.0.5), weights: 3 of 163 shards\n")

    text = "phase worker: node 1 (10.0.0.5), weights: 3 of 163 shards (after 0 seconds)\n"
    assert (1, text) == head.ready(0)


def test_asking_again_reaches_both_nodes(head: Box) -> None:
    """What gave up on the worker is told to begin again as well, and the wait for it begins anew."""
    (head.status / "worker").write_text("fatal 1\nnode 1 (10.0.0.5), disk: no room\n")
    (head.folder / "run" / "answers-at").write_text("5")

    head.ready()

    assert ["restart", "--no-block", "llm.service", "llm-peer.service"] in head.called("systemctl")
    assert (head.folder / "run" / "llm" / "again").read_text().strip().isdigit()
