"""Two machines joined by the real Ray: it answers to its token, and to nobody outside the nodes' own group."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml

from scripts.localcloud.cloud import Cloud
from scripts.localcloud.kinds import SWITCH
from scripts.localcloud.machines import Machines
from scripts.localcloud.machines.spec import CommandResult
from tests.stack.pair import NODES, mentions, serves, standing, until
from tests.stack.project import Project

pytestmark = pytest.mark.machine

RAY = {"launcher": "ray", "engineImage": "acme.example.com/llm/vllm-ray:v0.32.0-ray2.60.0"}
CLOSED = (6370, 6379, 6380, 6381, 6382, 6383, 6384, 6385, 8265, 10001, 10002, 29501, 30000, 44217, 44227)
NEIGHBOUR = """
import pulumi
import pulumi_alicloud as alicloud

config = pulumi.Config("llm")
group = alicloud.ecs.SecurityGroup("group", vpc_id=config.require("vpc"))
alicloud.ecs.Instance(
    "neighbour",
    instance_name="neighbour",
    instance_type="ecs.gn7i-c8g1.2xlarge",
    image_id="ubuntu_24_04_x64_100G_with_gpu_driver_and_cuda_alibase_20260519.vhd",
    system_disk_size=100,
    vswitch_id=config.require("switch"),
    security_groups=[group.id],
    user_data="#cloud-config\\n",
)
"""
CONNECT = """
python3 - <<'END'
import socket
for port in {ports}:
    try:
        socket.create_connection(("{address}", port), 0.5).close()
        print(port)
    except OSError:
        pass
END
"""


@pytest.fixture(scope="module")
def pair(bootable: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:  # noqa: ARG001 - it may skip
    """Return a pair with Ray, up."""
    with standing(tmp_path_factory.mktemp("ray"), **RAY) as one:
        yield one


def open_ports(stack: Project, caller: str, address: str) -> set[int]:
    """Return the ports of *address* that the machine *caller* can connect to."""
    found = stack.on(caller, CONNECT.format(ports=(8000, *CLOSED), address=address))
    return {int(port) for port in found.output.split()}


def ray_status(stack: Project, node: str, *environment: str) -> CommandResult:
    """Ask Ray how it stands, from the engine's container on *node*."""
    given = " ".join(f"-e {variable}" for variable in environment)
    head = httpx.URL(stack.output("endpoint")).host
    return stack.on(node, f"docker exec {given} llm-engine-1 ray status --address {head}:6379 2>&1")


def ray_nodes(stack: Project) -> set[str]:
    """Return the names of the nodes that are alive, as the head's Ray knows them."""
    return set(re.findall(r"1 (node_\w+)", ray_status(stack, "head").output))


def test_it_answers_through_the_gate(pair: Project) -> None:
    """The one engine runs on the head, over the GPUs of both."""
    assert serves(pair)


@pytest.mark.parametrize("node", NODES)
def test_both_nodes_are_alive_for_who_has_the_token(pair: Project, node: str) -> None:
    """Ray's own status shows two nodes and all GPUs, kept for the engine, to both."""
    # It is told of what is reserved every few seconds.
    assert until(lambda: "of 16.0 reserved in placement groups" in ray_status(pair, node).output)
    assert ray_status(pair, node).output.count("1 node_") == 2


@pytest.mark.parametrize("environment", [("RAY_AUTH_TOKEN=wrong",), ("RAY_AUTH_MODE=disabled",)])
def test_without_the_token_ray_says_nothing(pair: Project, environment: tuple[str, ...]) -> None:
    """Not even from the other node, which is let in by the security group."""
    refused = ray_status(pair, "worker", *environment)

    assert refused.exit_code != 0
    assert "GPU" not in refused.output


def test_a_neighbour_reaches_the_gate_and_nothing_else(pair: Project, tmp_path: Path) -> None:
    """From another machine of the VPC, outside the nodes' group, every port but the gate's is silent."""
    world = Cloud(pair.home).store.read()
    switch = next(iter(world.all(SWITCH)))
    neighbour = Project(tmp_path, {})
    shutil.rmtree(neighbour.home)
    neighbour.environment["LOCALCLOUD_HOME"] = str(pair.home)
    (neighbour.folder / "Pulumi.yaml").write_text("name: neighbour\nruntime: python\n")
    (neighbour.folder / "__main__.py").write_text(NEIGHBOUR)
    config = {"alicloud:region": "cn-hangzhou", "llm:vpc": switch.text("vpcId"), "llm:switch": switch.id}
    (neighbour.folder / "Pulumi.dev.yaml").write_text(yaml.safe_dump({"config": config}))
    up = neighbour.local("up")
    assert up.returncode == 0, up.stdout
    head = httpx.URL(pair.output("endpoint")).host

    assert {8000} == open_ports(pair, "neighbour", head)
    assert {6379, 10001} <= open_ports(pair, "worker", head)
    assert 8265 not in open_ports(pair, "worker", head)


def test_the_token_is_nowhere_in_the_clear(pair: Project) -> None:
    """Ray's token is on no command line, in no environment, log or file but the one in memory."""
    token = pair.on("head", "cat /run/llm/secrets/ray_token").output.strip()
    assert len(token) == 48
    for node in NODES:
        assert mentions(pair, node, token) == 1
        assert mentions(pair, node, token, but="/run/llm/secrets") == 0


@pytest.mark.parametrize("node", NODES)
def test_a_rebooted_node_comes_back(pair: Project, node: str) -> None:
    """Ray is a new one on both nodes after either machine rebooted, and the endpoint answers."""
    before = ray_nodes(pair)
    assert len(before) == 2, ray_status(pair, "head").output
    Machines(pair.home).reboot(pair.instance(node))

    assert until(lambda: not before & ray_nodes(pair) and serves(pair))
    assert len(ray_nodes(pair)) == 2
