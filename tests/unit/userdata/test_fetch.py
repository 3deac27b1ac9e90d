"""How files are fetched: ranges, faults, resuming."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.userdata.fake_cloud import serving
from tests.unit.userdata.fake_hub import FakeHub
from tests.unit.userdata.programs import loopback, program, web

SETTINGS = {"LLM_REGION": "cn-test", "LLM_WEIGHTS_MODEL": "Org/Model", "LLM_WEIGHTS_REVISION": "v1"}
RANGE, BUFFER = 100_000, 10_000


def some_bytes(seed: str, size: int) -> bytes:
    """Return bytes that no compression or shift turns into one another, the same on every run."""
    return random.Random(seed).randbytes(size)  # noqa: S311  not a secret


FILES = {name: some_bytes(name, size) for name, size in {"a.bin": 350_001, "b/c.bin": 99_999}.items()}


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    """Run a hub with a file of four ranges and one of less than one."""
    with serving(FakeHub(dict(FILES))) as server:
        yield server


def fetch(hub: FakeHub, folder: Path, streams: int = 3) -> list[Any]:
    """Fetch what the hub lists, in ranges of 100 kB; return the items."""
    with web(loopback(hub.server_port)) as http:
        source = program("sources").ModelScope(http, SETTINGS)
        items = [program("weights").Item(str(folder), *entry) for entry in source.list()]
        job = program("fetch").Fetch(http, source.request, streams)
        job.RANGE, job.BUFFER, job.pause = RANGE, BUFFER, 0.01
        try:
            job.run([item for item in items if not item.present()], lambda: None)
        finally:
            job.pool.shutdown()
    return items


def content(folder: Path) -> dict[str, bytes]:
    """Return every file below *folder*."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("streams", [1, 3, 20])
def test_files_arrive(hub: FakeHub, tmp_path: Path, streams: int) -> None:
    """All bytes arrive over any number of streams, and nothing else is left in the folder."""
    fetch(hub, tmp_path, streams)

    assert FILES == content(tmp_path)


def test_ranges_are_asked_once(hub: FakeHub, tmp_path: Path) -> None:
    """Every range is requested once, over no more connections than streams and one for the listing."""
    fetch(hub, tmp_path)

    expected = [("a.bin", f"bytes={at}-{min(at + RANGE, 350_001) - 1}") for at in range(0, 350_001, RANGE)]
    assert [*expected, ("b/c.bin", "bytes=0-99998")] == sorted(hub.asked)
    assert len(hub.connections) <= 4


def test_redirect_to_a_store_in_the_region(hub: FakeHub, tmp_path: Path) -> None:
    """A redirect is followed, ranges included."""
    hub.redirect = True

    fetch(hub, tmp_path)

    assert FILES == content(tmp_path)


def test_source_that_ignores_ranges(hub: FakeHub, tmp_path: Path) -> None:
    """A source that always sends the whole file gives the whole file."""
    hub.ranges = False

    fetch(hub, tmp_path)

    assert FILES == content(tmp_path)


@pytest.mark.parametrize("ranges", [True, False])
def test_cut_connection(hub: FakeHub, tmp_path: Path, ranges: bool) -> None:  # noqa: FBT001
    """A connection cut in the middle costs what was missing, not the file."""
    hub.ranges = ranges
    hub.cut = {"a.bin": [70_000, 20_000], "b/c.bin": [1]}

    fetch(hub, tmp_path)

    assert FILES == content(tmp_path)


def test_busy_source(hub: FakeHub, tmp_path: Path) -> None:
    """A few 503 are waited out."""
    hub.busy = (0, 3)

    fetch(hub, tmp_path)

    assert FILES == content(tmp_path)


def test_source_that_stays_busy(hub: FakeHub, tmp_path: Path) -> None:
    """After five answers in a row without a byte the step fails, and may be tried again."""
    hub.busy = (0, 10**6)

    with pytest.raises(OSError, match=r"^(a|b/c)\.bin: OSError HTTP 503$"):
        fetch(hub, tmp_path)


@pytest.mark.parametrize("ranges", [True, False])
def test_wrong_bytes_once(
    hub: FakeHub,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    ranges: bool,  # noqa: FBT001
) -> None:
    """A file with a wrong checksum is fetched again, and the journal says so."""
    hub.ranges = ranges
    hub.wrong = {"a.bin": 4 if ranges else 1, "b/c.bin": 1}

    fetch(hub, tmp_path)

    assert FILES == content(tmp_path)
    assert "b/c.bin: its checksum is not that of the listing; fetching it again" in capsys.readouterr().out


def test_wrong_bytes_always(hub: FakeHub, tmp_path: Path) -> None:
    """After three wrong copies it is fatal, names the file, and leaves no file of that name."""
    hub.wrong = {"b/c.bin": 10**6}

    with pytest.raises(program("cloud").FatalError) as caught:
        fetch(hub, tmp_path)

    assert str(caught.value) == "b/c.bin: its checksum is not that of the listing, three times"
    assert (3, False) == ([name for name, _ in hub.asked].count("b/c.bin"), "b/c.bin" in content(tmp_path))


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        (True, "b/c.bin: 50000 bytes come, the listing says 99999, three times"),
        (False, "b/c.bin: 50000 bytes come, the listing says 99999, three times"),
    ],
)
def test_truncated_at_the_source(hub: FakeHub, tmp_path: Path, ranges: bool, message: str) -> None:  # noqa: FBT001
    """A file shorter than the listing says is fatal and named."""
    hub.ranges = ranges
    hub.truncated = {"b/c.bin": 50_000}

    with pytest.raises(program("cloud").FatalError) as caught:
        fetch(hub, tmp_path)

    assert (message, False) == (str(caught.value), "b/c.bin" in content(tmp_path))


def test_stream_that_always_ends_early(hub: FakeHub, tmp_path: Path) -> None:
    """A source that never sends the last bytes is fatal too."""
    hub.cut = {"b/c.bin": [0] * 1000}

    with pytest.raises(program("cloud").FatalError, match=r"^b/c\.bin: it ends after 0 of 99999 bytes, three times$"):
        fetch(hub, tmp_path)


def test_second_run_goes_on(hub: FakeHub, tmp_path: Path) -> None:
    """What an interrupted run has is not fetched again, save a buffer per range; a finished file not at all."""
    del hub.listed["b/c.bin"]
    hub.cut, hub.busy = {"a.bin": [60_000]}, (1, 10**6)
    with pytest.raises(OSError, match="HTTP 503"):
        fetch(hub, tmp_path, streams=1)
    hub.busy, hub.asked = (0, 0), []

    fetch(hub, tmp_path, streams=1)

    first = int(hub.asked[0][1].removeprefix("bytes=").split("-")[0])
    assert {"a.bin": FILES["a.bin"]} == content(tmp_path)
    assert 60_000 - BUFFER - 4096 <= first <= 60_000


def test_without_checksum_nothing_half_is_kept(hub: FakeHub, tmp_path: Path) -> None:
    """Where only the size is known, an interrupted file starts anew."""
    hub.sums = False
    (tmp_path / "a.bin..partial").write_bytes(b"x" * 350_001)

    fetch(hub, tmp_path)

    assert FILES == content(tmp_path)
