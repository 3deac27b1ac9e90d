"""OSS, as far as its objects go: read, listed, written whole or in parts."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import escape

from scripts.localcloud.machines.hosts import uploads
from scripts.localcloud.machines.hosts.bucket import Bucket
from scripts.localcloud.machines.hosts.crc64 import of_file
from scripts.localcloud.machines.hosts.messages import Answer, RefusedError, Request, byte_range, text
from scripts.localcloud.machines.hosts.signatures import oss_key, oss_valid
from scripts.localcloud.machines.hosts.state import CloudState, Credentials
from scripts.localcloud.machines.spec import MachineSpec

CHUNK_BYTES = 256 * 1024
MAX_KEYS = 1000
Operation = Callable[[Bucket, str, Request], Answer]


class Oss:
    """The OSS endpoint of one region."""

    def __init__(self, state: CloudState, spec: MachineSpec) -> None:
        self._state = state
        self._region = spec.region

    def answer(self, bucket: str, request: Request) -> Answer:
        """Return the answer to one request to *bucket*."""
        try:
            return self._answer(bucket, request)
        except RefusedError as refusal:
            body = f"<Error><Code>{refusal.code}</Code><Message>{escape(str(refusal))}</Message></Error>"
            return text(refusal.status, f'<?xml version="1.0" encoding="UTF-8"?>\n{body}', "application/xml")

    def _answer(self, name: str, request: Request) -> Answer:
        entry = self._state.services["oss"].get(name)
        if entry is None or entry["region"] != self._region:
            raise RefusedError(404, "NoSuchBucket", "The specified bucket does not exist.")
        holder = self._holder(name, request)
        key = request.path.removeprefix("/")
        method = "GET" if request.method == "HEAD" else request.method
        wanted = (method, bool(key), frozenset(_MARKS & set(request.query)))
        action, operation = _OPERATIONS.get(wanted, ("", _unknown))
        resource = f"acs:oss:{self._region}:0:{name}" + (f"/{key}" if key else "")
        if action and not holder.may(action, resource):
            raise RefusedError(403, "AccessDenied", f"You have no right to access this object: {action}.")
        return operation(Bucket(name, self._region, Path(entry["root"])), key, request)

    def _holder(self, bucket: str, request: Request) -> Credentials:
        token = request.headers.get("x-oss-security-token", "")
        holder = self._state.holder(oss_key(request) or "", token)
        if holder is None:
            raise RefusedError(403, "AccessDenied", "The bucket you access does not belong to you.")
        if not oss_valid(bucket, request, holder.secret):
            raise RefusedError(403, "SignatureDoesNotMatch", "The request signature we calculated does not match.")
        return holder


def _unknown(_bucket: Bucket, _key: str, _request: Request) -> Answer:
    raise RefusedError(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")


def _object(bucket: Bucket, key: str, request: Request) -> Answer:
    path = bucket.path(key)
    if not path.is_file():
        raise RefusedError(404, "NoSuchKey", "The specified key does not exist.")
    size = path.stat().st_size
    try:
        part = byte_range(request.headers.get("range"), size)
    except ValueError as problem:
        raise RefusedError(416, "InvalidRange", "The requested range cannot be satisfied.") from problem
    start, end = part or (0, size)
    headers = {
        "Content-Type": "application/octet-stream",
        "Accept-Ranges": "bytes",
        "x-oss-hash-crc64ecma": str(of_file(path, size, path.stat().st_mtime_ns)),
        **bucket.headers(key),
    }
    if part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return Answer(206 if part else 200, _chunks(path, start, end), end - start, headers)


def _list(bucket: Bucket, _key: str, request: Request) -> Answer:
    query, root = request.query, bucket.root
    if query.get("list-type") != "2":
        raise RefusedError(400, "InvalidArgument", "The local cloud lists with list-type=2 only.")
    prefix, after = query.get("prefix", ""), query.get("continuation-token", "")
    limit = min(int(query.get("max-keys", MAX_KEYS)), MAX_KEYS)
    names = sorted(file.relative_to(root).as_posix() for file in root.rglob("*") if file.is_file())
    matching = [name for name in names if name.startswith(prefix) and name > after]
    shown, more = matching[:limit], len(matching) > limit
    written = quote if query.get("encoding-type") == "url" else escape
    contents = "".join(
        f"<Contents><Key>{written(name)}</Key><Size>{(root / name).stat().st_size}</Size></Contents>" for name in shown
    )
    token = f"<NextContinuationToken>{escape(shown[-1])}</NextContinuationToken>" if more else ""
    return uploads.page(
        f"<ListBucketResult><Name>{bucket.name}</Name><Prefix>{escape(prefix)}</Prefix><MaxKeys>{limit}</MaxKeys>"
        f"<IsTruncated>{str(more).lower()}</IsTruncated>{contents}{token}<KeyCount>{len(shown)}</KeyCount>"
        "</ListBucketResult>"
    )


def _chunks(path: Path, start: int, end: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while start < end and (chunk := file.read(min(CHUNK_BYTES, end - start))):
            start += len(chunk)
            yield chunk


_MARKS = {"partNumber", "uploadId", "uploads"}
_OPERATIONS: dict[tuple[str, bool, frozenset[str]], tuple[str, Operation]] = {
    ("GET", True, frozenset()): ("oss:GetObject", _object),
    ("GET", False, frozenset()): ("oss:ListObjects", _list),
    ("PUT", True, frozenset()): ("oss:PutObject", uploads.put),
    ("DELETE", True, frozenset()): ("oss:DeleteObject", uploads.delete),
    ("POST", True, frozenset({"uploads"})): ("oss:PutObject", uploads.begin),
    ("PUT", True, frozenset({"partNumber", "uploadId"})): ("oss:PutObject", uploads.part),
    ("POST", True, frozenset({"uploadId"})): ("oss:PutObject", uploads.complete),
    ("DELETE", True, frozenset({"uploadId"})): ("oss:AbortMultipartUpload", uploads.abort),
    ("GET", True, frozenset({"uploadId"})): ("oss:ListParts", uploads.parts),
    ("GET", False, frozenset({"uploads"})): ("oss:ListMultipartUploads", uploads.uploads),
}
"""By method, whether there is a key, and which of `_MARKS` the query has: the action that policies name, the work."""
