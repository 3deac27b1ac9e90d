"""What a node of a pair does between its preparation and its engine, with stand-ins for docker and the other node."""

from pathlib import Path

import pytest

from tests.unit.userdata.machine import WORKS, Box
from tests.unit.userdata.test_document import HEAD, RAY, TCP, WORKER

pytestmark = pytest.mark.skipif(not WORKS, reason="no bubblewrap sandbox here (Linux with user namespaces)")

PYTHON = 'case "$1" in *meet.py) cat /run/meet; exit "$(cat /run/meets)" ;; *) exec /usr/bin/python3 "$@" ;; esac'
DOCKER = 'case "$*" in *" run "*) cat /run/log; exit "$(cat /run/code)" ;; esac'
LOG = """x:1:1 [0] NCCL INFO NET/Socket : Using [0]eth0:10.0.0.4<0>
x:1:1 [0] NCCL INFO Using network Socket
link: 256 MiB all-reduce over 16 GPUs: 1.2 GB/s bus bandwidth
"""
RESULT = "256 MiB all-reduce over 16 GPUs: 1.2 GB/s bus bandwidth over NET/Socket eth0\n"


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """Return a worker over TCP that meets its head, and measures the link at the first try."""
    made = Box(tmp_path, {**WORKER, **TCP})
    run = tmp_path / "run"
    for name, text in {"meet": "measure", "meets": "0", "log": LOG, "code": "0"}.items():
        (run / name).write_text(text)
    (run / "llm" / "fabric.env").write_text("HEAD_ADDRESS=10.0.0.4\n")
    (run / "llm" / "run").write_text("a")
    made.stub("python3", PYTHON)
    made.stub("docker", DOCKER)
    made.stub("timeout", 'shift; exec "$@"')
    return made


def test_the_link_is_measured_in_the_engines_image(box: Box) -> None:
    """One process per GPU, on both nodes towards the head."""
    assert 0 == box.step("join")[0]

    [call] = [call for call in box.called("docker") if "run" in call]
    assert (
        "run --rm --no-deps -T engine python3 -m torch.distributed.run --nnodes 2 --nproc-per-node 8 --node-rank 1 "
        "--master-addr 10.0.0.4 --master-port 29502 /opt/llm/python/link.py"
    ) == " ".join(call[call.index("run") :])
    assert f"done 1\n{RESULT}" == (box.status / "link").read_text()


def test_a_measured_link_is_not_measured_again(box: Box) -> None:
    """When both nodes kept the result it is the phase's status at once."""
    (box.folder / "run" / "meet").write_text("measured")
    (box.folder / "run" / "llm" / "link").write_text(RESULT)

    assert 0 == box.step("join")[0]

    assert ([], f"done 1\n{RESULT}") == (box.called("docker"), (box.status / "link").read_text())


@pytest.mark.parametrize(
    ("change", "code", "pauses"),
    [
        ({"meets": "2", "meet": "MTU 1500, here 8500"}, 2, [["5"], ["300"]]),
        ({"code": "1"}, 1, [["5"]]),
        ({"log": "No module named 'torch'", "code": "1"}, 2, [["5"], ["300"]]),
    ],
    ids=["nodes that differ", "a link that may recover", "a link that cannot"],
)
def test_what_does_not_come_together(box: Box, change: dict[str, str], code: int, pauses: list[list[str]]) -> None:
    """The start is no longer offered to the other node, and what needs a person is not tried again at once."""
    for name, text in change.items():
        (box.folder / "run" / name).write_text(text)

    assert code == box.step("serve")[0]

    assert pauses == box.called("sleep")
    assert not (box.folder / "run" / "llm" / "run").exists()
    assert not (box.status / "engine").exists()


ENGINE = '. /run/env; set -- "$@"; exec /bin/bash /opt/llm/bin/{} "$@"'


@pytest.mark.parametrize(
    ("words", "ran"),
    [([], ["serve", "/model", "--master-addr", "10.0.0.4:20000", "it's @HEAD"]), (["python3 -V"], [])],
)
def test_engine(tmp_path: Path, words: list[str], ran: list[str]) -> None:
    """The head's address takes its place in the command; words that are given are run in its stead."""
    box = Box(tmp_path, WORKER)
    (tmp_path / "opt" / "llm" / "engine.argv").write_text(
        "vllm\nserve\n/model\n--master-addr\n@HEAD@:20000\nit's @HEAD\n"
    )
    box.stub("vllm")

    code, _ = box.run("/usr/bin/env", "HEAD_ADDRESS=10.0.0.4", "/opt/llm/bin/engine", *" ".join(words).split())

    assert (0, [ran] if ran else []) == (code, box.called("vllm"))


RAY_STATUS = 'case $1 in status) n=$(cat /run/looks); echo x$n >/run/looks; echo " 0.0/${#n}.0 GPU" ;; esac'
RAY_ENVIRONMENT = ["HEAD_ADDRESS=127.0.0.1", "VLLM_HOST_IP=10.0.0.4", "LLM_GPU_COUNT=2", "LLM_NODE_RANK=0"]


def test_ray_on_the_head(tmp_path: Path) -> None:
    """Ray first, with every port fixed; the engine when the GPUs of both nodes are in, told where Ray is."""
    box = Box(tmp_path, {**HEAD, **RAY})
    box.stub("ray", RAY_STATUS)
    box.stub("vllm", 'echo "at $RAY_ADDRESS"')
    (tmp_path / "run" / "looks").write_text("x")

    code, said = box.run("/usr/bin/env", *RAY_ENVIRONMENT, "/opt/llm/bin/ray")

    start, *looks = box.called("ray")
    assert (0, "waiting for the worker's GPUs in Ray\nat 127.0.0.1:6379\n") == (code, said)
    assert (
        "start --node-ip-address 10.0.0.4 --num-gpus 2 --disable-usage-stats --object-store-memory 4294967296 "
        "--node-manager-port 6380 --object-manager-port 6381 --runtime-env-agent-port 6382 "
        "--dashboard-agent-grpc-port 6383 --dashboard-agent-listen-port 6384 --metrics-export-port 6385 "
        "--min-worker-port 10002 --max-worker-port 10999 --head --port 6379 --dashboard-host 127.0.0.1 "
        "--dashboard-port 8265 --ray-client-server-port 10001"
    ) == " ".join(start)
    assert [["status"]] * 4 == looks


def test_ray_without_the_worker(tmp_path: Path) -> None:
    """GPUs that do not come end the container, with a line that names the cause."""
    box = Box(tmp_path, {**HEAD, **RAY})
    box.stub("ray")

    code, said = box.run("/usr/bin/env", *RAY_ENVIRONMENT, "/opt/llm/bin/ray")

    assert (1, "RayError: ten minutes without the worker's GPUs in Ray") == (code, said.splitlines()[-1])


def test_ray_on_a_worker_without_a_head(tmp_path: Path) -> None:
    """The worker starts nothing before the head's Ray is there."""
    box = Box(tmp_path, {**WORKER, **RAY})
    box.stub("ray")

    code, said = box.run("/usr/bin/env", *RAY_ENVIRONMENT[:3], "LLM_NODE_RANK=1", "/opt/llm/bin/ray")

    assert (1, "RayError: ten minutes without Ray on the head", []) == (code, said.splitlines()[-1], box.called("ray"))


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        ("echo 2.60.0", 0, "every image is here"),
        ("echo 2.52.0", 0, "every image is here"),
        ("echo 2.51.2", 2, "holds Ray 2.51.2: token authentication begins with 2.52, or choose launcher native"),
        (
            "echo \"ModuleNotFoundError: No module named 'ray'\"; exit 1",
            2,
            "holds no Ray: choose one that does, or launcher native",
        ),
        ("echo no space left on device; exit 125", 1, "does not tell its Ray: no space left on device"),
    ],
)
def test_the_image_must_hold_ray(tmp_path: Path, answer: str, code: int, said: str) -> None:
    """It is asked before the weights are there; only a Ray with token authentication will do."""
    box = Box(tmp_path, {**WORKER, **RAY})
    box.stub("docker", f'case "$*" in *" run "*) {answer} ;; esac')

    found, text = box.step("image")

    image = "registry.example.com/egs/vllm:0.11.0"
    assert (code, said) == (found, text.splitlines()[-1].removeprefix(f"{image} "))
    assert ["image", "inspect", image] == box.called("docker")[0]


def test_the_gate_of_a_pair_waits_for_the_fabric(tmp_path: Path) -> None:
    """Compose reads what the engine is told of the fabric even when it starts the gate alone."""
    box = Box(tmp_path, HEAD)
    secrets = tmp_path / "run" / "llm" / "secrets"
    secrets.mkdir()
    (secrets / "api_key").write_text("key")
    box.stub("docker")
    box.stub("sleep", "touch /run/llm/fabric.env")

    box.step("gate")

    assert (1, True) == (len(box.called("sleep")), any("up" in call for call in box.called("docker")))
