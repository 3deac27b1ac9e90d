"""The user data as a whole."""

import base64
import bz2
import io
import re
import shlex
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from components.userdata import MAX_BYTES, SETTINGS, cloud_config, machine_archive, machine_files
from tests.unit.userdata.programs import MACHINE

GOOD: dict[str, str | int] = {
    "LLM_ENGINE": "vllm",
    "LLM_ENGINE_IMAGE": "registry.example.com/egs/vllm:0.11.0",
    "LLM_GATE_IMAGE": "registry.example.com/caddy:2.11.7",
    "LLM_GPU_COUNT": 2,
    "LLM_HEAD_ADDRESS": "",
    "LLM_INTERCONNECT": "",
    "LLM_KEY_PARAMETER": "llm-dev-api-key",
    "LLM_LAUNCHER": "",
    "LLM_MAX_REQUEST_MIB": 32,
    "LLM_MODEL": "Qwen/Qwen3-32B",
    "LLM_MTU": "",
    "LLM_NODES": 1,
    "LLM_NODE_RANK": 0,
    "LLM_OSS_BUCKET": "",
    "LLM_OSS_PREFIX": "",
    "LLM_PORT": 8000,
    "LLM_RAY_TOKEN_PARAMETER": "",
    "LLM_RDMA_DEVICES": 0,
    "LLM_REGION": "cn-hangzhou",
    "LLM_TLS": "off",
    "LLM_TLS_CERTIFICATE_PARAMETER": "",
    "LLM_TLS_KEY_PARAMETER": "",
    "LLM_WEIGHTS_MODEL": "Qwen/Qwen3-32B",
    "LLM_WEIGHTS_REVISION": "master",
    "LLM_WEIGHTS_SOURCE": "modelscope",
    "LLM_WEIGHTS_STREAMS": 16,
    "LLM_WORKER_MINUTES": "",
}
HEAD: dict[str, str | int] = {
    "LLM_GPU_COUNT": 8,
    "LLM_INTERCONNECT": "erdma",
    "LLM_LAUNCHER": "native",
    "LLM_MTU": 8500,
    "LLM_NODES": 2,
    "LLM_RDMA_DEVICES": 2,
    "LLM_WORKER_MINUTES": 20,
}
WORKER: dict[str, str | int] = {
    **HEAD,
    "LLM_HEAD_ADDRESS": "10.0.0.4",
    "LLM_KEY_PARAMETER": "",
    "LLM_NODE_RANK": 1,
}
RAY: dict[str, str | int] = {"LLM_LAUNCHER": "ray", "LLM_RAY_TOKEN_PARAMETER": "llm-dev-ray-token"}
TCP: dict[str, str | int] = {"LLM_INTERCONNECT": "tcp", "LLM_MTU": "", "LLM_RDMA_DEVICES": 0}
VLLM = shlex.split("vllm serve /model --host 0.0.0.0 --port 8000 --served-model-name Qwen/Qwen3-32B")
SGLANG = shlex.split("python3 -m sglang.launch_server --model-path /model --host 0.0.0.0 --port 8000 --enable-metrics")
OSS: dict[str, str | int] = {
    "LLM_ENGINE": "sglang",
    "LLM_WEIGHTS_SOURCE": "oss",
    "LLM_OSS_BUCKET": "weights",
    "LLM_OSS_PREFIX": "models/qwen",
    "LLM_TLS": "on",
    "LLM_TLS_CERTIFICATE_PARAMETER": "llm-dev-tls-certificate",
    "LLM_TLS_KEY_PARAMETER": "llm-dev-tls-key",
}
Golden = Callable[[str, str], None]


def files(text: str) -> dict[str, str]:
    """Return what cloud-init would write, by path."""
    document: dict[str, Any] = yaml.safe_load(text)
    return {file["path"]: file["content"] for file in document["write_files"]}


def test_golden_vllm(golden: Golden) -> None:
    """The whole text of a vLLM machine."""
    golden("userdata/single_ecs_vllm.yaml", cloud_config(GOOD, VLLM))


def test_golden_sglang(golden: Golden) -> None:
    """The whole text of a SGLang machine with weights in OSS and TLS."""
    golden("userdata/single_ecs_sglang.yaml", cloud_config({**GOOD, **OSS}, SGLANG))


PAIR_ARGV = shlex.split("vllm serve /model --nnodes 2 --node-rank 0 --master-addr @HEAD@ --master-port 29501")
FABRIC = {"NCCL_IB_HCA": "erdma", "NCCL_IB_GID_INDEX": "-1"}


def test_golden_pair(golden: Golden) -> None:
    """The whole text of the head of a pair."""
    golden("userdata/pair_native_head.yaml", cloud_config({**GOOD, **HEAD}, PAIR_ARGV, FABRIC))


def test_golden_pair_with_ray(golden: Golden) -> None:
    """The whole text of the worker of a pair over TCP with Ray."""
    golden(
        "userdata/pair_ray_worker.yaml", cloud_config({**GOOD, **WORKER, **TCP, **RAY}, [], {"NCCL_IB_DISABLE": "1"})
    )


def test_first_line() -> None:
    """Cloud-init knows the format by the first line."""
    assert cloud_config(GOOD, VLLM).startswith("#cloud-config\n")


@pytest.mark.parametrize("node", [{}, HEAD, WORKER], ids=["single", "head", "worker"])
def test_archive_holds_the_nodes_files(node: dict[str, str | int]) -> None:
    """The archive holds each file of the node less its comment lines; programs are executable, owner is root."""
    packed = base64.b85decode(files(cloud_config({**GOOD, **node}, VLLM))["/opt/llm/machine.b85"].strip())
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        found = {
            member.name: (member.mode, member.uid, member.mtime, archive.extractfile(member).read().decode())  # type: ignore[union-attr]
            for member in archive
        }

    assert found == {
        name: (0o755 if name.startswith("bin/") else 0o644, 0, 0, _without_comments(MACHINE / name))
        for name in machine_files({**GOOD, **node})
    }


def _without_comments(path: Path) -> str:
    return "".join(line for line in path.read_text().splitlines(keepends=True) if not re.match(r"\s*#[^!]", line))


NODES: dict[str, dict[str, str | int]] = {
    "single": {},
    "head": HEAD,
    "worker": WORKER,
    "head with tcp and Ray": {**HEAD, **TCP, **RAY},
    "worker with tcp and Ray": {**WORKER, **TCP, **RAY},
}


def test_a_node_gets_what_it_needs(golden: Golden) -> None:
    """Which of the machine's files each kind of node gets."""
    got = {node: machine_files({**GOOD, **settings}) for node, settings in NODES.items()}
    lines = [
        f"{name}: {', '.join(node for node in NODES if name in got[node])}"
        for name in sorted(set().union(*got.values()))
    ]

    golden("userdata/files.txt", "\n".join(lines) + "\n")


def test_every_file_is_for_some_node() -> None:
    """No file of the machine's folder is left out everywhere."""
    every = {path for path in MACHINE.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    given = {name for settings in NODES.values() for name in machine_files({**GOOD, **settings})}

    assert {path.relative_to(MACHINE).as_posix() for path in every} == given


def test_archive_is_the_same_every_time() -> None:
    """Two renderings have the same bytes, so a preview shows no change where there is none."""
    assert machine_archive(GOOD) == machine_archive(GOOD)
    assert bz2.decompress(machine_archive(GOOD))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_printable_value_arrives(value: str) -> None:
    """A value comes out of the YAML and the shell's quoting as it went in, or is refused."""
    try:
        text = cloud_config({**GOOD, "LLM_MODEL": value}, [*VLLM, f"x{value}"])
    except ValueError:
        assert not value.isprintable()
        return
    written = files(text)
    settings = dict(shlex.split(line)[0].split("=", 1) for line in written["/opt/llm/settings.env"].splitlines())

    assert value == settings["LLM_MODEL"]
    assert [*VLLM, f"x{value}"] == written["/opt/llm/engine.argv"].removesuffix("\n").split("\n")


def test_secrets_have_no_place() -> None:
    """No setting is a secret: those that lead to one end in _PARAMETER, a name in OOS."""
    named = {name for name in SETTINGS if re.search("KEY|SECRET|TOKEN|CERTIFICATE", name)}

    assert {"KEY", "RAY_TOKEN", "TLS_CERTIFICATE", "TLS_KEY"} == {
        name.removeprefix("LLM_").removesuffix("_PARAMETER") for name in named if name.endswith("_PARAMETER")
    }
    assert len(named) == 4


def test_room_for_long_arguments() -> None:
    """Half a KiB of extra engine arguments still fits, with the largest set of settings."""
    assert len(cloud_config({**GOOD, **OSS}, [*SGLANG, "x" * 512]).encode()) <= MAX_BYTES


@pytest.mark.parametrize(
    ("settings", "argv", "message"),
    [
        ({}, ["x" * 20000], r"user data: 3\d{4} bytes, ECS accepts 32768\. Shorten the engine's extra arguments"),
        ({"LLM_MODEL": "a\nb"}, VLLM, r"LLM_MODEL: 'a\\nb' has a character that cannot stand on one line"),
        ({"LLM_MODEL": "a\0"}, VLLM, r"LLM_MODEL: 'a\\x00' has a character"),
        ({}, ["vllm", "a\u2028b"], r"engine argument: 'a\\u2028b' has a character"),
        ({}, ["vllm", ""], "engine argument: '' is empty or starts with a space"),
        ({}, [" vllm"], "engine argument: ' vllm' is empty or starts with a space"),
        ({"LLM_OTHER": 1}, VLLM, r"settings: LLM_OTHER missing or unknown\. Give exactly the names in SETTINGS\."),
    ],
)
def test_refusals(settings: dict[str, str | int], argv: list[str], message: str) -> None:
    """What cannot travel is refused with the value and a way out."""
    with pytest.raises(ValueError, match=message):
        cloud_config({**GOOD, **settings}, argv)


@pytest.mark.parametrize("value", ["a b", "it's", '"', "$HOME", "#", "a\\", "a\nb"])
def test_fabric_variable_that_would_not_arrive(value: str) -> None:
    """What an environment file would read as something else is refused."""
    with pytest.raises(ValueError, match=r"NCCL_IB_HCA: .* has a character that an environment file would not keep"):
        cloud_config({**GOOD, **HEAD}, VLLM, {"NCCL_IB_HCA": value})


def test_fabric_variables() -> None:
    """A pair's variables for NCCL stand in the clear, sorted; an empty command is the Ray worker's."""
    written = files(cloud_config({**GOOD, **WORKER}, [], {"NCCL_NET_GDR_LEVEL": "SYS", "NCCL_IB_HCA": "=mlx5_0:1,^x"}))

    assert "NCCL_IB_HCA==mlx5_0:1,^x\nNCCL_NET_GDR_LEVEL=SYS\n" == written["/opt/llm/fabric.env"]
    assert "" == written["/opt/llm/engine.argv"]


def test_missing_setting() -> None:
    """A setting that is left out is named."""
    with pytest.raises(ValueError, match="settings: LLM_PORT missing or unknown"):
        cloud_config({name: value for name, value in GOOD.items() if name != "LLM_PORT"}, VLLM)
