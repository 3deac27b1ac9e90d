"""STS, and a bucket to write to, on one port; OSS checks signature, checksum and every part."""

import base64
import hashlib
import itertools
import json
import xml.etree.ElementTree as ET
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from tests.unit.userdata.fake_cloud import ID, SECRET, STS
from tests.unit.userdata.fake_hub import oss4_right

ROLE = {
    "Action": "AssumeRoleWithOIDC",
    "Format": "JSON",
    "OIDCProviderArn": "acs:ram::1:oidc-provider/ack-rrsa-c1",
    "OIDCToken": "token-1",
    "RoleArn": "acs:ram::1:role/stage",
    "RoleSessionName": "llm",
    "Version": "2015-04-01",
}
MARK = "x-oss-meta-sha256"


class FakeBucket(ThreadingHTTPServer):
    """
    Holds *objects*, with the marks they carry, and what is not completed yet in *uploads*.

    Faults: *busy* requests answered with 503, *broken* bodies that arrive damaged; *allowed* is false where the policy
    of the role says nothing; *token* is what a signature must carry.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, tuple[bytes, str]] = {}
        self.uploads: dict[str, tuple[str, str, dict[int, bytes]]] = {}
        self.numbers = itertools.count()
        self.written: list[str] = []
        self.token: str | None = STS
        self.allowed = True
        self.busy = 0
        self.broken = 0
        self.expiration = "2099-01-01T00:00:00Z"
        self.assumed = 0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: FakeBucket

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def do_POST(self) -> None:
        """Answer STS, or begin or complete an upload."""
        if self.headers["Host"] == "sts-vpc.cn-test.aliyuncs.com":
            return self._assume(dict(parse_qsl(urlsplit(self.path).query, strict_parsing=True)))
        return self._oss()

    def do_GET(self) -> None:
        """Answer lists."""
        self._oss()

    do_HEAD = do_PUT = do_DELETE = do_GET  # noqa: N815 - as the base class calls them

    def _assume(self, params: dict[str, str]) -> None:
        if params != ROLE:
            said = {"Code": "AuthenticationFail.NoPermission", "Message": "not by this provider"}
            return self._send(403, json.dumps(said).encode())
        self.server.assumed += 1
        pair = {"AccessKeyId": ID, "AccessKeySecret": SECRET, "SecurityToken": STS}
        return self._send(200, json.dumps({"Credentials": {**pair, "Expiration": self.server.expiration}}).encode())

    def _oss(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.server.busy:
            self.server.busy -= 1
            return self._send(503, b"<Error><Code>ServerBusy</Code></Error>")
        if not oss4_right(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, self.server.token):
            return self._send(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>")
        if not self.server.allowed:
            return self._send(403, b"<Error><Code>AccessDenied</Code></Error>")
        if body and self.server.broken:
            self.server.broken -= 1
            body = bytes([body[0] ^ 1]) + body[1:]
        if body and self.headers["Content-MD5"] != base64.b64encode(hashlib.md5(body).digest()).decode():  # noqa: S324
            return self._send(400, b"<Error><Code>InvalidDigest</Code></Error>")
        url = urlsplit(self.path)
        params = dict(parse_qsl(url.query, keep_blank_values=True))
        return self._answer(unquote(url.path[1:]), params, body)

    def _answer(self, key: str, params: dict[str, str], body: bytes) -> None:
        match self.command, key, sorted(params):
            case "GET", "", ["encoding-type", "list-type", "prefix"]:
                self._list(params["prefix"])
            case "GET", "", ["encoding-type", "prefix", "uploads"]:
                self._list_uploads(params["prefix"])
            case "HEAD", _, []:
                self._head(key)
            case "PUT", _, []:
                self._keep(key, body, self.headers.get(MARK, ""))
                self._send(200, b"")
            case "POST", _, ["uploads"]:
                self._begin(key)
            case _, _, ["uploadId"] | ["partNumber", "uploadId"]:
                self._upload(key, params, body)
            case _:
                self._send(400, b"<Error><Code>InvalidArgument</Code></Error>")

    def _keep(self, key: str, data: bytes, mark: str) -> None:
        self.server.written.append(key)
        self.server.objects[key] = data, mark

    def _list(self, prefix: str) -> None:
        entries = "".join(
            f"<Contents><Key>{quote(key)}</Key><Size>{len(data)}</Size></Contents>"
            for key, (data, _) in self.server.objects.items()
            if key.startswith(prefix)
        )
        self._send(200, f"<ListBucketResult>{entries}</ListBucketResult>".encode())

    def _list_uploads(self, prefix: str) -> None:
        entries = "".join(
            f"<Upload><Key>{quote(key)}</Key><UploadId>{number}</UploadId></Upload>"
            for number, (key, *_) in self.server.uploads.items()
            if key.startswith(prefix)
        )
        self._send(200, f"<ListMultipartUploadsResult>{entries}</ListMultipartUploadsResult>".encode())

    def _head(self, key: str) -> None:
        data, mark = self.server.objects.get(key, (b"", ""))
        self._send(200 if key in self.server.objects else 404, data, **({MARK: mark} if mark else {}))

    def _begin(self, key: str) -> None:
        number = f"upload-{next(self.server.numbers)}"
        self.server.uploads[number] = key, self.headers.get(MARK, ""), {}
        text = f"<InitiateMultipartUploadResult><UploadId>{number}</UploadId></InitiateMultipartUploadResult>"
        self._send(200, text.encode())

    def _upload(self, key: str, params: dict[str, str], body: bytes) -> None:
        number = params["uploadId"]
        begun, mark, parts = self.server.uploads.get(number, ("", "", {}))
        if begun != key:
            return self._send(404, b"<Error><Code>NoSuchUpload</Code></Error>")
        if self.command == "PUT":
            parts[int(params["partNumber"])] = body
            return self._send(200, b"", ETag=_tag(body))
        if self.command == "POST":
            named = [(entry.findtext("PartNumber"), entry.findtext("ETag")) for entry in ET.fromstring(body)]  # noqa: S314
            if named != [(str(part), _tag(parts[part])) for part in sorted(parts)]:
                return self._send(400, b"<Error><Code>InvalidPart</Code></Error>")
            self._keep(key, b"".join(parts[part] for part in sorted(parts)), mark)
        del self.server.uploads[number]
        return self._send(200 if self.command == "POST" else 204, b"")

    def _send(self, status: int, data: bytes, **head: str) -> None:
        self.send_response(status)
        for name, value in {**head, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD" and status != 204:
            self.wfile.write(data)


def _tag(data: bytes) -> str:
    return f'"{hashlib.md5(data).hexdigest().upper()}"'  # noqa: S324
