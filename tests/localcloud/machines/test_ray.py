"""A Ray of two machines: it joins, opens to its token only, and comes back."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.localcloud.machines.booted import Site, site_in
from tests.localcloud.machines.ray_pair import HEAD, TOKEN, WORKER, Pair

pytestmark = pytest.mark.machine

PROGRAM = Path(__file__).with_name("knock.py").read_text()
CLOSED = "[Errno 111] Connection refused"
FROM_THE_WORKER = [
    f"{HEAD}:6379 NodeInfoGcsService/GetAllNodeInfo; UNAUTHENTICATED; UNAUTHENTICATED; OK",
    f"{HEAD}:6380 NodeManagerService/GetNodeStats; UNAUTHENTICATED; UNAUTHENTICATED; OK",
    f"{HEAD}:6381 ObjectManagerService/Pull; UNAUTHENTICATED; UNAUTHENTICATED; OK",
    f"{HEAD}:6383 ReporterService/GetTraceback; UNAUTHENTICATED; UNAUTHENTICATED; OK",
    f"{HEAD}:10001 RayletDriver/GetObject; UNAUTHENTICATED; UNAUTHENTICATED; FAILED_PRECONDITION",
    f"{HEAD}:6382/; 401; 403; 404",
    f"{HEAD}:6384/api/job_agent/jobs/; 401; 403; 405",
    f"{HEAD}:6385/metrics; 200; 200; 200",
    f"{HEAD}:8265/; {CLOSED}; {CLOSED}; {CLOSED}",
]
FROM_THE_HEAD = [
    "127.0.0.1:8265/api/jobs/; 401; 403; 200",
    "127.0.0.1:8265/nodes?view=summary; 401; 403; 200",
    "127.0.0.1:8265/; 200; 200; 200",
    "127.0.0.1:8265/api/gcs_healthz; 200; 200; 200",
]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Return two machines; starting their Ray takes so long that all tests share them."""
    with site_in(tmp_path_factory.mktemp("pair")) as site:
        yield Pair(site, "vllm")


def test_a_pair_serves_and_opens_to_its_token_only(pair: Pair) -> None:
    """A worker runs on each node; whatever could run code refuses, and what stays open tells numbers."""
    pair.up()
    assert "200" == pair.ask()
    assert f"Ray workers on {HEAD} {WORKER}\n" in pair.log(0)

    for rank, doors in ((1, FROM_THE_WORKER), (0, FROM_THE_HEAD)):
        words = [PROGRAM, TOKEN, *(door.partition("; ")[0] for door in doors)]
        assert doors == pair.inside(rank, f"python3 -c {shlex.join(words)}").splitlines()


@pytest.mark.parametrize("rank", [0, 1])
def test_a_pair_serves_again_after_a_node_was_lost(pair: Pair, rank: int) -> None:
    """Whichever ended, the other one ends by itself, and both started anew find each other."""
    pair.up()
    assert "200" == pair.ask()

    pair.end(rank)

    assert ["exited 1", "exited 0"][rank] == pair.ended(1 - rank)
    pair.up()
    assert "200" == pair.ask()


def test_a_worker_with_another_token_stays_out(site: Site) -> None:
    """It ends and says why; with the right one the same head serves."""
    pair = Pair(site, "sglang", "another")
    pair.up()

    assert "exited 1" == pair.ended(1)
    assert "InvalidAuthToken: Authentication token is missing or incorrect." in pair.log(1)

    pair.run(1, f"echo {TOKEN} >/run/llm/secrets/ray_token")
    pair.up()
    assert "200" == pair.ask()
    assert f"Ray workers on {HEAD} {WORKER}\n" in pair.log(0)
