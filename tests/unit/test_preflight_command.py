"""The command says in one line what it lacks to ask anything, and its exit codes fit a script."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.fake_account import good
from tests.unit.fake_openapi import SECRET, FakeOpenApi, refusal

ROOT = Path(__file__).parents[2]
NOT_FOUND = refusal("InvalidRegionId.NotFound", "The specified RegionId does not exist.", 404)


def preflight(folder: Path, stack: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the command as a person does."""
    return subprocess.run(
        [sys.executable, "-m", "scripts.preflighting.command", "--stack", stack, "--program", folder],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def asked(changes: dict[str, Any], folder: Path = ROOT, stack: str = "dev") -> subprocess.CompletedProcess[str]:
    """Run the command against a good account with *changes* in what it answers."""
    with FakeOpenApi({**good(), **changes}) as fake:
        done = preflight(folder, stack, fake.environment)
    assert SECRET not in done.stdout + done.stderr
    return done


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Return a folder with the program and the stack file of a pair."""
    for name in ("Pulumi.yaml", "__main__.py", "docs/stacks/Pulumi.dual-ecs-ray.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def test_a_stack_is_asked_for() -> None:
    """It says for whom and where; nothing stops it, so the exit code is 0."""
    done = asked({})

    assert done.stdout.startswith("stack dev in cn-hangzhou, as user/deploy\n\nstock\n  ok    ecs.gn7i-c8g1.2xlarge")
    assert (0, "") == (done.returncode, done.stderr)


def test_a_region_that_is_none() -> None:
    """It is known before all else: one line, and exit code 2."""
    done = asked({"DescribeZones": NOT_FOUND})

    sentence = "ecs DescribeZones: InvalidRegionId.NotFound: The specified RegionId does not exist."
    assert (2, "", f"error: {sentence}\n") == (done.returncode, done.stdout, done.stderr)


def test_nobody_signs_in() -> None:
    """Without credentials it says what to set."""
    done = preflight(ROOT, "dev", {})

    assert (2, "") == (done.returncode, done.stdout)
    assert done.stderr.startswith("error: credentials: none found. Set ALIBABA_CLOUD_ACCESS_KEY_ID and ")


def test_no_such_stack() -> None:
    """The sentence is that of the local cloud."""
    done = preflight(ROOT, "prodd", {})

    sentence = "stack: there is no 'prodd' here. Write a Pulumi.prodd.yaml, or name another with --stack."
    assert (2, f"error: {sentence}\n") == (done.returncode, done.stderr)


def test_no_region(tmp_path: Path) -> None:
    """Nothing is guessed."""
    (tmp_path / "Pulumi.yaml").write_text("name: demo\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}\n")
    done = preflight(tmp_path, "dev", {})

    sentence = "region: none is configured. Run `pulumi config set alicloud:region cn-hangzhou`."
    assert (2, f"error: {sentence}\n") == (done.returncode, done.stderr)


def test_a_stack_that_fails_by_itself(program: Path) -> None:
    """The reason is the preview's own; exit code 1, as `up` would end."""
    file = program / "Pulumi.dual-ecs-ray.yaml"
    file.write_text(file.read_text().replace("    zoneId:", "    zonId:"))
    done = asked({}, program, "dual-ecs-ray")

    assert (1, "") == (done.returncode, done.stdout)
    assert done.stderr.startswith("The stack's own preview fails:\n")
    assert "zonId: no such argument. Did you mean 'zoneId'?" in done.stderr


def test_a_role_that_is_none(program: Path) -> None:
    """A provider's setting of the wrong shape is named as the user wrote it."""
    file = program / "Pulumi.dual-ecs-ray.yaml"
    file.write_text(file.read_text().replace("config:\n", "config:\n  alicloud:assumeRole: deploy\n"))
    done = asked({}, program, "dual-ecs-ray")

    sentence = "alicloud:assumeRole: 'deploy' is no object. Write it with roleArn and sessionName."
    assert (2, f"error: {sentence}\n") == (done.returncode, done.stderr)


def test_an_encrypted_key_is_left_alone(program: Path) -> None:
    """Only `pulumi` can decrypt a key in the stack's configuration: it takes no part."""
    file = program / "Pulumi.dual-ecs-ray.yaml"
    keys = "  alicloud:accessKey:\n    secure: v1:AAAA\n  alicloud:secretKey:\n    secure: v1:BBBB\n"
    file.write_text(file.read_text().replace("config:\n", f"config:\n{keys}"))

    assert asked({}, program, "dual-ecs-ray").stdout.startswith("stack dual-ecs-ray in cn-hangzhou, as user/deploy\n")
