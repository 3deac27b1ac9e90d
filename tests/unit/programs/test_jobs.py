"""What the jobs and probes in pods have in common."""

import ast
import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.programs.fake_kube import TOKEN, FakeKube, pod
from tests.unit.userdata.certificate import certify
from tests.unit.userdata.fake_cloud import serving
from tests.unit.userdata.programs import COMPONENTS, loopback, program, web

PROGRAMS = sorted((COMPONENTS / "manifests" / "programs").glob("*.py"))


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.name)
def test_python_39(path: Path) -> None:
    """They run under the Python of any engine's image."""
    assert ast.parse(path.read_text(), feature_version=(3, 9))


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.name)
def test_first_lines(path: Path) -> None:
    """The first lines tell what a program is for, and every variable that it reads."""
    head, _, code = path.read_text().partition("\n\n")
    variable = re.compile(r"\b(?:LLM|ALIBABA_CLOUD)_\w+")

    assert all(line.startswith("#") for line in head.splitlines())
    assert set(variable.findall(code)) <= set(variable.findall(head))


def test_termination_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The log has all of a text; the termination message what Kubernetes takes of it, in whole characters."""
    path = tmp_path / "termination-log"

    program("jobs").tell("é" * 3000 + "e", str(path))
    program("jobs").tell("e" + "é" * 3000, str(path))

    assert "é" * 3000 + "e\ne" + "é" * 3000 + "\n" == capsys.readouterr().out
    assert "e" + "é" * 2047 == path.read_text("utf-8")


@pytest.mark.parametrize(
    ("looks", "seconds", "cause"),
    [
        ("wwwwwwwwwww", 100, "not within 95 seconds: w"),
        ("wwwwwwwssss", 100, "s"),
        ("ssswsswsswd", None, "d"),
        ("ssssss", 40, "s"),
    ],
)
def test_patience(monkeypatch: pytest.MonkeyPatch, looks: str, seconds: int | None, cause: str) -> None:
    """What is stuck (s) has less time than what waits (w), from when it is; both end when it is done (d)."""
    clock, jobs = Clock(), program("jobs")
    monkeypatch.setattr(jobs, "time", clock)
    left = iter(looks)

    def look() -> tuple[bool, str]:
        now = next(left)
        if now == "s":
            raise jobs.StuckError(now)
        return now == "d", now

    try:
        said = jobs.until(look, limit=95, pause=10, patience=35)
    except program("cloud").FatalError as error:
        said = str(error)

    assert said == cause
    assert seconds in (None, clock.now)


class Clock:
    """Time that passes in sleep alone."""

    now = 0

    def monotonic(self) -> float:
        """Return the seconds that were slept."""
        return self.now

    def sleep(self, seconds: int) -> None:
        """Let *seconds* pass."""
        self.now += seconds


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeKube]:
    """Run an API over TLS, and keep what a pod has of it in a folder."""
    monkeypatch.setattr(program("kube"), "ACCOUNT", str(tmp_path))
    (tmp_path / "token").write_text(TOKEN)
    certify("kubernetes.default.svc", tmp_path / "ca.crt", tmp_path / "ca.key")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "ca.crt", tmp_path / "ca.key")
    with serving(FakeKube()) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.pods = [pod("a")]
        yield server


def names(api: FakeKube, folder: Path) -> list[str]:
    """Return the names of the pods, as a program in a pod finds them."""

    def connect(scheme: str, host: str) -> Any:  # noqa: ANN401
        line = program("kube").connect(scheme, host)
        line._create_connection = loopback(api.server_port)("http", host)._create_connection  # type: ignore[attr-defined]  # noqa: SLF001
        return line

    with web(connect) as http:
        found = program("kube").Kube(http, "llm", str(folder)).pods("app.kubernetes.io/name=r1")
    return [item["metadata"]["name"] for item in found]


def test_cluster_is_who_it_says(api: FakeKube, tmp_path: Path) -> None:
    """The token goes to the server that the cluster's own certificate names, and to no other."""
    assert ["a"] == names(api, tmp_path)

    certify("kubernetes.default.svc", tmp_path / "ca.crt", tmp_path / "another.key")
    with pytest.raises(ssl.SSLCertVerificationError):
        names(api, tmp_path)
