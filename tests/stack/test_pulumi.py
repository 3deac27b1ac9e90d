"""The dev stack with the real pulumi command, on the local cloud, with its machine booted."""

import json
import shutil
from collections.abc import Callable

import httpx
import pytest

from tests.stack.project import CLUSTER, PAIR, SENTINEL, Project

pytestmark = [
    pytest.mark.engine,
    pytest.mark.machine,
    pytest.mark.skipif(not shutil.which("pulumi"), reason="the pulumi command is not on PATH"),
]

PUBLIC = {"publicAllowedCidrs": ["203.0.113.0/24"]}


def outputs(stack: Project) -> dict[str, str]:
    """Return the stack's outputs as pulumi has them, secrets shown."""
    shown: dict[str, str] = json.loads(stack.pulumi("stack", "output", "--json", "--show-secrets").stdout)
    return shown


def state(stack: Project) -> str:
    """Return the stack's state file as it lies in the backend."""
    return next((stack.folder.parent / "backend").glob(".pulumi/stacks/llm/dev.json")).read_text()


def resources(stack: Project) -> dict[str, str]:
    """Return the ids in the stack's state by name."""
    found = json.loads(state(stack))["checkpoint"]["latest"].get("resources", [])
    return {one["urn"].split("::")[-1]: one.get("id", "") for one in found}


def engine_uid(stack: Project) -> str:
    """Return the identity of the Deployment: another one means that it was deleted and made again."""
    found = json.loads(state(stack))["checkpoint"]["latest"]["resources"]
    engine = next(one for one in found if one["urn"].endswith("::llm-engine"))
    uid: str = engine["outputs"]["metadata"]["uid"]
    return uid


def answers(stack: Project) -> int:
    """Return the status of an authenticated completion through the exported endpoint."""
    found = outputs(stack)
    ask = {"model": found["model"], "messages": [{"role": "user", "content": "hi"}], "max_tokens": 1}
    headers = {"Authorization": f"Bearer {found['apiKey']}"}
    return httpx.post(f"{found['endpoint']}/chat/completions", headers=headers, json=ask).status_code


def done(stack: Project, *words: str) -> str:
    """Run pulumi, expect success, return what it printed."""
    ran = stack.pulumi(*words)
    assert ran.returncode == 0, ran.stdout
    return ran.stdout


def comes_up(stack: Project) -> str:
    """Bring the stack up, find that it answers, keeps its key to itself and is what it says; return what `up` said."""
    said = done(stack, "up", "--yes")
    assert answers(stack) == 200
    assert SENTINEL not in state(stack)
    done(stack, "up", "--yes", "--expect-no-changes")
    return said


def ends(stack: Project) -> None:
    """Find the stack as it is in the cloud, and destroy it: nothing is left."""
    done(stack, "refresh", "--yes", "--expect-no-changes")
    done(stack, "destroy", "--yes")
    assert {} == resources(stack)
    assert stack.local("status").stdout.startswith("Nothing exists")


def test_the_life_of_a_stack(project: Callable[..., Project]) -> None:
    """Preview, up, no changes, another model, refresh, destroy: each does what its preview said, nothing is left."""
    stack = project(**PUBLIC)
    preview = done(stack, "preview")
    assert "fits" in preview
    assert "PUBLIC WITHOUT TLS" in preview

    comes_up(stack)

    before, address = resources(stack), outputs(stack)["endpoint"]
    stack.reconfigure(PUBLIC | {"model": "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"})
    done(stack, "up", "--yes")
    after = resources(stack)
    assert before["llm-instance"] != after["llm-instance"]
    assert before["llm-weights"] == after["llm-weights"]
    assert address == outputs(stack)["endpoint"]
    assert outputs(stack)["model"] == "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"
    assert answers(stack) == 200

    ends(stack)


def test_the_life_of_a_pair(project: Callable[..., Project]) -> None:
    """Two machines: preview, up, no changes, a new context that replaces both and keeps their disks, destroy."""
    stack = project(stack=PAIR)
    assert "eRDMA, 2 interfaces each, MTU 8500" in done(stack, "preview")

    assert "; link: 256 MiB all-reduce over 16 GPUs: " in comes_up(stack)

    before = resources(stack)
    stack.reconfigure({"maxModelLen": 65536})
    done(stack, "up", "--yes")
    after = resources(stack)
    for node in ("head", "worker"):
        assert before[f"llm-{node}-instance"] != after[f"llm-{node}-instance"]
        assert before[f"llm-{node}-weights"] == after[f"llm-{node}-weights"]
    assert answers(stack) == 200

    ends(stack)


def test_the_life_of_a_cluster(project: Callable[..., Project]) -> None:
    """Preview before there is a cluster, up, no changes, more replicas in place, another model that rolls, destroy."""
    stack = project(stack=CLUSTER, fluidEnabled=False)
    preview = done(stack, "preview")
    assert "kubernetes:apps/v1:Deployment" in preview
    assert "its API is reached from 203.0.113.7/32" in preview

    comes_up(stack)

    before = engine_uid(stack)
    stack.reconfigure({"replicas": 2})
    done(stack, "up", "--yes")
    assert answers(stack) == 200

    stack.reconfigure({"replicas": 1, "model": "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"})
    done(stack, "up", "--yes")
    assert before == engine_uid(stack)
    assert outputs(stack)["model"] == "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"
    assert answers(stack) == 200

    ends(stack)


def test_a_failed_boot_is_named_and_resumed(project: Callable[..., Project]) -> None:
    """An `up` that fails on truncated weights names the shard; the next one goes on and succeeds."""
    stack = project()
    stack.fail_with(truncate_shard=1)
    failed = stack.pulumi("up", "--yes", "--skip-preview")
    assert failed.returncode != 0
    assert "llm does not answer. phase weights: model-00002-of-00004.safetensors: it ends after " in failed.stdout

    stack.heal()
    done(stack, "up", "--yes", "--skip-preview")
    assert answers(stack) == 200


def test_a_key_is_rotated_without_a_new_machine(project: Callable[..., Project]) -> None:
    """A changed key is fetched by the running machine; the old one is refused from then on."""
    stack = project()
    done(stack, "up", "--yes", "--skip-preview")
    before = resources(stack)["llm-instance"]
    done(stack, "config", "set", "--secret", "llm:apiKey", "another-key-0123456789")
    done(stack, "up", "--yes", "--skip-preview")

    found = outputs(stack)
    assert before == resources(stack)["llm-instance"]
    assert found["apiKey"] == "another-key-0123456789"
    assert answers(stack) == 200
    old = httpx.get(f"{found['endpoint']}/models", headers={"Authorization": f"Bearer {SENTINEL}"})
    assert old.status_code == 401


def test_a_smaller_disk_is_refused_in_preview(project: Callable[..., Project]) -> None:
    """A weights disk that would shrink fails the preview, before the service would refuse it halfway."""
    stack = project(weightsDiskGib=200)
    done(stack, "up", "--yes", "--skip-preview")
    stack.reconfigure({"weightsDiskGib": 100})
    refused = stack.pulumi("preview")

    assert refused.returncode != 0
    assert "weightsDiskGib: 100, and the disk has 200 GiB. A disk does not shrink" in refused.stdout


def test_a_bad_argument_ends_the_preview_without_a_traceback(project: Callable[..., Project]) -> None:
    """Every problem is named at once, and nothing else is printed."""
    refused = project(instanceType="ecs.gn7i-c8g1.2xlarg", port=80, zonId="x").pulumi("preview")

    assert refused.returncode != 0
    assert "Traceback" not in refused.stdout
    for argument in ("instanceType: ", "port: ", "zonId: "):
        assert argument in refused.stdout
