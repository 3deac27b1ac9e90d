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

    assert (0, "both images are here\n") == box.step("image")
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
*" up "*) echo "engine-1  | hello"; [ -e /run/asked ] && touch /run/llm/stopping; exit 1 ;;
inspect*engine*) cat /run/engine ;;
inspect*gate*) cat /run/gate ;;
esac"""


@pytest.mark.parametrize(
    ("engine", "gate", "failed", "why"),
    [
        ("0", "0", "engine", "failed 1\ndocker compose could not start it"),
        ("137", "0", "engine", "failed 1\nexited with code 137"),
        ("0", "1", "gate", "failed 1\nexited with code 1"),
    ],
)
def test_serve_says_which_container_ended(box: Box, engine: str, gate: str, failed: str, why: str) -> None:
    """Any end is a failure, status 0 included; the gate is blamed only for its own."""
    (box.folder / "run" / "engine").write_text(engine)
    (box.folder / "run" / "gate").write_text(gate)
    box.stub("docker", COMPOSE)

    code, _ = box.step("serve")

    assert (1, why) == (code, (box.status / failed).read_text().strip())
    other = "gate" if failed == "engine" else "engine"
    assert "running 1\nstarting\n" == (box.status / other).read_text()
    assert ["down", "up"] == [call[5] for call in box.called("docker") if call[0] == "compose"]


def test_a_stop_is_no_failure(box: Box) -> None:
    """What bin/stop asked for leaves no failure behind."""
    (box.folder / "run" / "asked").touch()
    box.stub("docker", COMPOSE)

    assert (0, "running 1\nstarting\n") == (box.step("serve")[0], (box.status / "engine").read_text())
