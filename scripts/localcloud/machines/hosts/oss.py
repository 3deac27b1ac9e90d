"""OSS, as far as a machine reads from it: GET, HEAD, Range and ListObjectsV2 on the files of a folder."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import escape

from scripts.localcloud.machines.hosts.crc64 import of_file
from scripts.localcloud.machines.hosts.messages import Answer, Request, byte_range, text
from scripts.localcloud.machines.hosts.signatures import oss_key, oss_valid
from scripts.localcloud.machines.hosts.state import CloudState
from scripts.localcloud.machines.spec import MachineSpec

CHUNK_BYTES = 256 * 1024
MAX_KEYS = 1000


class RefusedError(Exception):
    """OSS refuses: HTTP status, vendor code, vendor text."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


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

    def _answer(self, bucket: str, request: Request) -> Answer:
        entry = self._state.services["oss"].get(bucket)
        if entry is None or entry["region"] != self._region:
            raise RefusedError(404, "NoSuchBucket", "The specified bucket does not exist.")
        role = self._role(bucket, request)
        key = request.path.removeprefix("/")
        action = "oss:GetObject" if key else "oss:ListObjects"
        resource = f"acs:oss:{self._region}:0:{bucket}" + (f"/{key}" if key else "")
        if not self._state.allows(role, action, resource):
            raise RefusedError(403, "AccessDenied", f"You have no right to access this object: {action}.")
        if request.method not in ("GET", "HEAD"):
            raise RefusedError(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
        root = Path(entry["root"]).resolve()
        return self._object(root, key, request) if key else self._list(bucket, root, request)

    def _role(self, bucket: str, request: Request) -> str:
        token = request.headers.get("x-oss-security-token", "")
        holder = self._state.holder(oss_key(request) or "", token)
        if holder is None:
            raise RefusedError(403, "AccessDenied", "The bucket you access does not belong to you.")
        if not oss_valid(bucket, request, holder.secret):
            raise RefusedError(403, "SignatureDoesNotMatch", "The request signature we calculated does not match.")
        return holder.role

    def _object(self, root: Path, key: str, request: Request) -> Answer:
        path = (root / key).resolve()
        if not path.is_relative_to(root) or not path.is_file():
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
        }
        if part:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        return Answer(206 if part else 200, _chunks(path, start, end), end - start, headers)

    def _list(self, bucket: str, root: Path, request: Request) -> Answer:
        query = request.query
        if query.get("list-type") != "2":
            raise RefusedError(400, "InvalidArgument", "The local cloud lists with list-type=2 only.")
        prefix, after = query.get("prefix", ""), query.get("continuation-token", "")
        limit = min(int(query.get("max-keys", MAX_KEYS)), MAX_KEYS)
        names = sorted(file.relative_to(root).as_posix() for file in root.rglob("*") if file.is_file())
        matching = [name for name in names if name.startswith(prefix) and name > after]
        page, more = matching[:limit], len(matching) > limit
        shown = quote if query.get("encoding-type") == "url" else escape
        contents = "".join(
            f"<Contents><Key>{shown(name)}</Key><Size>{(root / name).stat().st_size}</Size></Contents>" for name in page
        )
        token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
        body = (
            f"<ListBucketResult><Name>{bucket}</Name><Prefix>{escape(prefix)}</Prefix><MaxKeys>{limit}</MaxKeys>"
            f"<IsTruncated>{str(more).lower()}</IsTruncated>{contents}{token}<KeyCount>{len(page)}</KeyCount>"
            "</ListBucketResult>"
        )
        return text(200, f'<?xml version="1.0" encoding="UTF-8"?>\n{body}', "application/xml")


def _chunks(path: Path, start: int, end: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while start < end and (chunk := file.read(min(CHUNK_BYTES, end - start))):
            start += len(chunk)
            yield chunk
