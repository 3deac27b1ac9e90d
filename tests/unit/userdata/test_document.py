"""The user data as a whole."""

import base64
import bz2
import io
import re
import shlex
import tarfile
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from components.userdata import MAX_BYTES, SETTINGS, cloud_config, machine_archive
from tests.unit.userdata.programs import MACHINE

GOOD: dict[str, str | int] = {
    "LLM_ENGINE": "vllm",
    "LLM_ENGINE_IMAGE": "registry.example.com/egs/vllm:0.11.0",
    "LLM_GATE_IMAGE": "registry.example.com/caddy:2.11.7",
    "LLM_GPU_COUNT": 2,
    "LLM_KEY_PARAMETER": "llm-dev-api-key",
    "LLM_MAX_REQUEST_MIB": 32,
    "LLM_MODEL": "Qwen/Qwen3-32B",
    "LLM_OSS_BUCKET": "",
    "LLM_OSS_PREFIX": "",
    "LLM_PORT": 8000,
    "LLM_REGION": "cn-hangzhou",
    "LLM_TLS": "off",
    "LLM_TLS_CERTIFICATE_PARAMETER": "",
    "LLM_TLS_KEY_PARAMETER": "",
    "LLM_WEIGHTS_MODEL": "Qwen/Qwen3-32B",
    "LLM_WEIGHTS_REVISION": "master",
    "LLM_WEIGHTS_SOURCE": "modelscope",
    "LLM_WEIGHTS_STREAMS": 16,
}
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


def test_first_line() -> None:
    """Cloud-init knows the format by the first line."""
    assert cloud_config(GOOD, VLLM).startswith("#cloud-config\n")


def test_archive_is_the_machine_folder() -> None:
    """The archive holds every file of machine/ less its comment lines; programs are executable, owner is root."""
    packed = base64.b85decode(files(cloud_config(GOOD, VLLM))["/opt/llm/machine.b85"].strip())
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        found = {
            member.name: (member.mode, member.uid, member.mtime, archive.extractfile(member).read().decode())  # type: ignore[union-attr]
            for member in archive
        }

    assert found == {
        str(path.relative_to(MACHINE)): (
            0o755 if path.parent.name == "bin" else 0o644,
            0,
            0,
            "".join(line for line in path.read_text().splitlines(keepends=True) if not re.match(r"\s*#[^!]", line)),
        )
        for path in MACHINE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_archive_is_the_same_every_time() -> None:
    """Two renderings have the same bytes, so a preview shows no change where there is none."""
    assert machine_archive() == machine_archive()
    assert bz2.decompress(machine_archive())


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
    assert {"LLM_KEY_PARAMETER", "LLM_TLS_CERTIFICATE_PARAMETER", "LLM_TLS_KEY_PARAMETER"} == {
        name for name in SETTINGS if re.search("KEY|SECRET|TOKEN|CERTIFICATE", name)
    }


def test_room_for_long_arguments() -> None:
    """Half a KiB of extra engine arguments still fits, with the largest set of settings."""
    assert len(cloud_config({**GOOD, **OSS}, [*SGLANG, "x" * 512]).encode()) <= MAX_BYTES


@pytest.mark.parametrize(
    ("settings", "argv", "message"),
    [
        ({}, ["x" * 2000], r"user data: 1\d{4} bytes, ECS accepts 16384\. Shorten the engine's extra arguments"),
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


def test_missing_setting() -> None:
    """A setting that is left out is named."""
    with pytest.raises(ValueError, match="settings: LLM_PORT missing or unknown"):
        cloud_config({name: value for name, value in GOOD.items() if name != "LLM_PORT"}, VLLM)
