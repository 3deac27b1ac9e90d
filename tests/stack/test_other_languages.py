"""The examples in YAML and TypeScript with the real pulumi command, and what it says of mistakes in them."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from scripts.localcloud.cloud import Cloud
from scripts.localcloud.kinds import ZONE_RECORD
from tests.stack.program import ROOT, Program

pytestmark = [pytest.mark.engine, pytest.mark.machine]

KEY = "sentinel-key-0123456789abcdef"


def needs(*commands: str) -> pytest.MarkDecorator:
    """Return a mark that skips where one of *commands* is missing, and says which."""
    missing = [command for command in commands if not shutil.which(command)]
    return pytest.mark.skipif(bool(missing), reason=f"not on PATH: {', '.join(missing)}")


YAML = needs("pulumi", "pulumi-language-yaml")
TYPESCRIPT = needs("pulumi", "pulumi-language-nodejs", "npm")


class Example(Program):
    """A copy of an example in a copy of the repository, whose components are the repository's."""

    def __init__(self, name: str, folder: Path) -> None:
        copy = folder / "docs" / "examples" / name
        shutil.copytree(ROOT / "docs" / "examples" / name, copy, ignore=shutil.ignore_patterns("node_modules", "sdks"))
        (folder / "components").symlink_to(ROOT / "components")
        super().__init__(copy)

    def _use_pulumi(self) -> None:
        super()._use_pulumi()
        (self.folder.parents[2] / ".venv").symlink_to((self.folder / ".venv").readlink())

    def done(self, *words: str) -> str:
        """Run pulumi, expect success, return what it printed."""
        ran = self.pulumi(*words)
        assert ran.returncode == 0, ran.stdout
        return ran.stdout

    def edit(self, file: str, old: str, new: str) -> None:
        """Change a file of the example, as a user's editor would."""
        text = (self.folder / file).read_text()
        assert old in text
        (self.folder / file).write_text(text.replace(old, new, 1))

    def answers(self, endpoint: str, key: str) -> list[str]:
        """Return the models that the exported *endpoint* has for the exported *key*."""
        url, secret = (self.done("stack", "output", "--show-secrets", name).strip() for name in (endpoint, key))
        asked = httpx.get(f"{url}/models", headers={"Authorization": f"Bearer {secret}"})
        return [one["id"] for one in asked.json()["data"]]


@pytest.fixture
def yaml(bootable: None, tmp_path: Path) -> Iterator[Example]:  # noqa: ARG001 - it may skip
    """Return a copy of the example in YAML, whose cloud is gone after the test."""
    one = Example("yaml", tmp_path)
    yield one
    one.local("down")


@pytest.fixture(scope="module")
def typescript(bootable: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Example]:  # noqa: ARG001 - it may skip
    """Return a copy of the example in TypeScript with its packages, whose cloud is gone after the tests."""
    one = Example("typescript", tmp_path_factory.mktemp("typescript"))
    # From the snapshot of the schema: `pulumi install` would fetch the plugin's Python packages for it.
    schema = str(ROOT / "tests" / "golden" / "schema.json")
    made = one.run("pulumi", "package", "gen-sdk", schema, "--language", "nodejs", "--local", "--out", "sdks")
    assert made.returncode == 0, made.stdout
    (one.folder / "sdks" / "nodejs").rename(one.folder / "sdks" / "alicloud-llm")
    # npm's settings, such as another registry, lie in the user's own folder.
    one.environment["HOME"] = os.environ["HOME"]
    installed = one.run("npm", "install", "--no-audit", "--no-fund")
    if installed.returncode:
        pytest.skip(f"npm does not reach its registry: {installed.stdout}")
    yield one
    one.local("down")


@YAML
def test_the_life_of_the_yaml_example(yaml: Example) -> None:
    """It previews, answers under the address its name leads to, has nothing to change, and leaves nothing."""
    assert "25 to create" in yaml.done("preview")
    assert "chat is ready: Qwen/Qwen3-8B completed one token" in yaml.done("up", "--yes", "--skip-preview")
    assert ["Qwen/Qwen3-8B"] == yaml.answers("endpoint", "apiKey")
    [record] = Cloud(yaml.home).store.read().all(ZONE_RECORD)
    assert f"http://{record.text('value')}:8000/v1" == yaml.done("stack", "output", "endpoint").strip()
    yaml.done("up", "--yes", "--expect-no-changes")
    yaml.done("destroy", "--yes")
    assert yaml.local("status").stdout.startswith("Nothing exists")


@YAML
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("model: Qwen", "modle: Qwen", "Existing properties are: model, "),
        ("      zoneId: ${zoneId}\n      vpcId", "      vpcId", "zoneId: Missing required property 'zoneId'"),
        (
            "zoneId: ${zoneId}\n      vpcId",
            "zoneId: ${vswitch.zoneId}\n      vpcId",
            (
                "resource 'chat' has a problem: SingleEcsLlm: 1 argument rejected\n"
                "      zoneId: is an Output, and the plan and the checks in `preview` are computed from it. "
                "Give a plain value."
            ),
        ),
        (
            "model: Qwen/Qwen3-8B\n",
            "model: Qwen/Qwen3-8B\n      apiKey: too-short\n",
            "SingleEcsLlm: 1 argument rejected\n      apiKey: has 9 characters. Use 16 to 512.",
        ),
        (
            "tags: { team: platform }\n",
            (
                "tags: { team: platform }\n    options: { providers: ['${elsewhere}'] }\n"
                "  elsewhere:\n    type: pulumi:providers:alicloud\n    properties: { region: cn-shanghai }\n"
            ),
            (
                "zoneId: 'cn-hangzhou-i' lies in cn-hangzhou, and its alicloud provider is set to 'cn-shanghai'. "
                "Give a zone of that region, or a provider of cn-hangzhou."
            ),
        ),
    ],
    ids=["misspelt", "missing", "an Output", "a secret", "another region"],
)
def test_a_mistake_in_yaml_is_named(yaml: Example, old: str, new: str, said: str) -> None:
    """Also one that is seen only when a secret is looked into, or when a provider is registered."""
    yaml.edit("Pulumi.yaml", old, new)

    ran = yaml.pulumi("preview")

    assert ran.returncode == 1
    assert said in ran.stdout
    assert "Traceback" not in ran.stdout


@YAML
def test_a_disk_that_would_shrink_is_refused_in_preview(yaml: Example) -> None:
    """The components' hooks run in the plugin, also before anything is changed."""
    yaml.environment["LOCALCLOUD_MACHINES"] = "pretend"
    yaml.done("up", "--yes", "--skip-preview")
    yaml.edit("Pulumi.yaml", "model: Qwen/Qwen3-8B\n", "model: Qwen/Qwen3-8B\n      weightsDiskGib: 50\n")

    assert (
        "weightsDiskGib: 50, and the disk has 100 GiB. A disk does not shrink: "
        "set weightsDiskGib to 100, or replace the disk and fetch the weights again."
    ) in yaml.pulumi("preview").stdout


@YAML
def test_a_boot_that_fails_is_explained(yaml: Example) -> None:
    """So do those that say in which phase a machine failed."""
    (yaml.home / "faults.json").write_text(json.dumps({"machine": {"image_missing": True}}))

    up = yaml.pulumi("up", "--yes", "--skip-preview")

    assert up.returncode != 0
    assert "error: chat does not answer. phase image: caddy:2.11.7 cannot be pulled: " in up.stdout


@TYPESCRIPT
def test_the_life_of_the_typescript_example(typescript: Example) -> None:
    """Both models answer to the user's key, which is nowhere in plain; nothing changes; nothing is left."""
    typescript.done("config", "set", "--secret", "apiKey", KEY)

    assert "35 to create" in typescript.done("preview")
    typescript.done("up", "--yes", "--skip-preview")
    assert ["Qwen/Qwen3-8B"] == typescript.answers("chatEndpoint", "chatKey")
    assert ["deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"] == typescript.answers("mathEndpoint", "mathKey")
    assert KEY not in typescript.done("stack", "export")
    typescript.done("up", "--yes", "--expect-no-changes")
    typescript.done("destroy", "--yes")
    assert typescript.local("status").stdout.startswith("Nothing exists")


@TYPESCRIPT
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("{}", "Property 'zoneId' is missing in type '{}' but required in type 'SingleEcsLlmArgs'."),
        (
            "{ zoneId, modle: 'Qwen/Qwen3-8B' }",
            "'modle' does not exist in type 'SingleEcsLlmArgs'. Did you mean to write 'model'?",
        ),
        (
            "{ zoneId, weightsSource: 'osss' }",
            """Type '"osss"' is not assignable to type 'WeightsSource | undefined'. Did you mean '"oss"'?""",
        ),
        ("{ zoneId, model: known }", "Type 'Output<string>' is not assignable to type 'string | undefined'."),
    ],
    ids=["missing", "misspelt", "no choice", "an Output"],
)
def test_a_mistake_in_typescript_does_not_compile(typescript: Example, arguments: str, said: str) -> None:
    """The compiler knows what there is, which words are a choice, and what must be plain."""
    program = f"""
        import * as pulumi from "@pulumi/pulumi";
        import * as llm from "alicloud-llm";
        const zoneId = "cn-hangzhou-i";
        const known = pulumi.output("Qwen/Qwen3-8B");
        new llm.SingleEcsLlm("chat", {arguments});
    """
    (typescript.folder / "mistake.ts").write_text(program)

    assert said in typescript.run("npx", "tsc", "--noEmit", "--strict", "--skipLibCheck", "mistake.ts").stdout
