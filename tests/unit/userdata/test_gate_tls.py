"""The gate with LLM_TLS=on."""

import ssl
from pathlib import Path

import httpx
import pytest

from tests.unit.userdata import gate
from tests.unit.userdata.certificate import certify
from tests.unit.userdata.gate import KEY
from tests.unit.userdata.programs import program, web

pytestmark = pytest.mark.skipif(gate.CADDY is None, reason="caddy is not on PATH (tests/requirements.txt has it)")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a secrets folder with a key and a self-signed certificate for llm.test and 127.0.0.1."""
    (tmp_path / "api_key").write_text(KEY)
    certify("llm.test", tmp_path / "tls_certificate", tmp_path / "tls_key")
    return tmp_path


@pytest.mark.parametrize("host", ["127.0.0.1", "llm.test"])
def test_certificate_is_shown(folder: Path, host: str) -> None:
    """The given certificate is shown to a client that names the host and to one that knows an address only."""
    trust = ssl.create_default_context(cafile=str(folder / "tls_certificate"))
    head = {"Authorization": f"Bearer {KEY}"}
    with (
        gate.engine() as engine,
        gate.gate(folder, engine.server_port, "on") as port,
        httpx.Client(verify=trust, headers=head, trust_env=False) as http,
    ):
        reply = http.get(f"https://127.0.0.1:{port}/v1/models", extensions={"sni_hostname": host})

    assert reply.status_code == 200


def test_plain_http_is_refused(folder: Path) -> None:
    """With TLS on the key is never asked for in the clear."""
    with gate.engine() as engine, gate.gate(folder, engine.server_port, "on") as port:
        assert (400, []) == (gate.call(port, "GET", "/v1/models")[0], engine.seen)


@pytest.mark.parametrize("tls", ["off", "on"])
def test_probe_asks_through_the_gate(folder: Path, tls: str) -> None:
    """The machine's own question for one token passes the gate with its key, with and without TLS."""
    probe = program("probe")
    with gate.engine() as engine, gate.gate(folder, engine.server_port, tls) as port:
        engine.completion = '{"choices": []}'
        settings = {"LLM_TLS": tls, "LLM_PORT": str(port), "LLM_MODEL": "m"}

        with web(probe.connect) as http:
            text = probe.main(settings, http, str(folder))

    assert "m completed one token, and none without the key" == text
