"""The site that shows the engine's counters, with the gate's own Caddyfile in a real Caddy."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.userdata import gate
from tests.unit.userdata.gate import call

pytestmark = pytest.mark.skipif(gate.CADDY is None, reason="caddy is not on PATH (tests/requirements.txt has it)")

SITE = Path(__file__).parents[3] / "components" / "manifests" / "metrics.caddy"


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    """Run an engine and a gate with that site; return the gate's port and the site's."""
    folder, port = tmp_path_factory.mktemp("gate"), gate.free_port()
    (folder / "api_key").write_text(gate.KEY)
    (folder / "sites").mkdir()
    (folder / "sites" / "metrics").write_text(SITE.read_text().replace("} {\n", "} {\n\tbind 127.0.0.1\n", 1))
    with gate.engine() as engine, gate.gate(folder, engine.server_port, GATE_METRICS_PORT=str(port)) as own:
        yield own, port


def test_counters_need_no_key_at_their_own_port(ports: tuple[int, int]) -> None:
    """Prometheus reads the engine's counters without the key."""
    assert (200, '{"path": "/metrics"}') == call(ports[1], "GET", "/metrics", key=None)


@pytest.mark.parametrize(
    ("method", "target"),
    [("POST", "/metrics"), ("GET", "/metrics/"), ("GET", "/health"), ("GET", "/v1/models"), ("POST", "/invocations")],
)
def test_nothing_else_is_there(ports: tuple[int, int], method: str, target: str) -> None:
    """No other route of the engine is open at that port."""
    assert 404 == call(ports[1], method, target)[0]


def test_counters_are_not_at_the_gate(ports: tuple[int, int]) -> None:
    """The endpoint itself shows no counters, key or not."""
    assert 404 == call(ports[0], "GET", "/metrics")[0]
