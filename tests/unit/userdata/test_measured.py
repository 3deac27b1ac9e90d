"""What the log of a link test tells: the bandwidth, the network under it, or why there is none."""

from pathlib import Path

import pytest

from tests.unit.userdata.programs import program

RESULT = "link: 256 MiB all-reduce over 16 GPUs: 18.2 GB/s bus bandwidth\n"
HEADER = "ibv_devinfo inside the engine's image:\n"
DEVICES = "hca_id:\terdma_0\n\ttransport:\tInfiniBand (0)\n\nhca_id:\terdma_1\n\ttransport:\tInfiniBand (0)\n"
N = "llm-0:41:41 [0] NCCL "
IB = (
    f"{N}INFO NCCL_IB_HCA set to erdma\n"
    f"{N}INFO NET/IB : Using [0]erdma_0:1/RoCE [1]erdma_1:1/RoCE [RO]; OOB eth0:10.0.0.4<0>\n"
    f"{N}INFO Using network IB\n"
)
VIA = f"{N}INFO Channel 00/0 : 8[0] -> 0[0] [receive] via NET/IB/0/GDRDMA\n"
NO_DEVICE = f"{N}INFO NET/IB : No device found.\n"
SOCKET = f"{N}INFO NET/Socket : Using [0]eth0:10.0.0.4<0>\n{N}INFO Using network Socket\n"
OLD_SOCKET = f"{N}INFO NET/Socket : Using [0]eth0:10.0.0.4<0>\n{N}INFO Channel 00/0 : 0[0] -> 8[0] via NET/Socket/0\n"
MEASURED = "256 MiB all-reduce over 16 GPUs: 18.2 GB/s bus bandwidth over "
WAY_OUT = "use an engine image with Alibaba Cloud's eRDMA packages, or interconnect tcp"


def judged(log: str, interconnect: str = "erdma", code: int = 0) -> str:
    """Return the verdict on *log*, with the kind of error before it when there is one."""
    measured, cloud = program("measured"), program("cloud")
    settings = {"LLM_INTERCONNECT": interconnect, "LLM_ENGINE_IMAGE": "r/vllm:1"}
    try:
        return str(measured.main(settings, code, log))
    except cloud.FatalError as error:
        return f"fatal: {error}"
    except OSError as error:
        return f"failed: {error}"


@pytest.mark.parametrize(
    ("log", "interconnect", "text"),
    [
        (IB + VIA + RESULT, "erdma", "NET/IB erdma_0 erdma_1"),
        (IB + VIA.replace("/GDRDMA", "") + RESULT, "erdma", "NET/IB erdma_0 erdma_1, without GPUDirect"),
        (SOCKET + RESULT, "tcp", "NET/Socket eth0"),
        (OLD_SOCKET + RESULT, "tcp", "NET/Socket eth0"),
        (RESULT, "tcp", "gloo"),
    ],
    ids=["rdma", "without gpudirect", "tcp", "an older NCCL", "no gpu"],
)
def test_a_link_that_was_measured(log: str, interconnect: str, text: str) -> None:
    """The verdict is the bandwidth and what carried it."""
    assert MEASURED + text == judged(log, interconnect)


@pytest.mark.parametrize(
    ("log", "why"),
    [
        (NO_DEVICE + SOCKET, f"/dev/infiniband is not in its container: {WAY_OUT}"),
        (
            f"{HEADER}No IB devices found\n{NO_DEVICE}{SOCKET}",
            f"ibv_devinfo finds no device inside the engine's image, which lacks the eRDMA provider: {WAY_OUT}",
        ),
        (
            f"{HEADER}[Errno 2] No such file or directory: 'ibv_devinfo'\n{NO_DEVICE}{SOCKET}",
            f"ibv_devinfo finds no device inside the engine's image, which lacks the eRDMA provider: {WAY_OUT}",
        ),
        (
            HEADER + DEVICES + NO_DEVICE + SOCKET,
            "the engine's image sees 2 RDMA devices, NCCL says: NET/IB : No device found.",
        ),
        (
            f"{HEADER}{DEVICES}{N}WARN Call to ibv_create_qp failed\n{SOCKET}",
            "the engine's image sees 2 RDMA devices, NCCL says: Call to ibv_create_qp failed",
        ),
        (
            f"{HEADER}{DEVICES}{N}INFO NCCL_IB_DISABLE set by environment to 1.\n{SOCKET}",
            "the engine's image sees 2 RDMA devices, NCCL says: NCCL_IB_DISABLE set by environment to 1.",
        ),
    ],
    ids=["no device file", "no provider", "no ibv_devinfo", "no device for NCCL", "a failed call", "turned off"],
)
def test_a_fallback_names_its_cause(log: str, why: str) -> None:
    """Where RDMA was asked for, TCP is a failure that trying again does not mend."""
    assert f"fatal: NCCL took Socket instead of RDMA: {why}" == judged(log + RESULT)


@pytest.mark.parametrize(
    ("log", "code", "verdict"),
    [
        ("python3: No module named 'torch'\n", 1, "fatal: r/vllm:1 holds no PyTorch, which measures the link"),
        (
            f"{IB}Traceback\ntorch.distributed.DistBackendError: NCCL error\nChildFailedError: link.py FAILED\n",
            1,
            "failed: the all-reduce ended with code 1: torch.distributed.DistBackendError: NCCL error",
        ),
        ("", 137, "failed: the all-reduce ended with code 137: no word"),
        ("waiting\n", 0, "failed: the all-reduce ended with code 0: waiting"),
        (
            f"{IB}{N}WARN socketPollConnect 10.0.0.5 timed out\n",
            124,
            "failed: no all-reduce within 15 minutes: socketPollConnect 10.0.0.5 timed out",
        ),
    ],
)
def test_a_link_that_was_not_measured(log: str, code: int, verdict: str) -> None:
    """The first error in the log is the reason, not the last of those that follow it."""
    assert verdict == judged(log, code=code)


def test_the_result_is_kept(tmp_path: Path) -> None:
    """It lies in a file until the machine boots again; a failure leaves none."""
    measured = program("measured")
    settings = {"LLM_INTERCONNECT": "tcp", "LLM_ENGINE_IMAGE": "x"}
    (tmp_path / "link.log").write_text("")
    with pytest.raises(OSError, match="ended with code 1"):
        measured.judge(settings, 1, str(tmp_path))
    assert not (tmp_path / "link").exists()

    (tmp_path / "link.log").write_text(SOCKET + RESULT)
    measured.judge(settings, 0, str(tmp_path))

    assert MEASURED + "NET/Socket eth0\n" == (tmp_path / "link").read_text()
