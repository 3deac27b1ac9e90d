"""What goes wrong in a cluster fails `up`, and the failure names what it is."""

from collections.abc import Callable

import pytest

from tests.stack.project import CLUSTER, Project

pytestmark = pytest.mark.machine


def failure(stack: Project) -> str:
    """Return what an `up` that fails prints."""
    up = stack.local("up")
    assert up.returncode == 1, up.stdout
    assert "Traceback" not in up.stdout
    return up.stdout.partition("Diagnostics:")[2]


@pytest.mark.parametrize(
    ("pod", "fault", "expected"),
    [
        ("llm", {"engine_exit_code": 3, "engine_exit_after": 0}, "engine ended (code 3, Error); restarts: "),
        ("llm", {"image_missing": True}, "manifest for vllm/vllm-openai:v0.32.0 not found"),
        (
            "llm-stage",
            {"wrong_hash_shard": 1},
            "model-00002-of-00004.safetensors: its checksum is not that of the listing",
        ),
    ],
)
def test_a_pod_that_fails_is_named(
    project: Callable[..., Project], pod: str, fault: dict[str, object], expected: str
) -> None:
    """A pod that does not come up is named with its last lines, not with a timeout."""
    stack = project(stack=CLUSTER, fluidEnabled=False)
    stack.fail_with(pod, **fault)

    assert expected in failure(stack)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"data_load_fails": True}, "[wait][Error] loading llm-weights-"),
        ({"load_balancers": 1}, "llm: the private Service has no load balancer after 5m. `kubectl -n llm describe"),
    ],
)
def test_a_cluster_that_fails_says_why(
    project: Callable[..., Project], fault: dict[str, object], expected: str
) -> None:
    """A cache that is not filled and a load balancer that is not to be had end `up` with the reason."""
    stack = project(stack=CLUSTER)
    stack.cluster_fails_with(**fault)

    assert expected in failure(stack)


def test_a_bucket_that_is_taken_is_named(project: Callable[..., Project]) -> None:
    """A refused bucket ends `up` with the service's own code."""
    stack = project(stack=CLUSTER)
    stack.refuse("create", "alicloud:oss/bucket:Bucket", "BucketAlreadyExists")

    assert "BucketAlreadyExists" in failure(stack)


def test_a_cluster_that_is_gone_can_be_destroyed(project: Callable[..., Project]) -> None:
    """What was in a cluster that somebody deleted is forgotten with it; the rest is deleted."""
    stack = project(stack=CLUSTER)
    stack.environment["LOCALCLOUD_MACHINES"] = "pretend"
    up = stack.local("up")
    assert up.returncode == 0, up.stdout
    stack.lose_cluster()
    gone = stack.local("destroy")

    assert gone.returncode == 0, gone.stdout
    assert stack.local("status").stdout.startswith("Nothing exists")
