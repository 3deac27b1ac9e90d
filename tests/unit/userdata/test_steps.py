"""The machine's shell programs with stand-ins for the system's commands."""

from pathlib import Path

import pytest

from tests.unit.userdata.machine import WORKS, Box

pytestmark = pytest.mark.skipif(not WORKS, reason="no bubblewrap sandbox here (Linux with user namespaces)")

NVIDIA = 'case $1 in -L) for i in $(seq "$(cat /run/gpus)"); do echo "GPU $i: NVIDIA L20 (UUID: GPU-$i)"; done ;; esac'
LSBLK = "cat /run/disks"
BLKID = 'if [ "$1" = -L ]; then cat /run/labelled 2>/dev/null || exit 2; else grep -q " $1 " /run/content || exit 2; fi'


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """Return a machine whose commands all succeed and say nothing."""
    return Box(tmp_path)


def disks(box: Box, *names: str, content: str = "", labelled: str = "") -> None:
    """Give the machine its disks; *content* are those that hold something."""
    run = box.folder / "run"
    (run / "disks").write_text("".join(f'NAME="{name}" TYPE="disk"\n' for name in names) + 'NAME="sr0" TYPE="rom"\n')
    (run / "content").write_text(f" {content} ")
    if labelled:
        (run / "labelled").write_text(labelled)
    box.stub("lsblk", LSBLK)
    box.stub("blkid", BLKID)
    box.stub("mountpoint", "exit 1")


def test_the_only_blank_disk_is_formatted(box: Box) -> None:
    """The system disk holds something and the one left is blank: it gets the label and is mounted."""
    disks(box, "vda", "vdb", content="/dev/vda")

    code, said = box.step("disk")

    assert (0, "formatting /dev/vdb\n/dev/vdb is at /srv/llm\n") == (code, said)
    assert [["-q", "-m", "0", "-L", "llm-weights", "/dev/vdb"]] == box.called("mkfs.ext4")
    assert [["-o", "noatime", "/dev/vdb", "/srv/llm"]] == box.called("mount")


def test_a_labelled_disk_is_never_formatted(box: Box) -> None:
    """The weights disk of a replaced machine is mounted and grown, even beside a blank one."""
    disks(box, "vda", "vdb", "vdc", content="/dev/vda", labelled="/dev/vdc")

    assert (0, "/dev/vdc is at /srv/llm\n") == box.step("disk")
    assert ([], [["/dev/vdc"]]) == (box.called("mkfs.ext4"), box.called("resize2fs"))


@pytest.mark.parametrize(
    ("names", "content", "code", "message"),
    [
        (("vda",), "/dev/vda", 1, "no disk labelled llm-weights and no blank disk is attached"),
        (("vda", "vdb"), "/dev/vda /dev/vdb", 1, "no disk labelled llm-weights and no blank disk is attached"),
        (
            ("vda", "vdb", "vdc"),
            "/dev/vda",
            2,
            "blank disks: /dev/vdb /dev/vdc; choose one: mkfs.ext4 -L llm-weights /dev/vdb",
        ),
    ],
)
def test_no_disk_is_guessed(box: Box, names: tuple[str, ...], content: str, code: int, message: str) -> None:
    """A disk with anything on it is left alone, and so are two blank ones."""
    disks(box, *names, content=content)

    found, said = box.step("disk")

    assert (code, message, []) == (found, said.splitlines()[-1], box.called("mkfs.ext4"))


def test_a_disk_that_cannot_be_read_is_not_blank(box: Box) -> None:
    """Only blkid's own answer for nothing there counts as blank."""
    disks(box, "vdb")
    box.stub("blkid", "[ $1 = -L ] && exit 2; exit 8")

    box.step("disk")

    assert [] == box.called("mkfs.ext4")


@pytest.mark.parametrize(
    ("count", "device", "code", "message"),
    [
        (2, True, 0, "nvidia-smi lists 2 of 2 GPUs"),
        (1, True, 1, "nvidia-smi lists 1 of 2 GPUs"),
        (0, True, 1, "nvidia-smi lists 0 of 2 GPUs"),
        (2, False, 1, "/dev/nvidia-uvm is missing"),
    ],
)
def test_driver(box: Box, count: int, device: bool, code: int, message: str) -> None:  # noqa: FBT001
    """All GPUs and the memory device have to be there; the wait ends after two minutes."""
    (box.folder / "run" / "gpus").write_text(str(count))
    box.stub("nvidia-smi", NVIDIA)
    step = ("touch /dev/nvidia-uvm && " if device else "") + "exec /opt/llm/bin/driver"

    found, said = box.run("/bin/bash", "-c", step)

    assert (code, message) == (found, said.splitlines()[-1])
    assert (0 if code == 0 else 23) == len(box.called("sleep"))


def test_no_driver(box: Box) -> None:
    """A system image without a driver is for a person to change."""
    assert (2, "no nvidia-smi: choose a system image with the GPU driver\n") == box.step("driver")


HOSTILE = """it's $(touch /run/hacked) `id` "x" ; & * .com/a b:1"""


def test_hostile_image_name(tmp_path: Path) -> None:
    """A setting with every sign the shell knows reaches docker as one argument."""
    box = Box(tmp_path, {"LLM_ENGINE_IMAGE": HOSTILE})
    box.stub("docker", '[ "$1" = pull ]')

    code, _ = box.step("image")

    assert (0, HOSTILE, False) == (
        code,
        box.called("docker")[-1][-1],
        (tmp_path / "run" / "hacked").exists(),
    )


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("Error response from daemon: manifest for x not found: manifest unknown", 2),
        ("Error response from daemon: pull access denied for x", 2),
        ("net/http: TLS handshake timeout", 1),
    ],
)
def test_image_that_does_not_come(box: Box, answer: str, code: int) -> None:
    """A wrong name or a refusal is for a person, the network may recover; docker's words are the reason."""
    box.stub("docker", f'[ "$1" = pull ] && echo "Pulling" && echo "{answer}"; exit 1')

    found, said = box.step("image")

    assert (code, f"registry.example.com/caddy:2.11.7 cannot be pulled: {answer}") == (found, said.splitlines()[-1])


def test_images_that_are_here(box: Box) -> None:
    """Nothing is pulled on a reboot."""
    box.stub("docker")

    assert (0, "every image is here\n") == box.step("image")
    assert ["image", "image"] == [call[0] for call in box.called("docker")]


def test_docker_is_configured_once(box: Box) -> None:
    """The cgroup driver that keeps GPUs through a daemon-reload is set beside what was there, with one restart."""
    box.stub("nvidia-ctk")
    box.stub("docker")
    (box.folder / "etc-docker" / "daemon.json").write_text('{"runtimes": {"nvidia": {}}}')

    codes = [box.step("docker")[0] for _ in range(2)]

    expected = '{"runtimes": {"nvidia": {}}, "exec-opts": ["native.cgroupdriver=cgroupfs"]}'
    assert ([0, 0], expected) == (codes, (box.folder / "etc-docker" / "daemon.json").read_text())
    assert [["restart", "docker"]] == box.called("systemctl")


PHASE = 'set -euo pipefail; . /opt/llm/lib.sh; phase weights /bin/bash -c "$1" && echo exit 0 || echo "exit $?"'


@pytest.mark.parametrize(
    ("before", "script", "code", "after"),
    [
        (None, "echo one; echo two", 0, "done 1\ntwo\n"),
        (None, "exit 7", 7, "failed 1\n\n"),
        ("failed 2\nold\n", "echo no; exit 1", 1, "failed 3\nno\n"),
        ("fatal 1\nold\n", "echo no; exit 2", 2, "fatal 2\nno\n"),
        ("running 2\ncut off\n", "echo no; exit 1", 1, "failed 2\nno\n"),
        ("done 5\nold\n", "echo no >&2; exit 1", 1, "failed 1\nno\n"),
        (None, "cat /run/llm/status/weights", 0, "done 1\n\n"),
    ],
)
def test_phase(box: Box, before: str | None, script: str, code: int, after: str) -> None:
    """A status holds the state, how many times in a row, and the step's last line."""
    if before:
        (box.status / "weights").write_text(before)

    _, said = box.run("/bin/bash", "-c", PHASE, "test", script)

    assert (after, f"exit {code}") == ((box.status / "weights").read_text(), said.splitlines()[-1])
    kept = {"weights", ".weights"} if code else {"weights"}
    assert kept == {path.name for path in box.status.iterdir()}


COMPOSE = """case "$*" in
*" up "*) [ -e /run/asked ] && touch /run/llm/stopping-engine /run/llm/stopping-gate; exit 1 ;;
*.State.ExitCode*) cat /run/code ;;
logs*) cat /run/log ;;
"ps -aq") printf "a1\\nb2\\n" ;;
*.Name*a1) echo /llm-engine-run-5f3c ;;
*.Name*b2) echo /llm-gate-1 ;;
esac"""
LOG = """INFO starting
(EngineCore pid=7) ERROR 11-21 [core.py:632] torch.OutOfMemoryError: CUDA out of memory.
RuntimeError: Engine core initialization failed. See root cause above.
"""


def containers(box: Box, code: str = "0", log: str = "") -> None:
    """Let a container end with *code* after it has said *log*."""
    (box.folder / "run" / "code").write_text(code)
    (box.folder / "run" / "log").write_text(log)
    secrets = box.folder / "run" / "llm" / "secrets"
    secrets.mkdir()
    (secrets / "api_key").write_text("key")
    box.stub("docker", COMPOSE)


@pytest.mark.parametrize(
    ("code", "log", "why"),
    [
        ("0", "", "docker compose could not start it"),
        ("137", "", "exited with code 137"),
        ("1", LOG, "exited with code 1: torch.OutOfMemoryError: CUDA out of memory."),
    ],
)
@pytest.mark.parametrize(("step", "service"), [("serve", "engine"), ("gate", "gate")])
def test_the_end_of_a_container_is_a_failure(box: Box, step: str, service: str, code: str, log: str, why: str) -> None:
    """Its reason is the exit code and the first error in the log, which the last lines only follow."""
    containers(box, code, log)

    assert 1 == box.step(step)[0]
    assert f"failed 1\n{why}\n" == (box.status / service).read_text()
    started = [call[call.index("up") :] for call in box.called("docker") if "up" in call]
    assert [["up", "--no-deps", "--no-color", "--abort-on-container-exit", service]] == started


def test_an_engine_that_had_answered(box: Box) -> None:
    """An error in a long log may be a request's, so the reason is the exit code alone."""
    containers(box, "1", LOG)
    box.stub("docker", COMPOSE.replace('*" up "*)', '*" up "*) echo done 1 >/run/llm/status/engine;'))

    box.step("serve")

    assert "failed 1\nexited with code 1\n" == (box.status / "engine").read_text()


def test_what_was_left_of_a_service_goes_first(box: Box) -> None:
    """Its own containers are removed before a start, a link test's too; the other service's stay."""
    containers(box)

    box.step("serve")

    assert [["rm", "-f", "a1"]] == [call for call in box.called("docker") if call[0] == "rm"]


@pytest.mark.parametrize(("step", "service"), [("serve", "engine"), ("gate", "gate")])
def test_a_stop_is_no_failure(box: Box, step: str, service: str) -> None:
    """What bin/stop asked for leaves no failure behind."""
    containers(box)
    (box.folder / "run" / "asked").touch()

    assert (0, "running 1\nstarting\n") == (box.step(step)[0], (box.status / service).read_text())


def test_stop(box: Box) -> None:
    """It stops one service's container, and what answered is said to answer no more."""
    box.stub("docker")
    (box.status / "engine").write_text("done 1\nm completed one token\n")

    box.run("/opt/llm/bin/stop", "engine")

    assert ([["stop", "llm-engine-1"]], "running 1\nstopped\n") == (
        box.called("docker"),
        (box.status / "engine").read_text(),
    )


def test_the_gate_waits_for_key_and_image(box: Box) -> None:
    """Before both are here it is not tried, and says what it waits for."""
    containers(box)
    (box.folder / "run" / "llm" / "secrets" / "api_key").write_text("")
    box.stub("sleep", "cp /run/llm/status/gate /run/waited; echo key >/run/llm/secrets/api_key")

    box.step("gate")

    assert "running 1\nwaits for the key and its image\n" == (box.folder / "run" / "waited").read_text()
