"""The weights program as a whole, from ModelScope and from OSS."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.userdata.fake_cloud import FakeCloud, serving
from tests.unit.userdata.fake_hub import FakeHub
from tests.unit.userdata.programs import MACHINE, loopback, program, web
from tests.unit.userdata.test_fetch import content, some_bytes

INDEX = "model.safetensors.index.json"
SHARDS = [f"model-{number:05}-of-00003.safetensors" for number in (1, 2, 3)]
MODEL = {
    "config.json": b"{}",
    "README é.md": b"",
    "tokenizer/vocab +~.json": b"{ }",
    INDEX: json.dumps({"weight_map": {f"layer.{i}": name for i, name in enumerate(SHARDS)}}).encode(),
    **{name: some_bytes(name, 20_000) for name in SHARDS},
}
TWICE = {"pytorch_model.bin": b"x", "original/consolidated.00.pth": b"x", "model.gguf": b"x", "onnx/model.onnx": b"x"}
SETTINGS = {
    "LLM_REGION": "cn-test",
    "LLM_WEIGHTS_SOURCE": "modelscope",
    "LLM_WEIGHTS_MODEL": "Org/Model",
    "LLM_WEIGHTS_REVISION": "v1",
    "LLM_WEIGHTS_STREAMS": "4",
    "LLM_OSS_BUCKET": "bucket",
    "LLM_OSS_PREFIX": "",
}


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    """Run a hub with a small model, its index and files no engine reads."""
    with serving(FakeHub({**MODEL, **TWICE})) as server:
        yield server


def run(hub: FakeHub, folder: Path, **changes: str) -> str:
    """Run the program against *hub*, and a metadata service for OSS; return its last line."""
    with serving(FakeCloud()) as cloud:

        def connect(scheme: str, host: str) -> Any:  # noqa: ANN401
            port = cloud.server_port if host == "100.100.100.200" else hub.server_port
            return loopback(port)(scheme, host)

        with web(connect) as http:
            return str(program("weights").main({**SETTINGS, **changes, "LLM_WEIGHTS_DIR": str(folder)}, http))


def files(folder: Path) -> dict[str, bytes]:
    """Return what the engine sees: everything but the mark."""
    return {name: data for name, data in content(folder).items() if name != ".complete"}


def test_modelscope(hub: FakeHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every file an engine reads is there, then the mark; the progress counts shards."""
    said = run(hub, tmp_path)

    assert MODEL == files(tmp_path)
    assert "0 of 3 shards, 0.0 of 0.0 GB\n" in capsys.readouterr().out
    assert said == "7 files, 0.0 GB; checked by checksum, 0 of them by size alone"
    assert (tmp_path / ".complete").exists()


@pytest.mark.parametrize("prefix", ["", "models/a b"])
def test_oss(hub: FakeHub, tmp_path: Path, prefix: str) -> None:
    """The same from a prefix of a bucket, listed in pages, each request signed."""
    hub.prefix, hub.page = prefix and prefix + "/", 2

    said = run(hub, tmp_path, LLM_WEIGHTS_SOURCE="oss", LLM_OSS_PREFIX=prefix)

    assert (MODEL, True) == (files(tmp_path), "0 of them by size alone" in said)


@pytest.mark.parametrize("source", ["modelscope", "oss"])
def test_no_checksums(hub: FakeHub, tmp_path: Path, source: str) -> None:
    """A source without checksums is told apart: the last line counts what was checked by size alone."""
    hub.sums = False

    assert "7 of them by size alone" in run(hub, tmp_path, LLM_WEIGHTS_SOURCE=source)


def test_marked_weights_need_no_source(hub: FakeHub, tmp_path: Path) -> None:
    """With the mark a start needs neither the network nor a look into the files."""
    run(hub, tmp_path)
    hub.shutdown()

    assert run(hub, tmp_path) == "7 files are complete by name and size"


@pytest.mark.parametrize("damage", ["short", "missing"])
def test_damage_behind_the_mark(hub: FakeHub, tmp_path: Path, damage: str) -> None:
    """A file that is gone or has another size takes the mark away, and only it is fetched again."""
    run(hub, tmp_path)
    shard = tmp_path / SHARDS[1]
    shard.write_bytes(b"short")
    if damage == "missing":
        shard.unlink()
    hub.asked = []

    run(hub, tmp_path)

    assert (MODEL, {SHARDS[1]}) == (files(tmp_path), {name for name, _ in hub.asked})


def test_index_names_a_missing_shard(hub: FakeHub, tmp_path: Path) -> None:
    """A model whose source lacks a shard is refused before any shard is fetched."""
    del hub.listed[SHARDS[2]]

    with pytest.raises(program("cloud").FatalError) as caught:
        run(hub, tmp_path)

    assert str(caught.value) == f"{INDEX} names {SHARDS[2]}, which is not at the source (1 such)"
    assert not any(name.endswith(".safetensors") for name, _ in hub.asked)


def test_disk_too_small(hub: FakeHub, tmp_path: Path) -> None:
    """Weights that do not fit are refused with both sizes, before anything is fetched."""
    hub.listed["model-00004.safetensors"] = Enormous()

    with pytest.raises(
        program("cloud").FatalError, match=r"^the weights need 9\d{6}\.\d GB more, the disk has [\d.]+ GB"
    ):
        run(hub, tmp_path / "Org--Model" / "v1")

    assert [] == hub.asked


@pytest.mark.parametrize(("size", "left"), [(1, True), (9 * 10**15, False)])
def test_weights_of_another_model_make_room(tmp_path: Path, size: int, left: bool) -> None:  # noqa: FBT001 - a row
    """Complete weights of another model go when there is no room for the new ones, and stay when there is."""
    old, new = tmp_path / "Org--Old" / "master", tmp_path / "Org--New" / "master"
    old.mkdir(parents=True)
    new.mkdir(parents=True)
    (old / ".complete").touch()
    weights = program("weights")
    try:
        weights.make_room(str(new), [weights.Item(str(new), "model.safetensors", size, "")])
    except program("cloud").FatalError:
        assert size > 1

    assert (left, True) == (old.exists(), new.exists())


class Enormous(bytes):
    """Bytes that are listed as nine petabytes."""

    def __len__(self) -> int:
        """Return the size for the listing."""
        return 9 * 10**15


@pytest.mark.parametrize("name", ["../outside.json", "/etc/passwd", "a/../../b.json"])
def test_name_that_leads_out(hub: FakeHub, tmp_path: Path, name: str) -> None:
    """A file name from the source cannot leave the folder."""
    hub.listed[name] = hub.files[name] = b"x"

    with pytest.raises(program("cloud").FatalError, match="leads out of its folder"):
        run(hub, tmp_path / "inner")


def test_no_weights(hub: FakeHub, tmp_path: Path) -> None:
    """A repository without weights in a form that engines read is refused."""
    hub.listed = {"config.json": b"{}", "model.gguf": b"x"}

    with pytest.raises(program("cloud").FatalError, match=r"^the source has no \*\.safetensors and no \*\.bin$"):
        run(hub, tmp_path)


def test_bin_files_where_there_is_nothing_else(hub: FakeHub, tmp_path: Path) -> None:
    """Older models have *.bin only, and get them."""
    hub.listed = {"config.json": b"{}", "pytorch_model.bin": b"x"}

    run(hub, tmp_path)

    assert {"config.json": b"{}", "pytorch_model.bin": b"x"} == files(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"LLM_WEIGHTS_MODEL": "Org/Other"}, "Org/Other/repo/files"),
        ({"LLM_WEIGHTS_REVISION": "v2"}, "Revision=v2 answers 404"),
        ({"LLM_WEIGHTS_SOURCE": "oss", "LLM_OSS_BUCKET": "other"}, "other.oss-cn-test-internal.aliyuncs.com"),
    ],
)
def test_wrong_source(hub: FakeHub, tmp_path: Path, changes: dict[str, str], message: str) -> None:
    """A wrong model, revision or bucket is fatal and named."""
    with pytest.raises(program("cloud").FatalError) as caught:
        run(hub, tmp_path, **changes)

    assert message in str(caught.value)


def test_killed_and_run_again(hub: FakeHub, tmp_path: Path) -> None:
    """A fetch killed by SIGKILL leaves no shard by its name, and the next one completes it."""
    hub.bytes_per_second = 10**6
    hub.files[SHARDS[0]] = hub.listed[SHARDS[0]] = some_bytes("large", 3_000_000)
    code = f"""
import http.client, sys
sys.path.insert(0, {str(MACHINE / "python")!r})
import cloud, weights
connect = lambda scheme, host: http.client.HTTPConnection("127.0.0.1", {hub.server_port}, timeout=10)
weights.main({{**{SETTINGS!r}, "LLM_WEIGHTS_DIR": {str(tmp_path)!r}}}, cloud.Web(connect))
"""
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        while not any(path.stat().st_blocks for path in tmp_path.glob(f"{SHARDS[0]}*")):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert not (tmp_path / SHARDS[0]).exists()
    hub.bytes_per_second = 0

    run(hub, tmp_path)

    assert {**MODEL, SHARDS[0]: hub.files[SHARDS[0]]} == files(tmp_path)
