"""How the machine gets its secrets."""

import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.userdata.fake_cloud import FakeCloud, serving
from tests.unit.userdata.programs import loopback, program, web

SENTINEL = "sentinel.KEY~-_+/=="
SETTINGS = {
    "LLM_REGION": "cn-test",
    "LLM_KEY_PARAMETER": "llm+key é",
    "LLM_RAY_TOKEN_PARAMETER": "",
    "LLM_TLS_CERTIFICATE_PARAMETER": "",
    "LLM_TLS_KEY_PARAMETER": "",
}
TLS = {"LLM_TLS_CERTIFICATE_PARAMETER": "certificate", "LLM_TLS_KEY_PARAMETER": "private"}
PEM = "-----BEGIN SOMETHING-----\n"


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    """Run a cloud that has the key."""
    with serving(FakeCloud()) as server:
        server.parameters = {SETTINGS["LLM_KEY_PARAMETER"]: SENTINEL, "certificate": PEM + "c", "private": PEM + "k"}
        yield server


def fetch(
    cloud: FakeCloud,
    folder: Path,
    settings: dict[str, str] = SETTINGS,
    restart_gate: Callable[[], None] = lambda: None,
) -> str:
    """Run the program."""
    with web(loopback(cloud.server_port)) as http:
        return str(program("key").main(settings, http, str(folder), restart_gate))


def test_key_arrives(cloud: FakeCloud, tmp_path: Path) -> None:
    """The value lies in a file of root's alone, without a newline."""
    fetch(cloud, tmp_path)

    path = tmp_path / "api_key"
    assert (SENTINEL, 0o600) == (path.read_text(), stat.S_IMODE(path.stat().st_mode))


def test_key_is_not_printed(cloud: FakeCloud, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the journal keeps has the parameter's name and not its value."""
    said = fetch(cloud, tmp_path, {**SETTINGS, **TLS}) + capsys.readouterr().out

    assert "read certificate\nread private\nread llm+key é\n" in said
    assert (False, False) == (SENTINEL in said, "BEGIN" in said)


def test_rotation_is_in_place(cloud: FakeCloud, tmp_path: Path) -> None:
    """A shorter new value replaces the old one in the same file, which a container sees through its mount."""
    fetch(cloud, tmp_path)
    before = (tmp_path / "api_key").stat().st_ino
    cloud.parameters[SETTINGS["LLM_KEY_PARAMETER"]] = "short"

    fetch(cloud, tmp_path)

    assert ("short", before) == ((tmp_path / "api_key").read_text(), (tmp_path / "api_key").stat().st_ino)


def test_tls(cloud: FakeCloud, tmp_path: Path) -> None:
    """With TLS the certificate and its key come too."""
    fetch(cloud, tmp_path, {**SETTINGS, **TLS})

    assert {"api_key": SENTINEL, "tls_certificate": PEM + "c", "tls_key": PEM + "k"} == {
        path.name: path.read_text() for path in tmp_path.iterdir()
    }


def test_a_worker_has_the_ray_token_alone(cloud: FakeCloud, tmp_path: Path) -> None:
    """A node of a Ray pair fetches the nodes' token; one that may read nothing else asks for nothing else."""
    cloud.parameters |= {"token": "a-token"}

    said = fetch(cloud, tmp_path, {**SETTINGS, "LLM_KEY_PARAMETER": "", "LLM_RAY_TOKEN_PARAMETER": "token"})

    assert ("secrets read: 1", ["ray_token"]) == (said, [path.name for path in tmp_path.iterdir()])
    assert "secrets read: 0" == fetch(cloud, tmp_path, {**SETTINGS, "LLM_KEY_PARAMETER": ""})


def test_a_new_certificate_restarts_the_gate(cloud: FakeCloud, tmp_path: Path) -> None:
    """The first certificate and an unchanged one do not; a new key alone does not either."""
    restarts: list[str] = []
    for value in ("c", "c", "d"):
        cloud.parameters |= {"certificate": PEM + value, SETTINGS["LLM_KEY_PARAMETER"]: f"key-{len(restarts)}"}
        fetch(cloud, tmp_path, {**SETTINGS, **TLS}, lambda value=value: restarts.append(value))  # type: ignore[misc]
        cloud.parameters[SETTINGS["LLM_KEY_PARAMETER"]] = "another"

    assert ["d"] == restarts


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"role": False}, OSError, "this instance has no RAM role yet"),
        ({"broken": 1}, OSError, "OOS answers 503 for llm+key é: busy"),
        (
            {"allowed": False},
            "FatalError",
            "the RAM role may not read llm+key é: allow it oos:GetSecretParameter and kms:GetSecretValue",
        ),
        (
            {"parameters": {}},
            "FatalError",
            "OOS in cn-test has no secret parameter llm+key é: create it or correct the name",
        ),
    ],
)
def test_refusals(
    cloud: FakeCloud, tmp_path: Path, change: dict[str, Any], error: type[Exception] | str, message: str
) -> None:
    """What passes by itself is an OSError, what a person must change is fatal and says what."""
    for name, value in change.items():
        setattr(cloud, name, value)

    with pytest.raises(getattr(program("cloud"), error) if isinstance(error, str) else error) as caught:
        fetch(cloud, tmp_path)

    assert (message, []) == (str(caught.value), list(tmp_path.iterdir()))


@pytest.mark.parametrize("value", ["", "two words", "line\n", "*", "a*", "{env.HOME}", "é", '"'])
def test_value_that_is_no_bearer_token(cloud: FakeCloud, tmp_path: Path, value: str) -> None:
    """A value that could act as a pattern or cannot be sent is refused before it reaches the gate, unprinted."""
    cloud.parameters[SETTINGS["LLM_KEY_PARAMETER"]] = value

    with pytest.raises(program("cloud").FatalError) as caught:
        fetch(cloud, tmp_path)

    assert r"llm+key é does not look like [A-Za-z0-9._~+/-]+=*\Z" == str(caught.value)
    assert [] == list(tmp_path.iterdir())


def test_certificate_that_is_none(cloud: FakeCloud, tmp_path: Path) -> None:
    """A certificate without PEM text is refused."""
    cloud.parameters["certificate"] = "oops"

    with pytest.raises(program("cloud").FatalError, match="certificate does not look like -----BEGIN"):
        fetch(cloud, tmp_path, {**SETTINGS, **TLS})


def test_credentials_are_renewed_before_they_expire(cloud: FakeCloud) -> None:
    """Valid credentials are kept; those with less than five minutes left are asked for again."""
    with web(loopback(cloud.server_port)) as http:
        role = program("cloud").Role(http)
        for _ in range(3):
            role.credentials()
        kept = cloud.credentials_given
        cloud.expiration = "2001-01-01T00:00:00Z"
        role = program("cloud").Role(http)
        for _ in range(3):
            role.credentials()

    assert (1, 4) == (kept, cloud.credentials_given)
