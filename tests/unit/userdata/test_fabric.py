"""How a node of a pair finds its way to the other one, and what it says of RDMA that is not there."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.unit.userdata.machine import WORKS, Box
from tests.unit.userdata.test_document import HEAD, TCP, WORKER

pytestmark = pytest.mark.skipif(not WORKS, reason="no bubblewrap sandbox here (Linux with user namespaces)")

DEVICES = """\
hca_id:\terdma_0
\ttransport:\t\t\tInfiniBand (0)
\tphys_port_cnt:\t\t\t1
\t\tport:\t1
\t\t\tstate:\t\t\tPORT_ACTIVE (4)

hca_id:\terdma_1
\ttransport:\t\t\tInfiniBand (0)
\t\tport:\t1
\t\t\tstate:\t\t\tPORT_ACTIVE (4)
"""
FENCE = ["OUTPUT", "-d", "100.100.100.200", "-m", "owner", "--gid-owner", "10001", "-j", "REJECT"]
LOOPBACK: dict[str, str | int] = {"LLM_HEAD_ADDRESS": "127.0.0.1", "LLM_MTU": 65536}
"""The sandbox has no other interface: it stands for the node's, and the head is on it too."""


def node(folder: Path, settings: Mapping[str, str | int], devices: str = DEVICES) -> Box:
    """Return a node whose commands all succeed."""
    box = Box(folder, {**settings, **LOOPBACK})
    (folder / "run" / "devices").write_text(devices)
    for name in ("modprobe", "eadm"):
        box.stub(name)
    box.stub("iptables", '[ "$1" = -C ] && exit 1; exit 0')
    box.stub("ibv_devinfo", "cat /run/devices")
    return box


def fabric(box: Box) -> tuple[int, str]:
    """Return exit code and last line of the program."""
    code, said = box.run("/bin/bash", "-c", ". /opt/llm/lib.sh; exec python3 /opt/llm/python/fabric.py")
    return code, said.splitlines()[-1]


def test_rdma(tmp_path: Path) -> None:
    """The drivers are loaded, the devices counted, and what the engine must know is written down."""
    box = node(tmp_path, WORKER)

    assert (0, "127.0.0.1 on lo, MTU 65536, erdma_0, erdma_1") == fabric(box)
    assert [["erdma", "compat_mode=Y"], ["nvidia_peermem"]] == box.called("modprobe")
    assert {
        "HEAD_ADDRESS": "127.0.0.1",
        "GLOO_SOCKET_IFNAME": "lo",
        "NCCL_SOCKET_IFNAME": "lo",
        "VLLM_HOST_IP": "127.0.0.1",
        "NCCL_IB_ADDR_RANGE": "127.0.0.0/8",
    } == dict(line.split("=") for line in (tmp_path / "run" / "llm" / "fabric.env").read_text().splitlines())
    assert {"MTU": 65536, "RDMA devices": 2} == json.loads((tmp_path / "run" / "llm" / "facts.json").read_text())


def test_tcp(tmp_path: Path) -> None:
    """Without RDMA no driver is touched and any MTU is good."""
    box = node(tmp_path, {**WORKER, **TCP})

    assert (0, "127.0.0.1 on lo, MTU 65536") == fabric(box)
    assert [] == box.called("modprobe") + box.called("ibv_devinfo")
    assert "IB" not in (tmp_path / "run" / "llm" / "fabric.env").read_text()


@pytest.mark.parametrize(("present", "added"), [("exit 1", [["-I", *FENCE]]), ("exit 0", [])])
def test_the_fence(tmp_path: Path, present: str, added: list[list[str]]) -> None:
    """The engine's group is kept from the metadata service, by one rule however often it is asked for."""
    box = node(tmp_path, {**WORKER, **TCP})
    box.stub("iptables", f'[ "$1" = -C ] && {present}; exit 0')

    fabric(box)

    assert [["-C", *FENCE], *added] == box.called("iptables")


@pytest.mark.parametrize(
    ("command", "script", "code", "said"),
    [
        (
            "iptables",
            "echo 'iptables: Permission denied'; exit 4",
            1,
            "OSError: the engine cannot be kept from the metadata service: iptables: Permission denied",
        ),
        (
            "modprobe",
            "echo 'modprobe: FATAL: Module erdma not found'; exit 1",
            2,
            "FATAL: Module erdma not found: choose a system image with the eRDMA driver, or interconnect tcp",
        ),
        ("ibv_devinfo", "echo 'No IB devices found'; exit 255", 1, "0 of 2 RDMA devices: none"),
        ("ibv_devinfo", "head -n 6 /run/devices", 1, "1 of 2 RDMA devices: erdma_0"),
        (
            "ibv_devinfo",
            "sed '/erdma_1/,$ s/ACTIVE/DOWN/' /run/devices",
            1,
            "OSError: RDMA device erdma_1 is PORT_DOWN",
        ),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, command: str, script: str, code: int, said: str) -> None:
    """A driver that is not there is for a person; an interface may still be joined to the machine."""
    box = node(tmp_path, WORKER)
    box.stub(command, script)

    found, line = fabric(box)

    assert (code, True) == (found, line.endswith(said)), line


def test_a_command_that_the_image_lacks(tmp_path: Path) -> None:
    """No command, no guess."""
    box = node(tmp_path, WORKER)
    (tmp_path / "stubs" / "eadm").unlink()

    assert (2, "no eadm on this system image: choose one that has it") == fabric(box)


def test_wrong_mtu(tmp_path: Path) -> None:
    """NCCL's protocols need the frame size that the fabric is made for."""
    box = node(tmp_path, WORKER)
    settings = tmp_path / "opt" / "llm" / "settings.env"
    settings.write_text(settings.read_text().replace("LLM_MTU=65536", "LLM_MTU=8500"))

    assert (2, "lo has MTU 65536, eRDMA needs 8500: turn on the instance's jumbo frames") == fabric(box)


def test_a_head_without_a_network(tmp_path: Path) -> None:
    """The head's way is the default route; without one it says so and tries again."""
    box = node(tmp_path, HEAD)
    settings = tmp_path / "opt" / "llm" / "settings.env"
    settings.write_text(settings.read_text().replace("LLM_HEAD_ADDRESS=127.0.0.1", "LLM_HEAD_ADDRESS=''"))

    assert (1, "OSError: [Errno 101] Network is unreachable") == fabric(box)
