"""What can be wrong with one of two machines fails `up`, and the failure names the node and the phase."""

import re
from collections.abc import Callable

import pytest

from tests.stack.project import PAIR, Project

pytestmark = pytest.mark.machine

NOT_CREATED = "llm: the worker could not be created, and the head runs and is billed. Give another zoneId"


def failing(stack: Project) -> str:
    """Return what a failing `up` says."""
    up = stack.local("up")
    assert up.returncode == 1, up.stdout
    assert "Traceback" not in up.stdout
    return up.stdout


@pytest.mark.parametrize(
    ("node", "fault", "expected"),
    [
        ("worker", {"mtu": 1500}, "phase worker: node 1 ([0-9.]+), fabric: eth0 has MTU 1500, eRDMA needs 8500"),
        ("worker", {"no_rdma": True}, "phase worker: node 1 ([0-9.]+), fabric: .*ibv_devinfo lists 0 of 2 "),
        ("head", {"rdma_devices": 1}, "phase fabric: node 0, .*ibv_devinfo lists 1 of 2 "),
        (
            "worker",
            {"truncate_shard": 1},
            "phase worker: node 1 ([0-9.]+), weights: model-00002-of-00004.safetensors: ",
        ),
        ("worker", {"never_boots": True}, "phase worker: node 1 has not called yet, for 2 minutes"),
    ],
)
def test_a_fault_of_one_node_is_named(
    project: Callable[..., Project], node: str, fault: dict[str, object], expected: str
) -> None:
    """The wait for an answer runs on the head, and still says what is wrong on the worker."""
    stack = project(stack=PAIR, workerTimeoutMinutes=2)
    stack.fail_with(node, **fault)

    expected = expected.replace("([0-9.]+)", r"\([0-9.]+\)")
    assert re.search(f"llm does not answer. {expected}", failing(stack))


def test_a_zone_that_sells_one_machine(project: Callable[..., Project]) -> None:
    """When the second machine is out of stock, the cost of the first is said."""
    stack = project(stack=PAIR)
    (stack.home / "faults.json").write_text('{"stock": {"ecs.ebmgn8v.48xlarge": 1}}')
    said = failing(stack)

    assert "OperationDenied.NoStock" in said
    assert NOT_CREATED in said
