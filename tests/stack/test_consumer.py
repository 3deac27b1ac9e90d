"""A platform team's stack, docs/examples/python: its network, two models behind it, a private name for each."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from scripts.localcloud.cloud import Cloud
from scripts.localcloud.kinds import INSTANCE, ZONE_RECORD
from tests.stack.program import ROOT, Program

EXAMPLE = ROOT / "docs" / "examples" / "python"
BY_NAME = """python3 -c '
from urllib.request import Request, urlopen
print(urlopen(Request("%s/models", headers={"Authorization": "Bearer %s"})).read())'
"""
MODELS = {"chat": "Qwen/Qwen3-8B", "math": "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"}

pytestmark = pytest.mark.machine


@pytest.fixture
def consumer(bootable: None, tmp_path: Path) -> Iterator[Program]:  # noqa: ARG001 - it may skip
    """Return a copy of the example whose cloud is gone after the test."""
    shutil.copytree(EXAMPLE, tmp_path / "consumer")
    with (tmp_path / "consumer" / "Pulumi.dev.yaml").open("a") as stack:
        stack.write("  acme-llm:resourceGroupId: rg-acme\n")
    one = Program(tmp_path / "consumer")
    yield one
    one.local("down")


def answers(output: Callable[[str], str], home: Path) -> None:
    """Find that each model answers at its address, to its own key alone, that its name leads there, and whose it is."""
    world = Cloud(home).store.read()
    records = world.all(ZONE_RECORD)
    names = {record.text("rr"): record.text("value") for record in records}
    keys = {name: output(f"{name}Key") for name in MODELS}

    assert len(set(keys.values())) == 2
    assert {"rg-acme"} == {instance.text("resourceGroupId") for instance in world.all(INSTANCE)}
    for name, model in MODELS.items():
        url = output(f"{name}Endpoint")
        asked = {
            whose: httpx.get(f"{url}/models", headers={"Authorization": f"Bearer {key}"}) for whose, key in keys.items()
        }
        assert {whose: 200 if whose == name else 401 for whose in keys} == {
            whose: answer.status_code for whose, answer in asked.items()
        }
        assert [model] == [one["id"] for one in asked[name].json()["data"]]
        assert f"http://{names[name]}:8000/v1" == url
        assert f"http://{name}.llm.acme.internal:8000/v1" == output(f"{name}Url")


def test_both_models_answer(consumer: Program) -> None:
    """Without pulumi: the team's network carries two endpoints, which share nothing else, and finds them by name."""
    up = consumer.local("up")

    assert up.returncode == 0, up.stdout
    answers(consumer.output, consumer.home)
    asked = consumer.local("run", "--on", "chat", BY_NAME % (consumer.output("mathUrl"), consumer.output("mathKey")))
    assert MODELS["math"] in asked.stdout, asked.stdout


@pytest.mark.engine
@pytest.mark.skipif(not shutil.which("pulumi"), reason="the pulumi command is not on PATH")
def test_the_life_of_the_stack(consumer: Program) -> None:
    """With pulumi: what its preview said comes up and answers, a second time changes nothing, and nothing is left."""

    def done(*words: str) -> str:
        ran = consumer.pulumi(*words)
        assert ran.returncode == 0, ran.stdout
        return ran.stdout

    assert "43 to create" in done("preview")
    done("up", "--yes", "--skip-preview")
    answers(lambda name: done("stack", "output", "--show-secrets", name).strip(), consumer.home)
    done("up", "--yes", "--expect-no-changes")
    done("destroy", "--yes")
    assert consumer.local("status").stdout.startswith("Nothing exists")
