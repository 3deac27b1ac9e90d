"""The project's and the stack's files are read as the pulumi command reads them."""

from pathlib import Path

import pytest

from scripts.localcloud.errors import LocalCloudError
from scripts.localcloud.inprocess.project import SECRETS, load, stack_name

PROJECT = """
name: llm
runtime: python
config:
  topology:
    type: string
    default: single-ecs
  llm:port:
    type: integer
  llm:zones:
    type: array
    items:
      type: string
    default: []
  llm:args:
    type: object
    default: {}
  llm:token:
    secret: true
    default: none
"""
GOOD = "config:\n  alicloud:region: cn-hangzhou\n  llm:port: 8000\n"
GIVEN = '{"llm:token": "hush"}'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a project and a stack."""
    monkeypatch.setenv(SECRETS, GIVEN)
    (tmp_path / "Pulumi.yaml").write_text(PROJECT)
    (tmp_path / "Pulumi.dev.yaml").write_text(GOOD)
    return tmp_path


def test_a_stack(folder: Path) -> None:
    """Values are strings, defaults are filled in, objects are JSON, secrets are known."""
    project = load(folder, "dev")

    assert {
        "alicloud:region": "cn-hangzhou",
        "llm:topology": "single-ecs",
        "llm:port": "8000",
        "llm:zones": "[]",
        "llm:args": "{}",
        "llm:token": "hush",
    } == dict(project.config.values)
    assert ("llm", "cn-hangzhou", frozenset({"llm:token"})) == (project.name, project.region, project.config.secret)


@pytest.mark.parametrize(
    ("stack", "message"),
    [
        ("config: {}\n", "Stack 'dev' is missing configuration value 'port'"),
        ("config:\n  llm:port: many\n", "Stack 'dev' with configuration key 'llm:port' must be of type 'integer'"),
        (
            "config:\n  llm:port: 1\n  llm:zones: [[1]]\n",
            "Stack 'dev' with configuration key 'llm:zones' must be of type 'array<string>'",
        ),
        (
            "config:\n  llm:port: 1\n  llm:args: text\n",
            "Stack 'dev' with configuration key 'llm:args' must be of type 'object'",
        ),
        ("config:\n  port: 1\n", "config 'port': has no namespace. Write llm:port."),
        (
            "config:\n  llm:port: 1\n  llm:key:\n    secure: v1:abc\n",
            (
                "Stack 'dev' has the encrypted value 'llm:key', which only the pulumi command can read. "
                "Pass it in the environment variable LOCALCLOUD_SECRET_CONFIG instead."
            ),
        ),
        ("config: [\n", "Pulumi.dev.yaml: not YAML, line 2: expected the node content, but found '<stream end>'."),
        ("config: \0\n", "Pulumi.dev.yaml: not YAML, for it is not text."),
        ("- a\n", "Pulumi.dev.yaml: must be an object."),
    ],
)
def test_refused_configuration(folder: Path, stack: str, message: str) -> None:
    """What pulumi refuses is refused in its words."""
    (folder / "Pulumi.dev.yaml").write_text(stack)
    with pytest.raises(LocalCloudError) as refused:
        load(folder, "dev")

    assert message == str(refused.value)


def test_a_secret_must_be_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key declared secret is not taken from a plain file."""
    monkeypatch.delenv(SECRETS)
    with pytest.raises(LocalCloudError, match="'llm:token' must be encrypted as it's secret"):
        load(folder, "dev")


def test_what_is_not_there(folder: Path, tmp_path: Path) -> None:
    """A missing project or stack is said with the way out."""
    with pytest.raises(LocalCloudError) as stack_error:
        load(folder, "prod")
    (folder / "Pulumi.yaml").unlink()
    with pytest.raises(LocalCloudError) as project_error:
        load(tmp_path, "dev")

    assert str(stack_error.value) == (
        "stack: there is no 'prod' here. Write a Pulumi.prod.yaml, or name another with --stack."
    )
    assert str(project_error.value) == "Pulumi.yaml: not here. Run this in the folder of the program."


def test_which_stack(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one asked for, the one of the environment, the only one; several need a choice."""
    monkeypatch.delenv("PULUMI_STACK", raising=False)
    assert ["dev", "prod"] == [stack_name(folder, None), stack_name(folder, "prod")]
    (folder / "Pulumi.prod.yaml").write_text(GOOD)
    with pytest.raises(LocalCloudError, match=r"stack: dev, prod here\. Name one with --stack\."):
        stack_name(folder, None)
    monkeypatch.setenv("PULUMI_STACK", "prod")
    assert stack_name(folder, None) == "prod"
