"""The stand-in for PyTorch: processes of two nodes that find each other, reduce together, and name their network."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.localcloud.machines import engine

ROOT = Path(__file__).parents[3]
SECONDS = 20
"""More than any step takes."""

SCRIPT = """
import os, sys, torch
from pathlib import Path
from torch import distributed
from torch.distributed import nccl
nccl.DEVICES = Path(sys.argv[2])
distributed.init_process_group(sys.argv[1])
tensor = torch.ones(1 << 20)
distributed.all_reduce(tensor)
if os.environ["RANK"] == sys.argv[3]:
    os._exit(3)
distributed.all_reduce(tensor)
distributed.destroy_process_group()
sys.stdout.write(f"sum {tensor.value}\\n")
"""
"""Arguments: backend, folder of RDMA devices, rank that ends early."""


class Run:
    """Both nodes' launchers, with two processes each, on loopback."""

    def __init__(self, folder: Path, *arguments: str, **variables: str) -> None:
        site = folder / "site"
        site.mkdir()
        (site / "torch").symlink_to(Path(*engine.__path__) / "torch")
        (folder / "script.py").write_text(SCRIPT)
        loopback = {"NCCL_SOCKET_IFNAME": "lo", "GLOO_SOCKET_IFNAME": "lo", "NCCL_DEBUG": "INFO"}
        environment = os.environ | loopback | {"PYTHONPATH": f"{site}:{ROOT}"} | variables
        with socket.socket() as probe:
            probe.bind(("", 0))
            port = str(probe.getsockname()[1])
        place = ["--nnodes", "2", "--nproc-per-node", "2", "--master-addr", "127.0.0.1", "--master-port", port]
        line = [sys.executable, "-m", "torch.distributed.run", *place]
        nodes = [
            subprocess.Popen(
                [*line, "--node-rank", rank, str(folder / "script.py"), *arguments],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for rank in "01"
        ]
        self.said = [node.communicate(timeout=SECONDS)[0] for node in nodes]
        self.codes = [node.returncode for node in nodes]


def nccl_lines(output: str, local_rank: int = 0) -> list[str]:
    """Return what NCCL says on one rank, without process and host."""
    return re.findall(rf" \[{local_rank}\] NCCL INFO (.*)", output)


@pytest.mark.parametrize("backend", ["nccl", "gloo"])
def test_every_rank_has_the_sum_of_all(tmp_path: Path, backend: str) -> None:
    """Two nodes with two processes each."""
    run = Run(tmp_path, backend, "/nowhere", "none")

    assert [0, 0] == run.codes
    assert 4 == "".join(run.said).count("sum 16.0\n")


def test_nccl_names_the_rdma_devices(tmp_path: Path) -> None:
    """Those that NCCL_IB_HCA lets through, and one channel per rank to the other node."""
    for number in range(2):
        (tmp_path / f"uverbs{number}").touch()
    run = Run(tmp_path, "nccl", str(tmp_path), "none", NCCL_IB_HCA="erdma")

    assert [
        "Bootstrap: Using lo:127.0.0.1<0>",
        "NET/IB : Using [0]erdma_0:1/RoCE [1]erdma_1:1/RoCE [RO]; OOB lo:127.0.0.1<0>",
        "Using network IB",
        "Channel 01/0 : 3[1] -> 1[1] [send] via NET/IB/1/GDRDMA",
        "Channel 01/0 : 1[1] -> 3[1] [receive] via NET/IB/1/GDRDMA",
    ] == nccl_lines(run.said[1], 1)


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"NCCL_IB_DISABLE": "1", "NCCL_SOCKET_IFNAME": "^eth,docker"}, "NCCL_IB_DISABLE set by environment to 1."),
        ({"NCCL_IB_HCA": "=mlx5_0"}, "NET/IB : No device found."),
    ],
)
def test_without_rdma_nccl_falls_back_to_sockets(tmp_path: Path, variables: dict[str, str], reason: str) -> None:
    """It says why, and goes on."""
    (tmp_path / "uverbs0").touch()
    run = Run(tmp_path, "nccl", str(tmp_path), "none", **variables)

    assert [0, 0] == run.codes
    assert [
        "Bootstrap: Using lo:127.0.0.1<0>",
        reason,
        "NET/Socket : Using [0]lo:127.0.0.1<0>",
        "Using network Socket",
        "Channel 00/0 : 2[0] -> 0[0] [send] via NET/Socket/0",
        "Channel 00/0 : 0[0] -> 2[0] [receive] via NET/Socket/0",
    ] == nccl_lines(run.said[1])


def test_a_wrong_interface_is_named(tmp_path: Path) -> None:
    """As NCCL does, at its lowest level of talking."""
    run = Run(tmp_path, "nccl", "/nowhere", "none", NCCL_SOCKET_IFNAME="=eth7", NCCL_DEBUG="WARN")

    assert [1, 1] == run.codes
    assert "NCCL WARN Bootstrap : no socket interface found" in run.said[0]
    assert "ChildFailedError" in run.said[0]


@pytest.mark.parametrize("lost", ["0", "3"])
def test_a_process_that_ends_takes_the_others_along(tmp_path: Path, lost: str) -> None:
    """On both nodes."""
    run = Run(tmp_path, "nccl", "/nowhere", lost)

    assert [1, 1] == run.codes
    assert "ncclRemoteError" in "".join(run.said)
