"""How weights come from ModelScope into a bucket."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.programs.fake_bucket import ROLE, FakeBucket
from tests.unit.userdata.fake_cloud import ID, SECRET, serving
from tests.unit.userdata.fake_hub import FakeHub
from tests.unit.userdata.programs import loopback, program, web
from tests.unit.userdata.test_fetch import some_bytes

RANGE = 100_000
INDEX = "model.safetensors.index.json"
SHARDS = [f"model-{number:05}-of-00002.safetensors" for number in (1, 2)]
MODEL = {
    "config.json": b"{}",
    "README é.md": b"",
    INDEX: json.dumps({"weight_map": {f"layer.{i}": name for i, name in enumerate(SHARDS)}}).encode(),
    SHARDS[0]: some_bytes("first", 3 * RANGE),
    SHARDS[1]: some_bytes("second", RANGE + 1),
    "tokenizer/vocab +~.json": b"{ }",
}
PREFIX = "models/a b"
SETTINGS = {
    "LLM_REGION": "cn-test",
    "LLM_WEIGHTS_MODEL": "Org/Model",
    "LLM_WEIGHTS_REVISION": "v1",
    "LLM_WEIGHTS_STREAMS": "3",
    "LLM_OSS_BUCKET": "bucket",
    "LLM_OSS_PREFIX": PREFIX,
    "ALIBABA_CLOUD_ROLE_ARN": ROLE["RoleArn"],
    "ALIBABA_CLOUD_OIDC_PROVIDER_ARN": ROLE["OIDCProviderArn"],
}
KEY = {"ALIBABA_CLOUD_ACCESS_KEY_ID": ID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": SECRET}
WHOLE = {f"{PREFIX}/{name}": (data, hashlib.sha256(data).hexdigest()) for name, data in MODEL.items()}


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    """Run ModelScope with a small model and a file no engine reads."""
    with serving(FakeHub({**MODEL, "original/consolidated.pth": b"x"})) as server:
        yield server


@pytest.fixture
def bucket() -> Iterator[FakeBucket]:
    """Run an empty bucket."""
    with serving(FakeBucket()) as server:
        yield server


@pytest.fixture
def token(tmp_path: Path) -> Path:
    """Return the file of the service account's token."""
    path = tmp_path / "token"
    path.write_text(ROLE["OIDCToken"])
    return path


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    transfer = program("fetch").Transfer
    for name, value in {"RANGE": RANGE, "BUFFER": 10_000}.items():
        monkeypatch.setattr(transfer, name, value)
    monkeypatch.setattr(program("time"), "sleep", lambda _: None)


def stage(hub: FakeHub, bucket: FakeBucket, token: Path, settings: dict[str, str] = SETTINGS) -> str:
    """Run the program; return its last line."""

    def connect(scheme: str, host: str) -> Any:  # noqa: ANN401
        return loopback(hub.server_port if host == "modelscope.cn" else bucket.server_port)(scheme, host)

    with web(connect) as http:
        return str(program("stage").main({"ALIBABA_CLOUD_OIDC_TOKEN_FILE": str(token), **settings}, http))


def test_all_arrive(hub: FakeHub, bucket: FakeBucket, token: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every file an engine reads is an object that carries its checksum, and no upload is left."""
    said = stage(hub, bucket, token)

    assert (WHOLE, {}) == (bucket.objects, bucket.uploads)
    assert said == (
        f"6 files, 0.0 GB in oss://bucket/{PREFIX}/, 6 of them copied now; checked by checksum, 0 of them by size alone"
    )
    assert "0.0 of 0.0 GB\n" in capsys.readouterr().out
    assert bucket.assumed == 1


def test_ranges_come_once(hub: FakeHub, bucket: FakeBucket, token: Path) -> None:
    """A large file comes in ranges, each asked for once, over a connection a stream and one of the program's own."""
    stage(hub, bucket, token)

    ranges = [asked for name, asked in hub.asked if name == SHARDS[0]]
    assert [f"bytes={at}-{at + RANGE - 1}" for at in (0, RANGE, 2 * RANGE)] == ranges
    assert 2 <= len(hub.connections) <= 4


def test_second_run_copies_what_differs(hub: FakeHub, bucket: FakeBucket, token: Path) -> None:
    """What has size and checksum stays; what has another size or checksum, or is not there, is copied."""
    stage(hub, bucket, token)
    data, mark = WHOLE[f"{PREFIX}/{SHARDS[0]}"]
    bucket.objects[f"{PREFIX}/{SHARDS[0]}"] = data, mark[::-1]
    bucket.objects[f"{PREFIX}/{SHARDS[1]}"] = b"short", WHOLE[f"{PREFIX}/{SHARDS[1]}"][1]
    del bucket.objects[f"{PREFIX}/config.json"]
    bucket.written = []

    said = stage(hub, bucket, token)

    assert {f"{PREFIX}/{name}" for name in (*SHARDS, "config.json")} == set(bucket.written)
    assert (WHOLE, True) == (bucket.objects, "3 of them copied now" in said)


def test_nothing_to_do(hub: FakeHub, bucket: FakeBucket, token: Path) -> None:
    """A complete bucket costs the listing and the index."""
    stage(hub, bucket, token)
    hub.asked = []

    said = stage(hub, bucket, token)

    assert ([(INDEX, "")], True) == (hub.asked, "0 of them copied now" in said)


def test_other_objects_stay(hub: FakeHub, bucket: FakeBucket, token: Path) -> None:
    """Objects beside the model's are not its business."""
    others = {"other/config.json": (b"1", ""), f"{PREFIX}/notes.txt": (b"2", "")}
    bucket.objects = dict(others)

    stage(hub, bucket, token)

    assert {**others, **WHOLE} == bucket.objects


def test_what_was_begun_is_dropped(hub: FakeHub, bucket: FakeBucket, token: Path) -> None:
    """Parts of an upload that nobody completed go; those of other prefixes stay."""
    theirs = "other/x", "", {1: b"x"}
    bucket.uploads = {"upload-90": (f"{PREFIX}/{SHARDS[0]}", "", {1: b"x"}), "upload-91": theirs}

    stage(hub, bucket, token)

    assert (WHOLE, {"upload-91": theirs}) == (bucket.objects, bucket.uploads)


def test_no_checksums(hub: FakeHub, bucket: FakeBucket, token: Path) -> None:
    """Where the listing has none, objects carry none, the last line says so, and sizes decide."""
    hub.sums = False

    first, second = stage(hub, bucket, token), stage(hub, bucket, token)

    assert {name: (data, "") for name, (data, _) in WHOLE.items()} == bucket.objects
    assert ("6 of them by size alone" in first, "0 of them copied now" in second) == (True, True)


def test_wrong_bytes_once(hub: FakeHub, bucket: FakeBucket, token: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file with a wrong checksum is fetched again, and the log says so."""
    hub.wrong = {SHARDS[0]: 1, "config.json": 1}

    stage(hub, bucket, token)

    assert (WHOLE, {}) == (bucket.objects, bucket.uploads)
    assert f"{SHARDS[0]}: its checksum is not that of the listing; fetching it again" in capsys.readouterr().out


@pytest.mark.parametrize("name", [SHARDS[0], "config.json"])
def test_wrong_bytes_always(hub: FakeHub, bucket: FakeBucket, token: Path, name: str) -> None:
    """After three wrong copies it is fatal and named; there is no such object, and no upload."""
    hub.wrong = {name: 10**6}

    with pytest.raises(program("cloud").FatalError, match=f"^{name}: its checksum is not that of the listing, three"):
        stage(hub, bucket, token)

    assert (False, {}) == (f"{PREFIX}/{name}" in bucket.objects, bucket.uploads)


def test_cut_connection(hub: FakeHub, bucket: FakeBucket, token: Path) -> None:
    """A range that breaks off goes on where it was."""
    hub.cut = {SHARDS[0]: [70_000, 20_000]}

    stage(hub, bucket, token)

    starts = [int(asked.removeprefix("bytes=").split("-")[0]) for name, asked in hub.asked if name == SHARDS[0]]
    assert (WHOLE, [0, 20_000, 90_000, 100_000, 200_000]) == (bucket.objects, starts)


@pytest.mark.parametrize("fault", ["busy", "broken"])
def test_bucket_in_trouble(hub: FakeHub, bucket: FakeBucket, token: Path, fault: str) -> None:
    """A bucket that is busy, or gets other bytes than were sent, is asked again."""
    setattr(bucket, fault, 4)

    stage(hub, bucket, token)

    assert (WHOLE, {}) == (bucket.objects, bucket.uploads)


def test_bucket_that_stays_busy(hub: FakeHub, bucket: FakeBucket, token: Path) -> None:
    """After five answers in a row it fails, and may be tried again."""
    bucket.busy = 10**6

    with pytest.raises(OSError, match=r"^OSS answers 503 to GET bucket/: <Error><Code>ServerBusy"):
        stage(hub, bucket, token)


def test_bucket_that_refuses(hub: FakeHub, bucket: FakeBucket, token: Path) -> None:
    """A role that may not is fatal, and what it may not is named."""
    bucket.allowed = False

    with pytest.raises(
        program("cloud").FatalError, match=r"^OSS answers 403 to GET bucket/: <Error><Code>AccessDenied"
    ):
        stage(hub, bucket, token)


def test_upload_that_somebody_dropped(
    hub: FakeHub, bucket: FakeBucket, token: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upload gone from under it fails the run, not for good."""
    add = program("bucket").Bucket.add

    def drop_and_add(self: Any, item: Any, upload: str, number: int, data: bytes) -> str:  # noqa: ANN401
        bucket.uploads.pop(upload, None)
        return str(add(self, item, upload, number, data))

    monkeypatch.setattr(program("bucket").Bucket, "add", drop_and_add)

    with pytest.raises(OSError, match=r"^OSS answers 404 to PUT .*NoSuchUpload"):
        stage(hub, bucket, token)


def test_index_names_a_missing_shard(hub: FakeHub, bucket: FakeBucket, token: Path) -> None:
    """A model whose source lacks a shard is refused before anything is copied."""
    del hub.listed[SHARDS[1]]

    with pytest.raises(program("cloud").FatalError) as caught:
        stage(hub, bucket, token)

    assert (f"{INDEX} names {SHARDS[1]}, which is not at the source (1 such)", {}) == (
        str(caught.value),
        bucket.objects,
    )


def test_source_that_ignores_ranges(hub: FakeHub, bucket: FakeBucket, token: Path) -> None:
    """A file of more than one range would need its size in memory, so it is refused."""
    hub.ranges = False

    with pytest.raises(program("cloud").FatalError, match=r"^the source sends the whole of model-0000\d-of"):
        stage(hub, bucket, token)

    assert {} == bucket.uploads


def test_source_that_ignores_ranges_of_small_files(hub: FakeHub, bucket: FakeBucket, token: Path) -> None:
    """A file of one range comes whole in any case."""
    hub.ranges = False
    hub.files[SHARDS[0]] = hub.listed[SHARDS[0]] = hub.files[SHARDS[1]] = hub.listed[SHARDS[1]] = b"small"

    stage(hub, bucket, token)

    assert {f"{PREFIX}/{name}" for name in MODEL} == bucket.objects.keys()


def test_access_key(hub: FakeHub, bucket: FakeBucket, token: Path) -> None:
    """A RAM user's key signs without a token."""
    bucket.token = None
    settings = {name: value for name, value in SETTINGS.items() if not name.startswith("ALIBABA_CLOUD")}

    stage(hub, bucket, token, {**settings, **KEY})

    assert (WHOLE, 0) == (bucket.objects, bucket.assumed)


def test_role_before_it_expires(hub: FakeHub, bucket: FakeBucket, token: Path) -> None:
    """Credentials about to expire are taken anew, with the token that is there then."""
    bucket.expiration = "2001-01-01T00:00:00Z"

    stage(hub, bucket, token)

    assert bucket.assumed > 5


def test_role_that_is_refused(hub: FakeHub, bucket: FakeBucket, token: Path) -> None:
    """What STS says is told; a trust may take a moment to be known, so it may be tried again."""
    token.write_text("another")

    with pytest.raises(OSError, match=r"^STS does not give acs:ram::1:role/stage: 403 .*not by this provider"):
        stage(hub, bucket, token)
