"""Containers: real processes that see their declared mounts and networks and nothing else."""

import json
import sys
from pathlib import Path

import pytest

from tests.localcloud.machines.booted import COMPOSE, Site

pytestmark = pytest.mark.machine

CADDYFILE = "{\\n admin off\\n}\\n:8000 {\\n reverse_proxy engine:8000\\n}\\n"
PREPARE = f"""
until docker info >/dev/null 2>&1; do sleep 1; done
nvidia-ctk runtime configure --runtime=docker
mkdir -p /srv/model; cd /srv/model
printf '{CADDYFILE}' >/srv/Caddyfile
echo '{{"max_position_embeddings": 4096}}' >config.json; echo '{{}}' >tokenizer_config.json
python3 - <<'END'
import json, struct
head = json.dumps({{"w": {{"dtype": "U8", "shape": [8], "data_offsets": [0, 8]}}}}).encode()
open("model.safetensors", "wb").write(struct.pack("<Q", len(head)) + head + b"12345678")
END
cd /srv
up() {{ docker compose -f /srv/compose.yaml -p test up -d 2>/tmp/up || {{ cat /tmp/up; return 1; }}; }}
compose() {{ docker compose -f /srv/compose.yaml -p test "$@"; }}
inside() {{ docker exec test-engine-1 python3 -c "$1" 2>&1 | tail -n 1; }}
"""
ASK = """
GET='import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=5).read().decode()[:60])'
ask() { python3 -c "$GET" "$1" 2>&1 | tail -n 1; }
for try in 1 2 3 4 5 6 7 8 9; do ask http://127.0.0.1:8080/v1/models | grep -q tiny && break; sleep 4; done
"""
METADATA = 'import socket; s = socket.create_connection(("100.100.100.200", 80), 3); print("reached")'


def written(compose: str) -> str:
    """Return commands that write *compose* and set the machine up for it."""
    return f"mkdir -p /srv\ncat >/srv/compose.yaml <<'END'\n{compose}END\n{PREPARE}"


def test_a_gate_reaches_its_engine_by_name(site: Site) -> None:
    """A published port leads into the gate, and the gate to the engine's own network."""
    site.boot()

    assert '{"object": "list", "data": [{"id": "tiny"' in site.output(
        written(COMPOSE) + "up" + ASK + "ask http://127.0.0.1:8080/v1/models"
    )


@pytest.mark.parametrize(
    ("compose", "outcome"),
    [
        (COMPOSE, "OSError: [Errno 101] Network is unreachable"),
        (COMPOSE.replace("inside: {internal: true}", "inside: {}"), "reached"),
    ],
)
def test_only_an_internal_network_keeps_a_container_from_the_metadata(site: Site, compose: str, outcome: str) -> None:
    """Taking ``internal: true`` away opens the way, so the test would see it missing."""
    site.boot()

    assert f"{outcome}\n" == site.output(written(compose) + f"up\ninside '{METADATA}'")


def test_an_engine_sees_its_mounts_and_nothing_else_of_the_machine(site: Site) -> None:
    """The model is there and read-only; the machine's files, names and processes are not."""
    site.boot()
    look = (
        'import os; print(sorted(os.listdir("/model")), os.path.exists("/srv/Caddyfile"), os.access("/model", os.W_OK),'
        ' sorted(p for p in os.listdir("/proc") if p.isdigit())[:1], os.listdir("/srv"))'
    )

    expected = "['config.json', 'model.safetensors', 'tokenizer_config.json'] False False ['1'] []\n"
    assert expected == site.output(written(COMPOSE) + f"up\ninside '{look}'")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ("/srv/model:/model:ro", "/srv/modle:/model:ro"),
            'daemon: invalid mount config for type "bind": bind source path does not exist: /srv/modle',
        ),
        (("    cap_add: [NET_BIND_SERVICE]\n", ""), "exec caddy: operation not permitted"),
        (("cap_drop: [ALL]", "cap_drop: ALL, privileged: true"), "mapping values are not allowed here"),
        (("cap_drop: [ALL]", "privileged: true"), "stand-in: services.engine: privileged is not supported"),
        (("networks: [inside]", "networks: [insdie]"), 'service "engine" refers to undefined network insdie'),
        (("depends_on: [engine]", "depends_on: [engin]"), 'service "gate" depends on undefined service "engin"'),
        (("x/caddy:2", "x/nginx:2"), "manifest for registry-vpc.cn-hangzhou.aliyuncs.com/x/nginx:2 not found"),
        (("count: all, capabilities: [gpu]", "count: all"), "capabilities: [gpu] is required"),
        (
            ("vllm, serve, /model,", "vllm, serve, /model, --enable-reasoning,"),
            "unrecognized arguments: --enable-reasoning",
        ),
        (("vllm, serve, /model,", "vllm, serve, /wrong,"), "/wrong does not appear to have a file named config.json"),
    ],
)
def test_a_mistake_in_the_compose_file_shows(site: Site, change: tuple[str, str], said: str) -> None:
    """Docker's own words where it is docker that refuses, the stand-in's where it knows no better."""
    site.boot()

    shown = site.run(
        written(COMPOSE.replace(*change)) + "compose up --abort-on-container-exit 2>&1; echo status $?"
    ).output

    assert said in shown
    assert "status 0" not in shown


def test_without_the_toolkit_no_container_gets_a_gpu(site: Site) -> None:
    """The daemon refuses, as it does before nvidia-ctk has configured it."""
    site.boot()

    shown = site.run(written(COMPOSE) + "rm /etc/docker/daemon.json; up").output

    assert 'could not select device driver "nvidia" with capabilities: [[gpu]]' in shown


def test_up_ends_with_the_first_container_and_its_status(site: Site) -> None:
    """--abort-on-container-exit stops the other one; its logs and states stay to be read."""
    site.boot(faults={"engine_exit_after": 0.3, "engine_exit_code": 7})

    shown = site.run(
        written(COMPOSE) + "compose up --abort-on-container-exit >/tmp/out 2>&1; echo $?\n"
        "grep -c '^engine-1 exited with code 7$\\|^Aborting on container exit...$' /tmp/out\n"
        "docker inspect --format '{{.State.Status}} {{.State.ExitCode}}' test-engine-1\n"
        "compose logs --no-color --no-log-prefix --tail 1 engine; compose down 2>/dev/null; docker ps -aq"
    ).output

    lines = shown.splitlines()
    assert ["7", "2", "exited 7"] == lines[:3]
    assert lines[3].endswith("fault: the engine's worker died")
    assert 4 == len(lines)


def test_inspect_shows_what_would_leak(site: Site) -> None:
    """Environment and arguments of a container are there for anyone who asks."""
    site.boot()
    compose = COMPOSE.replace("    cap_drop: [ALL]\n", "    environment: {SENTINEL: seen}\n    cap_drop: [ALL]\n", 1)

    shown = site.output(written(compose) + "up; docker inspect test-engine-1")

    assert '"SENTINEL=seen"' in shown
    assert '"--served-model-name"' in shown


@pytest.mark.parametrize(
    ("image", "internet", "faults", "last"),
    [
        ("registry-vpc.cn-hangzhou.aliyuncs.com/x/vllm:1", False, {}, "Status: Downloaded newer image for"),
        ("docker.io/vllm/vllm-openai:v1", False, {}, "no route to host"),
        ("docker.io/vllm/vllm-openai:v1", True, {}, "Status: Downloaded newer image for"),
        ("docker.io/x/other:v1", True, {}, "manifest unknown"),
        ("docker.io/vllm/vllm-openai:v1", True, {"image_pull_fails": True}, "TLS handshake timeout"),
        ("docker.io/vllm/vllm-openai:v1", True, {"image_missing": True}, "manifest unknown"),
    ],
)
def test_pulling_needs_a_registry_in_reach_and_an_image(
    site: Site,
    image: str,
    internet: bool,  # noqa: FBT001 - a table's column
    faults: dict[str, object],
    last: str,
) -> None:
    """Registries inside the VPC are always in reach, others with egress only."""
    site.boot(internet=internet, faults=faults)

    assert last in site.run(f"until docker info >/dev/null 2>&1; do sleep 1; done; docker pull {image} 2>&1").output


def test_restarting_docker_ends_its_containers(site: Site) -> None:
    """They stay in the list as exited, and a client without a daemon hears so."""
    site.boot()

    shown = site.run(
        written(COMPOSE) + "up; systemctl restart docker; until docker info >/dev/null 2>&1; do sleep 1; done\n"
        "docker inspect --format '{{.State.Status}}' test-engine-1; pgrep -fc 'vllm serve'\n"
        "systemctl stop docker; docker ps"
    ).output

    socket = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
    assert f"exited\n0\n{socket}\n" == shown


def test_a_real_engine_can_take_the_place_of_the_stand_in(site: Site, tmp_path: Path) -> None:
    """engines.json names a virtual environment; its programs and variables come first in the engine's container."""
    programs = tmp_path / "venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "python").symlink_to(sys.executable)
    (programs / "vllm").write_text("#!/bin/sh\necho real engine $1 with $CPUS cpus\n")
    (programs / "vllm").chmod(0o755)
    engines = {"vllm": {"venv": str(programs.parent), "environment": {"CPUS": "2"}}}
    (site.home / "engines.json").write_text(json.dumps(engines))
    site.boot()

    shown = site.run(written(COMPOSE) + "compose up --abort-on-container-exit 2>/dev/null").output

    assert "engine-1  | real engine serve with 2 cpus\n" in shown
