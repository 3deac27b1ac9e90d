"""Compose files laid over each other, and containers that share the machine's own network."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.localcloud.machines.guest.docker.compose.project import load
from scripts.localcloud.machines.guest.docker.compose.values import ComposeError
from scripts.localcloud.machines.guest.docker.config import Device, Mount
from tests.localcloud.machines.booted import Site

REGISTRY = "registry-vpc.cn-hangzhou.aliyuncs.com/x"
BASE: dict[str, Any] = {
    "services": {
        "engine": {
            "image": "x/vllm:1",
            "command": ["a", "b"],
            "environment": {"ONE": "1", "TWO": "2"},
            "volumes": ["/srv/model:/model:ro", "/srv/cache:/cache"],
            "cap_drop": ["ALL"],
        }
    }
}


def configured(folder: Path, *services: dict[str, Any]) -> Any:  # noqa: ANN401 - a container's configuration
    """Return the engine of BASE with each of *services* in a file laid over it."""
    documents = [BASE, *({"services": {"engine": service}} for service in services)]
    files = [folder / f"{index}.yaml" for index in range(len(documents))]
    for file, document in zip(files, documents, strict=True):
        file.write_text(yaml.safe_dump(document))
    return load(files, "p", {"CALLER": "c"}).services["engine"]


@pytest.mark.parametrize(
    ("service", "field", "expected"),
    [
        ({"command": ["c"]}, "command", ["c"]),
        ({"environment": ["TWO=3", "CALLER", "GONE"]}, "environment", {"ONE": "1", "TWO": "3", "CALLER": "c"}),
        (
            {"volumes": ["/srv/other:/model"]},
            "mounts",
            [Mount("/srv/other", "/model", read_only=False), Mount("/srv/cache", "/cache", read_only=False)],
        ),
        ({"cap_drop": ["ALL"], "cap_add": ["IPC_LOCK"]}, "cap_drop", ["ALL"]),
        ({"network_mode": "host"}, "networks", []),
        ({}, "networks", ["p_default"]),
        ({"user": "0:10001"}, "group", 10001),
        ({"devices": ["/dev/infiniband:/dev/infiniband"]}, "devices", [Device("/dev/infiniband", "/dev/infiniband")]),
        (
            {"env_file": ["some.env"], "environment": {"TWO": "own"}},
            "environment",
            {"ONE": "1", "TWO": "own", "NCCL_IB_HCA": "=erdma_0:1", "WORDS": "a b $c"},
        ),
    ],
)
def test_a_later_file_is_laid_over_an_earlier_one(
    tmp_path: Path,
    service: dict[str, Any],
    field: str,
    expected: object,
) -> None:
    """Commands are replaced, variables and mounts merged by name, and everything ends in the container."""
    (tmp_path / "some.env").write_text("# of the fabric\nTWO=file\nNCCL_IB_HCA==erdma_0:1\n\nWORDS='a b $c'\n")

    assert expected == getattr(configured(tmp_path, service), field)


@pytest.mark.parametrize(
    ("service", "said"),
    [
        (
            {"network_mode": "host", "networks": ["x"]},
            "service engine declares mutually exclusive `network_mode` and `networks`: invalid compose project",
        ),
        ({"network_mode": "none"}, "stand-in: services.engine.network_mode: 'none' is not one of 'host'"),
        (
            {"network_mode": "host", "ports": ["80:80"]},
            "stand-in: services.engine.ports: docker would ignore them, its network is the machine's",
        ),
        ({"user": "1000"}, "stand-in: services.engine.user: '1000' is not root, with or without a group's number"),
        ({"devices": ["a:b"]}, "stand-in: services.engine.devices: 'a:b' is not HOST or HOST:CONTAINER"),
        (
            {"env_file": "none.env"},
            "env file {folder}/none.env not found: stat {folder}/none.env: no such file or directory",
        ),
        (
            {"env_file": "bad.env"},
            "stand-in: {folder}/bad.env:1: 'A=\"$B\"' is not NAME=value with at most single quotes",
        ),
        ({"environment": 3}, "services.engine.environment must be a mapping or a list"),
        ({"environment": {"A": {}}}, "services.engine.environment.A must be a string or a number"),
    ],
)
def test_what_the_stand_in_cannot_do_it_refuses(tmp_path: Path, service: dict[str, Any], said: str) -> None:
    """Compose's own words where it is compose that refuses."""
    (tmp_path / "bad.env").write_text('A="$B"\n')

    with pytest.raises(ComposeError) as problem:
        configured(tmp_path, service)

    assert said.format(folder=tmp_path) == str(problem.value)


BOTH = f"""\
services:
  engine:
    image: {REGISTRY}/vllm:1
    entrypoint: [/bin/sh, -c, 'echo up; timeout 1 tail -f /dev/null; exit 3']
    network_mode: host
    user: "0:10001"
    volumes: [/srv/look:/look:ro]
    devices: [/dev/infiniband:/dev/infiniband]
    cap_drop: [ALL]
    cap_add: [IPC_LOCK]
  gate:
    image: {REGISTRY}/vllm:1
    entrypoint: [tail, -f, /dev/null]
    depends_on: [engine]
"""
LATER = "services: {engine: {environment: {LATER: seen}}}\n"
LOOK = """\
id -g; ls /dev/infiniband; echo $LATER; hostname; grep -c eth0 /proc/net/dev
python3 -c 'import socket; print(*socket.create_connection(("127.0.0.1", 7000), 3).getpeername())'
"""
SEEN = "10001\nuverbs0\nseen\nllm\n1\n127.0.0.1 7000\n"
COMPOSE = f"""\
cat >/srv/look <<'END'
{LOOK}END
cat >/srv/a.yaml <<'END'
{BOTH}END
cat >/srv/b.yaml <<'END'
{LATER}END
mkdir /dev/infiniband; touch /dev/infiniband/uverbs0
until docker info >/dev/null 2>&1; do sleep 1; done
compose() {{ docker compose -f /srv/a.yaml -f /srv/b.yaml -p test "$@" 2>>/tmp/err; }}
"""


@pytest.mark.machine
def test_a_container_can_share_the_machines_network(site: Site) -> None:
    """It sees eth0, the machine's loopback and its devices, as root of another group, in run, up and exec alike."""
    site.boot()

    shown = site.output(
        f"{COMPOSE}python3 -um http.server --bind 127.0.0.1 7000 >/tmp/log 2>&1 &\n"
        "until grep -q Serving /tmp/log; do sleep 1; done\n"
        "compose run --rm --no-deps -T --entrypoint /bin/sh engine /look\n"
        "compose up --no-deps -d engine; compose exec -T engine sh /look; compose ps --services\n"
        "docker ps -aq | wc -l"
    )

    assert f"{SEEN}{SEEN}engine\n1\n" == shown


@pytest.mark.machine
def test_services_of_a_project_can_live_apart(site: Site) -> None:
    """The end of one up is not the other's, a run's status is its command's, and only what is named is stopped."""
    site.boot()

    shown = site.run(
        f"{COMPOSE}compose up --no-deps --abort-on-container-exit gate >/tmp/gate & apart=$!\n"
        "compose up --no-deps --abort-on-container-exit engine; echo $?\n"
        "compose run --rm --no-deps -T --entrypoint sh engine -c 'exit 5'; echo $?\n"
        "compose ps -a --services | sort; compose stop gate; wait $apart; echo $?\n"
        "compose rm -fs gate; compose ps -a --services"
    ).output

    assert "engine-1  | up\nengine-1 exited with code 3\n3\n5\nengine\ngate\n137\nengine\n" == shown


@pytest.mark.machine
def test_a_device_must_exist(site: Site) -> None:
    """Docker says which one does not."""
    site.boot()

    shown = site.run(f"{COMPOSE}rm -r /dev/infiniband; compose up --no-deps engine; cat /tmp/err").output

    assert (
        'error gathering device information while adding custom device "/dev/infiniband": no such file or directory'
        in shown
    )
