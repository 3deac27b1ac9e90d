"""Where there are credentials and a `pulumi` command, what it plans stands beside what was foreseen."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.reporting.real import possible
from tests.unit.report.conftest import Repository, Told

KEY = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "id", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret"}
PROGRAM = """\
import pulumi_alicloud as alicloud
alicloud.vpc.Network("vpc", vpc_name="demo", cidr_block="10.0.0.0/16")
"""
URN = "urn:pulumi:dev::demo::alicloud:vpc/network:Network::vpc"


def step(op: str) -> dict[str, object]:
    """Return a step of the command for the one resource."""
    return {"op": op, "urn": URN, "newState": {"custom": True, "type": "alicloud:vpc/network:Network"}}


Answer = tuple[object, str, int]
"""What the command prints, where things went wrong, and how it ends."""
NO_LOGIN = "error: PULUMI_ACCESS_TOKEN must be set"
FORBIDDEN = {"diagnostics": [{"severity": "error", "message": "error: Forbidden.RAM\n"}]}
ANSWERS: dict[str, tuple[Answer, str, int]] = {
    "the same": (({"steps": [step("create")]}, "", 0), "`pulumi preview` plans the same against the account.", 0),
    "another": (
        ({"steps": [step("replace")]}, "", 0),
        "> - `pulumi preview` **plans something else** for `vpc`.",
        0,
    ),
    "not made yet": (({}, "error: no stack named 'dev' found", 6), "The backend has no such stack yet", 0),
    "refused": ((FORBIDDEN, "", 255), "> - `pulumi preview` **fails** with credentials: error: Forbidden.RAM", 1),
    "no answer": ((None, NO_LOGIN, 1), f"> - `pulumi preview` **fails** with credentials: {NO_LOGIN}", 1),
}


@pytest.fixture
def pulumi(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Answer], None]:
    """Return what makes a stack that is new, credentials, and a command that answers as it is told to."""
    for name, value in {**KEY, "PATH": f"{tmp_path}:/usr/bin:/bin"}.items():
        monkeypatch.setenv(name, value)
    repository.write("Pulumi.yaml", "name: demo\nruntime: python\n")
    repository.write("__main__.py", PROGRAM)
    repository.commit()
    repository.write("Pulumi.dev.yaml", "config:\n  alicloud:region: cn-hangzhou\n")

    def install(answer: Answer) -> None:
        document, error, status = answer
        said = "" if document is None else json.dumps(document)
        fake = tmp_path / "pulumi"
        fake.write_text(f"#!/bin/sh\ncat <<'END'\n{said}\nEND\necho \"{error}\" >&2\nexit {status}\n")
        fake.chmod(0o755)

    return install


@pytest.mark.parametrize(("answer", "text", "status"), ANSWERS.values(), ids=ANSWERS)
def test_real_preview(
    answer: Answer, text: str, status: int, pulumi: Callable[[Answer], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """The report says that the real preview ran, and what it plans or why it fails."""
    pulumi(answer)

    told = Told(capsys)

    assert text in told.text
    assert "- With credentials, `pulumi preview` was run as well, against the account.\n" in told.text
    assert status == told.status


def test_not_possible(tmp_path: Path) -> None:
    """Without the command, or without credentials, there is no real preview."""
    assert not possible({"PATH": str(tmp_path), **KEY})
    (tmp_path / "pulumi").write_text("#!/bin/sh\n")
    (tmp_path / "pulumi").chmod(0o755)
    assert not possible({"PATH": str(tmp_path)})
    assert possible({"PATH": str(tmp_path), **KEY})
