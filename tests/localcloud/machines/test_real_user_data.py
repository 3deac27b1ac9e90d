"""The project's own user data, booted: what the local cloud is for."""

import json
import socket
import ssl
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from components.userdata import cloud_config, ready_command
from scripts.localcloud.machines.authority import issue
from scripts.localcloud.machines.hosts.weights import generated
from tests.localcloud.machines.booted import SPEC, Site

pytestmark = pytest.mark.machine

KEY = "sentinel-5d1f-key"
REGISTRY = "registry-vpc.cn-hangzhou.aliyuncs.com/x"
SETTINGS: dict[str, str | int] = {
    "LLM_ENGINE": "vllm",
    "LLM_ENGINE_IMAGE": f"{REGISTRY}/vllm:1",
    "LLM_GATE_IMAGE": f"{REGISTRY}/caddy:2",
    "LLM_GPU_COUNT": 1,
    "LLM_HEAD_ADDRESS": "",
    "LLM_INTERCONNECT": "",
    "LLM_KEY_PARAMETER": "llm-key",
    "LLM_LAUNCHER": "",
    "LLM_MAX_REQUEST_MIB": 16,
    "LLM_MODEL": "qwen3-8b",
    "LLM_MTU": "",
    "LLM_NODES": 1,
    "LLM_NODE_RANK": 0,
    "LLM_OSS_BUCKET": "",
    "LLM_OSS_PREFIX": "",
    "LLM_PORT": 8000,
    "LLM_RAY_TOKEN_PARAMETER": "",
    "LLM_RDMA_DEVICES": 0,
    "LLM_REGION": SPEC.region,
    "LLM_TLS": "off",
    "LLM_TLS_CERTIFICATE_PARAMETER": "",
    "LLM_TLS_KEY_PARAMETER": "",
    "LLM_WEIGHTS_MODEL": "Qwen/Qwen3-8B",
    "LLM_WEIGHTS_REVISION": "master",
    "LLM_WEIGHTS_SOURCE": "modelscope",
    "LLM_WEIGHTS_STREAMS": 4,
    "LLM_WORKER_MINUTES": "",
}
COMMON = ["--served-model-name", "qwen3-8b", "--host", "0.0.0.0", "--port", "8000"]  # noqa: S104 - in its container
VLLM = ["vllm", "serve", "/model", *COMMON, "--max-model-len", "32768"]
SGLANG = ["python3", "-m", "sglang.launch_server", "--model-path", "/model", *COMMON]
ROLES = {
    "llm-role": {
        "statements": [
            {
                "effect": "Allow",
                "actions": ["oos:GetSecretParameter"],
                "resources": ["acs:oos:cn-hangzhou:1:secretparameter/llm-key"],
            },
            {"effect": "Allow", "actions": ["kms:GetSecretValue"], "resources": ["acs:kms:cn-hangzhou:1:secret/*"]},
        ]
    }
}


def boot(site: Site, argv: list[str] | None = None, *, disk: bool = True, **changes: Any) -> None:  # noqa: ANN401 - spec
    """Boot the project's machine with its weights disk and its role."""
    site.services(oos={SPEC.region: {"llm-key": {"value": KEY}}}, roles=ROLES)
    image = {"LLM_ENGINE": "sglang", "LLM_ENGINE_IMAGE": f"{REGISTRY}/sglang:1"} if argv == SGLANG else {}
    site.boot(cloud_config(SETTINGS | image, argv or VLLM), role_name="llm-role", **changes)
    if disk:
        site.machines.create_disk("d-bp1weights")
        site.machines.attach_disk("i-one", "d-bp1weights", 500)


def ready(site: Site, seconds: int = 60) -> tuple[int, str]:
    """Return status and output of what Cloud Assistant runs."""
    result = site.machines.run_command("i-one", ready_command(seconds), seconds + 30)
    return result.exit_code, result.output


def must_answer(site: Site) -> None:
    """Wait until the machine answers; a failure shows its cause."""
    code, said = ready(site)
    assert 0 == code, said


def ask(url: str, body: object = None, key: str = KEY) -> tuple[int, str]:
    """Return status and text of a request through the gate."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=10) as reply:  # noqa: S310
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as problem:
        with problem:
            return problem.code, problem.read().decode()


@pytest.mark.parametrize("argv", [VLLM, SGLANG], ids=["vllm", "sglang"])
def test_the_machine_answers_through_its_gate(site: Site, address: str, argv: list[str]) -> None:
    """From nothing to a completion within seconds; without the key 401, off the list 404."""
    begun = time.monotonic()
    boot(site, argv)
    site.machines.set_listeners("i-one", {(address, 8000)})

    code, said = ready(site)
    took = time.monotonic() - begun
    base = f"http://{address}:8000"
    chat = {"model": "qwen3-8b", "messages": [{"role": "user", "content": "hello"}]}

    assert (0, True) == (code, said.startswith("ready: ")), said
    assert took < 30
    assert 200 == ask(f"{base}/v1/chat/completions", chat)[0]
    assert 401 == ask(f"{base}/v1/chat/completions", chat, key="wrong")[0]
    assert [404, 404, 404] == [ask(base + path, {})[0] for path in ("/invocations", "/tokenize", "/metrics")]


FAULTS: list[tuple[dict[str, object], dict[str, object], str]] = [
    ({"no_gpu": True}, {}, "phase driver: "),
    ({"no_disk": True}, {}, "phase disk: "),
    ({"image_missing": True}, {}, "phase image: "),
    ({"wrong_hash_shard": 1}, {}, "phase weights: "),
    ({"truncate_shard": 1}, {}, "phase weights: "),
    ({"engine_exit_code": 0}, {}, "phase engine: "),
    ({}, {"role_name": None}, "phase key: "),
    ({}, {"internet": False}, "phase weights: "),
]


@pytest.mark.parametrize(("faults", "changes", "cause"), FAULTS, ids=lambda value: str(value)[:40])
def test_a_machine_that_cannot_serve_names_the_phase(
    site: Site, faults: dict[str, object], changes: dict[str, object], cause: str
) -> None:
    """The first line of the command's output is the phase and the reason; the key is nowhere in it."""
    site.services(oos={SPEC.region: {"llm-key": {"value": KEY}}}, roles=ROLES)
    user_data = cloud_config(SETTINGS, VLLM)
    site.boot(user_data, **({"role_name": "llm-role", "faults": faults} | changes))
    site.machines.create_disk("d-bp1weights")
    site.machines.attach_disk("i-one", "d-bp1weights", 500)

    code, said = ready(site, 150)

    assert (1, cause) == (code, said[: len(cause)]), said
    assert KEY not in said


def test_weights_come_from_a_bucket_without_egress(site: Site, tmp_path: Path) -> None:
    """With weightsSource oss nothing outside the VPC is needed, and the role must be allowed to read."""
    folder = tmp_path / "bucket" / "qwen"
    folder.mkdir(parents=True)
    for name, file in generated("Qwen/Qwen3-8B").items():
        (folder / name).write_bytes(file.read(0, file.size))
    bucket = {"LLM_WEIGHTS_SOURCE": "oss", "LLM_OSS_BUCKET": "models", "LLM_OSS_PREFIX": "qwen"}
    reading = {"effect": "Allow", "actions": ["oss:GetObject", "oss:ListObjects"], "resources": ["acs:oss:*:*:models*"]}
    site.services(
        oos={SPEC.region: {"llm-key": {"value": KEY}}},
        roles={"llm-role": {"statements": [*ROLES["llm-role"]["statements"], reading]}},
        oss={"models": {"region": SPEC.region, "root": str(folder.parent)}},
    )
    site.boot(cloud_config(SETTINGS | bucket, VLLM), role_name="llm-role", internet=False)
    site.machines.create_disk("d-bp1weights")
    site.machines.attach_disk("i-one", "d-bp1weights", 500)

    must_answer(site)


def test_the_gate_speaks_tls_with_the_given_certificate(site: Site, address: str) -> None:
    """The certificate and its key come from secret parameters, like the API key."""
    issue(site.home, ["llm.example"], site.home / "gate.pem")
    pem = (site.home / "gate.pem").read_text()
    key, certificate = pem.split("-----BEGIN CERTIFICATE-----")
    parameters = {"llm-key": KEY, "tls-cert": "-----BEGIN CERTIFICATE-----" + certificate, "tls-key": key}
    resource = {"resources": ["acs:oos:cn-hangzhou:1:secretparameter/*"]}
    statements = ROLES["llm-role"]["statements"]
    site.services(
        oos={SPEC.region: {name: {"value": value} for name, value in parameters.items()}},
        roles={"llm-role": {"statements": [statements[0] | resource, statements[1]]}},
    )
    tls = {"LLM_TLS": "on", "LLM_TLS_CERTIFICATE_PARAMETER": "tls-cert", "LLM_TLS_KEY_PARAMETER": "tls-key"}
    site.boot(cloud_config(SETTINGS | tls, VLLM), role_name="llm-role")
    site.machines.create_disk("d-bp1weights")
    site.machines.attach_disk("i-one", "d-bp1weights", 500)
    site.machines.set_listeners("i-one", {(address, 8000)})

    must_answer(site)
    context = ssl.create_default_context(cafile=str(site.home / "authority" / "ca.pem"))
    with (
        socket.create_connection((address, 8000), 5) as plain,
        context.wrap_socket(plain, server_hostname="llm.example") as wrapped,
    ):
        wrapped.sendall(b"GET /health HTTP/1.1\r\nHost: llm.example\r\n\r\n")
        assert wrapped.recv(15).startswith(b"HTTP/1.1 200")


def test_a_reboot_brings_the_service_back_without_fetching_again(site: Site) -> None:
    """The same disk, no file fetched anew."""
    boot(site)
    must_answer(site)
    before = site.output("stat -c '%n %y' $(find /srv/llm -name '*.safetensors' | sort)")

    site.machines.reboot("i-one")

    must_answer(site)
    assert before == site.output("stat -c '%n %y' $(find /srv/llm -name '*.safetensors' | sort)")


def test_the_key_is_in_its_file_and_nowhere_else(site: Site) -> None:
    """Not in user data, process list, logs, containers, or any other file of the machine."""
    boot(site)
    must_answer(site)

    places = site.run(
        "cd /; grep -rl 'sentinel-[5]d1f-key' etc opt var root srv run || true\n"
        "grep -l 'sentinel-[5]d1f-key' /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null || true\n"
        "{ docker inspect llm-engine-1 llm-gate-1; docker logs llm-engine-1; docker logs llm-gate-1;"
        " journalctl -u llm; } | grep -c 'sentinel-[5]d1f-key'"
    ).output

    assert "run/llm/secrets/api_key\n0\n" == places
    assert KEY not in (site.home / "machines/i-one/run/user-data").read_text()


def test_an_engine_that_dies_with_status_0_is_started_again(site: Site) -> None:
    """The unit restarts on any exit, and the machine answers again by itself."""
    boot(site)
    must_answer(site)

    site.machines.set_faults("i-one", {"engine_exit_after": 0.0, "engine_exit_code": 0})
    site.output("until [ $(systemctl show --value -p NRestarts llm) -ge 1 ]; do sleep 1; done")
    site.machines.set_faults("i-one", {})

    must_answer(site)


@pytest.mark.parametrize(
    ("breakage", "cause"),
    [
        ("sed -i 's|:/model:ro|:/modle:ro|' /opt/llm/compose.yaml", "phase engine: "),
        ("sed -i '0,/\"/s///' /opt/llm/bin/image", "phase image: "),
        ("sed -i 's|reverse_proxy|reverse_prxoy|' /opt/llm/Caddyfile", "phase gate: "),
    ],
)
def test_a_broken_file_is_noticed(site: Site, breakage: str, cause: str) -> None:
    """A wrong path, a missing quote or a misspelt directive ends in a failure that names its phase."""
    reload = "- systemctl daemon-reload\n"
    whole, broken = cloud_config(SETTINGS, VLLM), f"- {json.dumps(breakage)}\n{reload}"
    text = whole.replace(reload, broken)
    assert text != whole
    site.services(oos={SPEC.region: {"llm-key": {"value": KEY}}}, roles=ROLES)
    site.boot(text, role_name="llm-role")
    site.machines.create_disk("d-bp1weights")
    site.machines.attach_disk("i-one", "d-bp1weights", 500)

    code, said = ready(site, 150)

    assert (1, cause) == (code, said[: len(cause)]), said
