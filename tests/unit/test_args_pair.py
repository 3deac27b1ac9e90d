"""The arguments of two machines: what differs from one, and what is refused."""

import re
from collections.abc import Callable

import pytest

from components import catalog
from components.args import ArgsError, DualEcsRayLlmArgs, SingleEcsLlmArgs
from components.args.dual_ecs_ray import NODE_PORTS
from components.catalog import Fabric

GOOD: dict[str, object] = {"zoneId": "cn-hangzhou-h", "systemImageId": "m-uefi"}
SMALL = GOOD | {"model": "Qwen/Qwen3-32B", "instanceType": "ecs.gn8is-2x.8xlarge"}

CASES: list[dict[str, object]] = [
    {"instanceType": "ecs.gn7e-c16g1.32xlarge", "model": "Qwen/Qwen3-235B-A22B"},
    {"instanceType": "ecs.gn7e-c16g1.32xlarge", "model": "Qwen/Qwen3-235B-A22B", "rdmaInterfaces": 2},
    {"instanceType": ["ecs.ebmgn8v.48xlarge", "ecs.gn8v-8x.48xlarge"]},
    {"instanceType": "ecs.gn8is-8x.32xlarge"},
    {"interconnect": "rdma"},
    {"interconnect": "tcp", "rdmaInterfaces": 2},
    {"rdmaInterfaces": 9},
    {"vswitchId": "vsw-1", "securityGroupId": "sg-1", "privateAllowedCidrs": ["10.0.0.0/8"]},
    {"tensorParallel": 12},
    {"tensorParallel": 8, "pipelineParallel": 1},
    {"pipelineParallel": 3},
    {"model": "Qwen/QwQ-32B", "tensorParallel": 16},
    {"launcher": "mpi"},
    {"launcher": "ray"},
    {"launcher": "ray", "engine": "sglang", "engineImage": "lmsysorg/sglang:v0.5.23"},
    {"ncclEnv": {"LD_PRELOAD": "x"}},
    {"ncclEnv": {"NCCL_DEBUG": "INFO\nLD_PRELOAD=x"}},
    {"ncclEnv": {"NCCL_IB_GID_INDEX": 1}},
    {"ncclEnv": {"NCCL_IB_DISABLE": "1"}},
    {"interconnect": "tcp", "ncclEnv": {"NCCL_IB_DISABLE": "0"}},
    {"port": 6379},
    {"port": 10500},
    {"workerTimeoutMinutes": 1},
    {"workerTimeoutMinutes": 60, "readyTimeoutMinutes": 60},
    {"readyTimeoutMinutes": 20},
    {"extraEngineArgs": ["--nnodes", "2", "--distributed-executor-backend", "ray", "--master-port", "1"]},
    {"spotPriceLimit": 9.5},
    {"systemImageId": None},
]


def refusal(change: dict[str, object]) -> str:
    """Return *change* and what the arguments say to it."""
    with pytest.raises(ArgsError) as error:
        DualEcsRayLlmArgs.from_config({name: value for name, value in (GOOD | change).items() if value is not None})
    asked = ", ".join(f"{name} {value!r}" for name, value in change.items())
    return "\n".join([asked, *(f"  {line}" for line in error.value.problems)])


def test_refused(golden: Callable[[str, str], None]) -> None:
    """Each message stands at the argument to change; every message in one file to read."""
    golden("args/pair-refusals.txt", "\n\n".join(map(refusal, CASES)) + "\n")


@pytest.mark.parametrize(
    ("change", "devices", "mtu"),
    [
        ({}, 2, 8500),
        ({"instanceType": "ecs.gn8v-8x.48xlarge"}, 1, 8500),
        ({"instanceType": "ecs.gn8v-8x.48xlarge", "rdmaInterfaces": 2}, 2, 8500),
        ({"interconnect": "tcp"}, 0, None),
    ],
)
def test_network_between_the_machines(change: dict[str, object], devices: int, mtu: int | None) -> None:
    """Frames are large where RDMA needs it; a number that no page gives can be corrected."""
    args = DualEcsRayLlmArgs.from_config(GOOD | change)

    assert (devices, mtu) == (args.rdma_devices, args.mtu)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, True),
        ({"spotStrategy": "SpotAsPriceGo"}, False),
        ({"interconnect": "tcp"}, True),
        ({"model": "Qwen/Qwen3-32B", "instanceType": "ecs.gn8is-2x.8xlarge"}, False),
    ],
)
def test_who_may_stand_close_together(change: dict[str, object], *, expected: bool) -> None:
    """A deployment set refuses spot machines, and the types that no page lists for it."""
    assert expected == DualEcsRayLlmArgs.from_config(GOOD | change).low_latency


@pytest.mark.parametrize("interconnect", ["erdma", "tcp"])
def test_variables_of_the_network(interconnect: str) -> None:
    """The catalog's, and the user's over them."""
    given = {"NCCL_DEBUG": "INFO", "GLOO_SOCKET_IFNAME": "eth1"}
    args = DualEcsRayLlmArgs.from_config(GOOD | {"interconnect": interconnect, "ncclEnv": given})

    assert catalog.find(Fabric, interconnect).env | given == args.fabric_env


def test_the_second_machine_has_no_other_way_out() -> None:
    """A public endpoint's address is the first machine's, so the NAT gateway is bought all the same."""
    public = SMALL | {"publicAllowedCidrs": ["203.0.113.0/24"]}

    assert (True, False) == (
        DualEcsRayLlmArgs.from_config(public).nat_gateway,
        SingleEcsLlmArgs.from_config(public).nat_gateway,
    )


@pytest.mark.parametrize(
    ("change", "minutes"),
    [
        ({"weightsSource": "oss", "ossBucket": "weights"}, 68),
        ({}, 225),
        ({"eipBandwidthMbps": 100}, 400),
        ({"model": "deepseek-ai/DeepSeek-R1", "instanceType": "ecs.ebmgn8v.48xlarge"}, 1440),
    ],
)
def test_time_for_the_boot(change: dict[str, object], minutes: int) -> None:
    """Both machines fetch the weights, from a bucket at its own rate each, from the internet over one line."""
    assert minutes == DualEcsRayLlmArgs.from_config(SMALL | change).ready_timeout_minutes


def test_commands_follow_the_launcher() -> None:
    """Natively both machines run the engine; with Ray the second one waits for work."""
    native = DualEcsRayLlmArgs.from_config(GOOD)
    ray = DualEcsRayLlmArgs.from_config(GOOD | {"launcher": "ray", "engineImage": "team/vllm:v0.32.0-ray2.60.0"})

    assert ("--headless", "ray", []) == (native.node_argv(1)[-1], ray.node_argv(0)[-1], ray.node_argv(1))


@pytest.mark.parametrize("engine", ["vllm", "sglang"])
def test_ports_of_the_engine_are_taken(engine: str) -> None:
    """What the engine is told to listen on, the endpoint may not have."""
    line = " ".join(DualEcsRayLlmArgs.from_config(GOOD | {"engine": engine}).node_argv(0))
    used = {int(port) for port in re.findall(r"(?:--port |--master-port |@HEAD@:)(\d+)", line)}

    assert len(used) == 2
    assert used <= {port for block in NODE_PORTS for port in block}


def test_ports_of_the_two_machines_do_not_overlap() -> None:
    """Each port has one user, and the usual one for the endpoint is free."""
    ports = [port for block in NODE_PORTS for port in block]

    assert len(ports) == len(set(ports))
    assert DualEcsRayLlmArgs.model_fields["port"].default not in ports
