"""
What changes a bucket: objects put whole or in parts, and deleted.

Source: https://www.alibabacloud.com/help/en/oss/developer-reference/multipart-upload-operations/, 2026-11
"""

import base64
import hashlib
import xml.etree.ElementTree as ET
from urllib.parse import quote
from xml.sax.saxutils import escape

from scripts.localcloud.machines.hosts.bucket import META, Bucket, etag_of
from scripts.localcloud.machines.hosts.crc64 import crc64
from scripts.localcloud.machines.hosts.messages import Answer, RefusedError, Request, text

LEAST_PART_BYTES = 100 * 1024
"""Of every part but the last."""

PARTS = 10_000


def page(body: str) -> Answer:
    """Return *body* as an XML answer."""
    return text(200, f'<?xml version="1.0" encoding="UTF-8"?>\n{body}', "application/xml")


def put(bucket: Bucket, key: str, request: Request) -> Answer:
    """PutObject."""
    etag = _arrived(request)
    bucket.write(key, request.body, etag, _meta(request))
    return Answer(200, headers={"ETag": etag, "x-oss-hash-crc64ecma": str(crc64(request.body))})


def delete(bucket: Bucket, key: str, _request: Request) -> Answer:
    """DeleteObject."""
    bucket.delete(key)
    return Answer(204)


def begin(bucket: Bucket, key: str, request: Request) -> Answer:
    """InitiateMultipartUpload."""
    upload = bucket.begin(key, _meta(request))
    names = f"<Bucket>{bucket.name}</Bucket><Key>{escape(key)}</Key><UploadId>{upload}</UploadId>"
    return page(f"<InitiateMultipartUploadResult>{names}</InitiateMultipartUploadResult>")


def part(bucket: Bucket, key: str, request: Request) -> Answer:
    """UploadPart."""
    number = request.query["partNumber"]
    if not number.isdigit() or not 1 <= int(number) <= PARTS:
        raise RefusedError(400, "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive.")
    etag = _arrived(request)
    bucket.add(key, request.query["uploadId"], int(number), request.body)
    return Answer(200, headers={"ETag": etag, "x-oss-hash-crc64ecma": str(crc64(request.body))})


def complete(bucket: Bucket, key: str, request: Request) -> Answer:
    """CompleteMultipartUpload."""
    upload = request.query["uploadId"]
    there = bucket.parts(key, upload)
    named = _named(request.body)
    numbers = [number for number, _ in named]
    if numbers != sorted(set(numbers)):
        raise RefusedError(400, "InvalidPartOrder", "The list of parts was not in ascending order.")
    if not numbers or any(number not in there or etag_of(there[number].read_bytes()) != etag for number, etag in named):
        raise RefusedError(400, "InvalidPart", "One or more of the specified parts could not be found.")
    if any(there[number].stat().st_size < LEAST_PART_BYTES for number in numbers[:-1]):
        raise RefusedError(400, "EntityTooSmall", "Your proposed upload smaller than the minimum allowed size.")
    etag = bucket.complete(key, upload, numbers)
    names = f"<Bucket>{bucket.name}</Bucket><Key>{escape(key)}</Key><ETag>{escape(etag)}</ETag>"
    return page(f"<CompleteMultipartUploadResult>{names}</CompleteMultipartUploadResult>")


def abort(bucket: Bucket, key: str, request: Request) -> Answer:
    """AbortMultipartUpload."""
    bucket.abort(key, request.query["uploadId"])
    return Answer(204)


def parts(bucket: Bucket, key: str, request: Request) -> Answer:
    """ListParts."""
    upload = request.query["uploadId"]
    entries = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{escape(etag_of(file.read_bytes()))}</ETag>"
        f"<Size>{file.stat().st_size}</Size></Part>"
        for number, file in bucket.parts(key, upload).items()
    )
    names = f"<Bucket>{bucket.name}</Bucket><Key>{escape(key)}</Key><UploadId>{upload}</UploadId>"
    return page(f"<ListPartsResult>{names}<IsTruncated>false</IsTruncated>{entries}</ListPartsResult>")


def uploads(bucket: Bucket, _key: str, request: Request) -> Answer:
    """ListMultipartUploads."""
    prefix = request.query.get("prefix", "")
    shown = quote if request.query.get("encoding-type") == "url" else escape
    entries = "".join(
        f"<Upload><Key>{shown(key)}</Key><UploadId>{upload}</UploadId></Upload>"
        for key, upload in bucket.uploads()
        if key.startswith(prefix)
    )
    names = f"<Bucket>{bucket.name}</Bucket><Prefix>{escape(prefix)}</Prefix>"
    return page(
        f"<ListMultipartUploadsResult>{names}<IsTruncated>false</IsTruncated>{entries}</ListMultipartUploadsResult>"
    )


def _meta(request: Request) -> dict[str, str]:
    return {name: value for name, value in request.headers.items() if name.startswith(META)}


def _arrived(request: Request) -> str:
    """Return the ETag of the body, which is what was sent."""
    promised = request.headers.get("content-md5")
    digest = base64.b64encode(hashlib.md5(request.body, usedforsecurity=False).digest()).decode()
    if promised not in (None, digest):
        raise RefusedError(400, "InvalidDigest", "The Content-MD5 you specified was invalid.")
    return etag_of(request.body)


def _named(body: bytes) -> list[tuple[int, str]]:
    try:
        entries = ET.fromstring(body).findall("Part")  # noqa: S314 - from our own machine
        return [(int(entry.findtext("PartNumber", "")), _quoted(entry.findtext("ETag", ""))) for entry in entries]
    except (ET.ParseError, ValueError):
        raise RefusedError(400, "MalformedXML", "The XML you provided was not well-formed.") from None


def _quoted(etag: str) -> str:
    return f'"{etag.strip(chr(34))}"'
