"""The command ends with 0, 1 or 2, and says why in one line or at the top of the report."""

import json
from pathlib import Path

import pytest

from tests.unit.report.conftest import Repository, Told

NETWORK = """\
import pulumi_alicloud as alicloud
alicloud.vpc.Network("vpc", vpc_name="demo", cidr_block="10.0.0.0/16")
"""
PROJECT = "name: demo\nruntime: python\n"
STACK = "config:\n  alicloud:region: cn-hangzhou\n"
FIRST = "# Preview: {}\n\n> [!{}]\n> **{}**\n"


@pytest.fixture
def small(repository: Repository) -> Repository:
    """Return a repository with a program of one network, committed."""
    repository.write("Pulumi.yaml", PROJECT)
    repository.write("__main__.py", NETWORK)
    repository.write("Pulumi.dev.yaml", STACK)
    repository.commit()
    return repository


def test_no_change(small: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    """A change that touches no stack is fine, and says so."""
    small.write("README.md", "Hello.\n")

    told = Told(capsys)

    assert told.status == 0
    assert told.text == (
        "# Preview: no stack changes\n\n> [!NOTE]\n> **No stack changes**\n\n## About this report\n\n"
        f"- No change: `Pulumi.dev.yaml`.\n- Compared with `{small.head()}`, as if exactly that had been brought up.\n"
        "- No credential was used: what differs in the account is not seen.\n"
    )


BROKEN = {
    "refused": ("import pulumi\nraise pulumi.RunError('No zone has room.')\n", "No zone has room."),
    "a Python error": ("1 / 0\n", "ZeroDivisionError: division by zero"),
    "not Python": ("def\n", "SyntaxError: invalid syntax"),
    "nothing to import": ("import nowhere\n", "ModuleNotFoundError: No module named 'nowhere'"),
}


@pytest.mark.parametrize(("program", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_broken_program(small: Repository, program: str, reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A program that fails blocks the change, and the reason comes first."""
    small.write("__main__.py", program)

    told = Told(capsys)

    assert told.status == 1
    first = FIRST.format("blocked", "CAUTION", "Blocked")
    assert told.text.startswith(f"{first}> - **It cannot be previewed**: {reason}\n")


FILES = {
    "a stack file": ("Pulumi.dev.yaml", "config: [", "Pulumi.dev.yaml: not YAML, line 1: "),
    "a project file": ("Pulumi.yaml", "name: [", "Pulumi.yaml: not YAML, line 1: "),
    "a list": ("Pulumi.yaml", "- name", "Pulumi.yaml: must be an object."),
}


@pytest.mark.parametrize(("file", "text", "reason"), FILES.values(), ids=FILES)
def test_a_malformed_file(
    small: Repository, file: str, text: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that cannot be read blocks the change, and is named."""
    small.write(file, text)

    told = Told(capsys)

    assert told.status == 1
    assert f"> - **It cannot be previewed**: {reason}" in told.text


def test_everything_goes(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    """A program that makes nothing any more deletes everything, data first, and costs nothing."""
    repository.change()
    repository.commit()
    repository.write("__main__.py", "")

    told = Told(capsys)

    assert told.status == 0
    first = FIRST.format("look closely", "WARNING", "Look closely")
    assert told.text.startswith(f"{first}> - **Deleted with the data in it**: `llm-weights`.\n> - **Deleted**: `llm-")
    assert "- `Pulumi.dev.yaml`: 20 to delete.\n" in told.text


def test_a_base_that_was_broken(small: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the base cannot be previewed, the stack is shown as new."""
    small.write("__main__.py", "1 / 0\n")
    small.commit()
    small.write("__main__.py", NETWORK)

    told = Told(capsys, "--base", "HEAD")

    assert told.status == 0
    reason = "**Shown as new**: before this change it cannot be previewed: ZeroDivisionError: division by zero"
    assert reason in told.text


def test_a_stack_that_is_gone(small: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    """A stack file that goes leaves its resources behind, which a reviewer is told."""
    (small.folder / "Pulumi.dev.yaml").unlink()

    told = Told(capsys)

    gone = (
        "> - `Pulumi.dev.yaml`: is gone. What that stack made is still there and billed, until somebody destroys it.\n"
    )
    assert told.text.startswith(FIRST.format("look closely", "WARNING", "Look closely") + gone)


def test_another_language(small: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    """A program that is not Python's is named, and not run."""
    small.write("site/Pulumi.yaml", "name: site\nruntime:\n  name: nodejs\n")
    small.write("site/Pulumi.dev.yaml", STACK)

    told = Told(capsys)

    assert (
        "- `site/Pulumi.dev.yaml`: not previewed. Its program is in nodejs, and only Python's are run here.\n"
        in told.text
    )


def test_stack_files_elsewhere(small: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    """A stack file belongs to the nearest program at or above its folder."""
    small.write("docs/stacks/Pulumi.prod.yaml", STACK)

    told = Told(capsys, "docs/stacks/Pulumi.prod.yaml")

    assert "- `docs/stacks/Pulumi.prod.yaml`: a new stack, 1 to create.\n" in told.text
    assert "`Pulumi.dev.yaml`" not in told.text


def test_an_encrypted_value(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    """An encrypted value is never read; that it changed is seen."""
    repository.change(config={"llm:apiKey": {"secure": "v1:one"}})
    repository.commit()
    repository.change(config={"llm:apiKey": {"secure": "v1:other"}})

    told = Told(capsys)

    assert told.status == 0
    assert "| update | `llm-api-key` | alicloud SecretParameter | `value` is another secret |\n" in told.text


def test_policy_config(repository: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A team's own choice of the policy's levels decides what blocks."""
    repository.commit()
    repository.change(tags={})
    config = tmp_path / "policy.json"
    config.write_text(json.dumps({"tags-present": "mandatory"}))

    told = Told(capsys, "--policy-config", str(config))

    assert told.status == 1
    assert "> - **tags-present**: `llm-" in told.text


WRONG = {
    "base": (["--base", "nowhere"], "--base: 'nowhere' is no commit of this clone. Fetch it, or name another."),
    "stack": (["Pulumi.prod.yaml"], "Pulumi.prod.yaml: there is no such stack file. One of Pulumi.dev.yaml."),
    "policy file": (
        ["--policy-config", "none.json"],
        "--policy-config: none.json: [Errno 2] No such file or directory: 'none.json'",
    ),
    "policy shape": (["--policy-config", "list.json"], "--policy-config: list.json: is not an object of rules."),
    "policy rule": (["--policy-config", "rule.json"], "no-shh: no such rule. Did you mean 'no-ssh'?"),
    "page": (["--html", "nowhere/page.html"], "--html: there is no folder nowhere to write to. Make it."),
}


@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG)
def test_called_wrongly(
    small: Repository, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong argument is one line and the status 2."""
    small.write("list.json", "[]")
    small.write("rule.json", '{"no-shh": "disabled"}')

    told = Told(capsys, *arguments)

    assert (told.status, told.error) == (2, f"error: {message}\n")


def test_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Outside a git repository there is nothing to compare."""
    monkeypatch.chdir(tmp_path)

    told = Told(capsys)

    message = f"error: {tmp_path} is in no git working tree. Run this where the program is.\n"
    assert (told.status, told.error) == (2, message)
