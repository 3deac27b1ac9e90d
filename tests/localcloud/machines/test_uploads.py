"""What a bucket does with objects that are put into it, whole and in parts."""

import base64
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from scripts.localcloud.machines.hosts import oss, uploads
from scripts.localcloud.machines.hosts.bucket import Bucket
from scripts.localcloud.machines.hosts.messages import Answer, RefusedError, Request

BIG = b"x" * uploads.LEAST_PART_BYTES


@pytest.fixture
def bucket(tmp_path: Path) -> Bucket:
    """Return an empty bucket."""
    (tmp_path / "b").mkdir()
    return Bucket("b", "cn-hangzhou", tmp_path / "b")


def call(
    bucket: Bucket, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> tuple[Answer, str]:
    """Return the answer to a request, and its text."""
    request = Request(method, path, headers or {}, body)
    key = request.path.removeprefix("/")
    marks = frozenset({"partNumber", "uploadId", "uploads"} & set(request.query))
    _, operation = oss._OPERATIONS[method, bool(key), marks]  # noqa: SLF001 - without a signature
    answer = operation(bucket, key, request)
    return answer, b"".join(answer.body).decode(errors="replace")


def begun(bucket: Bucket, *parts: bytes) -> tuple[str, list[str]]:
    """Return the id of an upload of *parts*, and their ETags."""
    _, page = call(bucket, "POST", "/m/a%20b?uploads", headers={"x-oss-meta-sha256": "5a"})
    upload = re.findall("<UploadId>(.*)</UploadId>", page)[0]
    url = f"/m/a%20b?partNumber={{}}&uploadId={upload}"
    return upload, [
        call(bucket, "PUT", url.format(number), part)[0].headers["ETag"] for number, part in enumerate(parts, 1)
    ]


def listed(*parts: tuple[int, str]) -> bytes:
    """Return the document that completes an upload."""
    entries = "".join(f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>" for number, etag in parts)
    return f"<CompleteMultipartUpload>{entries}</CompleteMultipartUpload>".encode()


def test_an_object_exists_when_its_upload_is_complete(bucket: Bucket) -> None:
    """With what it was given at the beginning; before, only the upload is listed, and its parts."""
    upload, tags = begun(bucket, BIG, b"end")
    url = f"/m/a%20b?uploadId={upload}"

    assert [f'"{hashlib.md5(part).hexdigest().upper()}"' for part in (BIG, b"end")] == tags  # noqa: S324 - as OSS
    assert "<KeyCount>0<" in call(bucket, "GET", "/?list-type=2")[1]
    assert f"<Key>m/a%20b</Key><UploadId>{upload}<" in call(bucket, "GET", "/?uploads&prefix=m/&encoding-type=url")[1]
    assert "<Upload>" not in call(bucket, "GET", "/?uploads&prefix=n/")[1]
    assert ["102400", "3"] == re.findall(r"<Size>(\d+)</Size>", call(bucket, "GET", url)[1])

    call(bucket, "POST", url, listed((1, tags[0]), (2, tags[1].strip('"'))))

    answer, text = call(bucket, "GET", "/m/a%20b")
    digest = hashlib.md5(b"".join(hashlib.md5(part).digest() for part in (BIG, b"end"))).hexdigest().upper()  # noqa: S324
    assert BIG + b"end" == text.encode()
    assert ("5a", f'"{digest}-2"') == (answer.headers["x-oss-meta-sha256"], answer.headers["ETag"])
    assert "<Upload>" not in call(bucket, "GET", "/?uploads")[1]


@pytest.mark.parametrize(
    ("parts", "numbers", "code"),
    [
        ([BIG, b"x"], [2, 1], "InvalidPartOrder"),
        ([BIG, b"x"], [1, 3], "InvalidPart"),
        ([BIG, b"x"], [], "InvalidPart"),
        ([b"x", BIG], [1, 2], "EntityTooSmall"),
    ],
)
def test_parts_that_make_no_object(bucket: Bucket, parts: list[bytes], numbers: list[int], code: str) -> None:
    """They are refused by OSS's names, and nothing comes of them."""
    upload, tags = begun(bucket, *parts)
    body = listed(*((number, (tags * 2)[number - 1]) for number in numbers))

    with pytest.raises(RefusedError) as refused:
        call(bucket, "POST", f"/m/a%20b?uploadId={upload}", body)

    assert code == refused.value.code
    assert [] == list(bucket.root.rglob("*"))


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "code"),
    [
        ("PUT", "/m/x?partNumber=1&uploadId=ABC", b"", {}, "NoSuchUpload"),
        ("PUT", "/m/x?partNumber=1&uploadId=../x", b"", {}, "NoSuchUpload"),
        ("PUT", "/m/x?partNumber=10001&uploadId=A", b"", {}, "InvalidArgument"),
        ("DELETE", "/m/x?uploadId=ABC", b"", {}, "NoSuchUpload"),
        ("PUT", "/m/x", b"x", {"content-md5": "AAAA"}, "InvalidDigest"),
        ("PUT", "/../x", b"x", {}, "InvalidObjectName"),
        ("GET", "/m/x", b"", {}, "NoSuchKey"),
    ],
)
def test_refusals(bucket: Bucket, method: str, path: str, body: bytes, headers: Mapping[str, str], code: str) -> None:
    """What cannot be is refused by OSS's names."""
    with pytest.raises(RefusedError) as refused:
        call(bucket, method, path, body, headers)

    assert code == refused.value.code


def test_an_upload_that_is_given_up_leaves_nothing(bucket: Bucket) -> None:
    """And cannot go on."""
    upload, _ = begun(bucket, BIG)

    assert 204 == call(bucket, "DELETE", f"/m/a%20b?uploadId={upload}")[0].status
    with pytest.raises(RefusedError):
        call(bucket, "DELETE", f"/m/a%20b?uploadId={upload}")


def test_an_object_is_put_whole_replaced_and_deleted(bucket: Bucket) -> None:
    """What is known of it is known of its present bytes only."""
    headers = {"content-md5": base64.b64encode(hashlib.md5(b"one").digest()).decode()}  # noqa: S324 - as OSS
    call(bucket, "PUT", "/m/x", b"one", headers | {"x-oss-meta-a": "1", "x-oss-other": "2"})

    assert {"ETag", "x-oss-meta-a"} == set(bucket.headers("m/x"))
    (bucket.root / "m" / "x").write_bytes(b"by hand")
    assert {} == bucket.headers("m/x")
    assert 204 == call(bucket, "DELETE", "/m/x")[0].status
    assert not (bucket.root / "m" / "x").exists()
