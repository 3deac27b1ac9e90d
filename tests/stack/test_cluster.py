"""A model served by a cluster, up: every pair of model and GPU answers, and nothing of it stays."""

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from scripts.localcloud.cloud import Cloud
from tests.clusters import theirs
from tests.stack.project import CLUSTER, SENTINEL, Project

pytestmark = pytest.mark.machine

H20 = {"gpuSeries": "GU8TF"}
PPU = {"gpuSeries": "P16EN", "engineImage": "acme-registry-vpc.cn-hangzhou.cr.aliyuncs.com/llm/vllm-ppu:v0.23.0"}
PAIRS = [
    H20 | {"model": "Qwen/QwQ-32B"},
    PPU | {"model": "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B"},
    PPU | {"model": "deepseek-ai/DeepSeek-R1-Distill-Llama-70B"},
    H20 | {"model": "deepseek-ai/DeepSeek-R1"},
    PPU | {"model": "deepseek-ai/DeepSeek-R1-GPTQ-INT8", "weightsSource": "oss", "ossBucket": "acme-models"},
]


def ask(stack: Project, key: str = SENTINEL) -> httpx.Response:
    """Ask the stack's endpoint for a few tokens."""
    body = {"model": stack.output("model"), "messages": [{"role": "user", "content": "hi"}], "max_tokens": 2}
    url = f"{stack.output('endpoint')}/chat/completions"
    return httpx.post(url, headers={"Authorization": f"Bearer {key}"}, json=body)


@pytest.mark.parametrize("given", PAIRS, ids=lambda given: given["model"].split("/")[1])
def test_a_model_comes_up_and_goes(project: Callable[..., Project], given: dict[str, object]) -> None:
    """From an empty cloud to a completion through the load balancer, and back to an empty cloud."""
    stack = project(stack=CLUSTER, **given)
    if "ossBucket" in given:
        stack.bring(str(given["ossBucket"]), str(given["model"]))
    up = stack.local("up")
    assert up.returncode == 0, up.stdout

    assert ask(stack).json()["choices"][0]["message"]["content"]
    assert ask(stack, "wrong-key-0123456789").status_code == 401

    gone = stack.local("destroy")
    assert gone.returncode == 0, gone.stdout
    if "ossBucket" in given:
        stack.take_back(str(given["ossBucket"]))
    assert stack.local("status").stdout.startswith("Nothing exists")


@pytest.fixture(scope="module")
def served(bootable: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:  # noqa: ARG001 - it may skip
    """Return the example with all its choices the other way round, up: SGLang, public, no cache, a key pair for OSS."""
    given = {"engine": "sglang", "publicAllowedCidrs": ["203.0.113.0/24"], "fluidEnabled": False}
    folder = tmp_path_factory.mktemp("served")
    one = Project(folder, given | {"ossAccess": "access-key"}, stack=CLUSTER)
    up = one.local("up")
    assert up.returncode == 0, up.stdout
    yield one
    one.local("down")


@pytest.mark.parametrize(
    ("method", "path", "key", "status"),
    [
        ("GET", "/v1/models", SENTINEL, 200),
        ("GET", "/v1/models", "", 401),
        ("GET", "/health", "", 200),
        ("POST", "/invocations", SENTINEL, 404),
        ("POST", "/tokenize", SENTINEL, 404),
        ("GET", "/metrics", SENTINEL, 404),
    ],
)
def test_the_gate_decides_in_a_pod_as_on_a_machine(
    served: Project, method: str, path: str, key: str, status: int
) -> None:
    """Only the OpenAI routes and /health pass, and the former only with the key."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    url = served.output("endpoint").removesuffix("/v1") + path

    assert status == httpx.request(method, url, headers=headers, json={}).status_code


def test_the_outputs_hold_no_secret_in_the_clear(served: Project) -> None:
    """What a stack prints is the address and the way to the rest."""
    shown = served.local("output").stdout

    assert SENTINEL not in shown
    assert "client-key-data" not in shown
    assert "client-key-data" in served.output("kubeconfig")


def test_the_key_lies_where_it_must_and_nowhere_else(served: Project) -> None:
    """The state marks it as a secret; in the cluster it is in one Secret and in the files that pods mount of it."""
    found = {
        path.relative_to(served.home).parts
        for path in served.home.rglob("*")
        if path.is_file() and SENTINEL.encode() in path.read_bytes()
    }
    mounted = {parts for parts in found if parts[-4:] == ("kubelet", "volumes", "keys", "api_key")}

    assert {("stacks", "llm.dev.jsonl")} == found - mounted
    assert mounted


def test_no_process_shows_the_key(served: Project) -> None:
    """Nothing that runs in a pod has the key on its command line."""
    assert ask(served).status_code == 200
    ours, shown = Path("/proc/self/ns/pid").readlink(), []
    for process in Path("/proc").glob("[0-9]*"):
        # It may have ended by now.
        with contextlib.suppress(OSError):
            if (process / "ns" / "pid").readlink() != ours:
                shown.append((process / "cmdline").read_bytes())

    assert any(b"Caddyfile" in line for line in shown)
    assert not any(SENTINEL.encode() in line for line in shown)


def test_a_group_serves_in_a_cluster_that_was_there(project: Callable[..., Project]) -> None:
    """Two pods a replica, elastic and measured, in a cluster of the user's, which stays as it was."""
    stack = project(stack=CLUSTER, **H20, model="deepseek-ai/DeepSeek-R1", maxReplicas=2, benchmark=True)
    cluster_id = theirs(Cloud(stack.home))
    given = {"clusterId": cluster_id, "privateAllowedCidrs": ["10.0.0.0/16"]}
    stack.reconfigure(given, without=("apiAccess", "apiAllowedCidrs"))
    up = stack.local("up")
    assert up.returncode == 0, up.stdout
    assert ask(stack).status_code == 200
    assert "Serving Benchmark Result" in stack.local("logs", "llm-benchmark").stdout

    gone = stack.local("destroy")
    assert gone.returncode == 0, gone.stdout
    left = json.loads((stack.home / "kubernetes" / cluster_id / "objects.json").read_text())["objects"]
    assert {"CustomResourceDefinition", "Namespace"} == {one["kind"] for one in left}
