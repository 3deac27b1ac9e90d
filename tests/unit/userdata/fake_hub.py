"""ModelScope and OSS on one port, with the faults that a download meets; OSS checks its signature with its own code."""

import hashlib
import hmac
import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from tests.unit.userdata.fake_cloud import ID, SECRET, STS


class FakeHub(ThreadingHTTPServer):
    """
    Serves *files*. Faults, by file name: *truncated* to a length, *wrong* in one byte, *cut* after so many bytes.

    *ranges* false ignores Range; *busy* answers file requests from one count to another with 503; *redirect* sends
    file requests to another address.
    """

    daemon_threads = True

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = files
        self.listed = dict(files)
        self.sums = True
        self.truncated: dict[str, int] = {}
        self.wrong: dict[str, int] = {}
        self.cut: dict[str, list[int]] = {}
        self.ranges = True
        self.redirect = False
        self.busy = (0, 0)
        self.bytes_per_second = 0
        self.prefix = ""
        self.page = 1000
        self.asked: list[tuple[str, str]] = []
        self.connections: set[object] = set()
        self.lock = threading.Lock()

    def handle_error(self, *_: object) -> None:
        """Stay quiet when a client hangs up, which these tests want."""

    def content(self, name: str) -> bytes:
        """Return what is served for *name* now; every fault counts down."""
        data = self.files[name]
        with self.lock:
            if self.wrong.get(name, 0):
                self.wrong[name] -= 1
                data = bytes([data[0] ^ 1]) + data[1:]
        return data[: self.truncated.get(name, len(data))]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeHub

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def do_GET(self) -> None:
        """Answer both services; the Host header tells them apart."""
        self.server.connections.add(self.client_address)
        if "oss-" in self.headers["Host"]:
            return self._oss("GET")
        url = urlsplit(self.path)
        params = dict(parse_qsl(url.query))
        if url.path == "/api/v1/models/Org/Model/repo/files" and params["Revision"] == "v1":
            return self._list()
        if url.path == "/api/v1/models/Org/Model/repo" and params["Revision"] == "v1":
            if self.server.redirect and self.headers["x-aliyun-region-id"] == "cn-test":
                return self._send(302, b"", Location=f"http://store.test/blob/{quote(params['FilePath'])}?signed=1")
            return self._file(params["FilePath"], {})
        if url.path.startswith("/blob/") and self.headers["Host"] == "store.test":
            return self._file(unquote(url.path.removeprefix("/blob/")), {})
        return self._send(404, b"{}")

    def do_HEAD(self) -> None:
        """Answer OSS."""
        self._oss("HEAD")

    def _list(self) -> None:
        files = [
            {"Path": name, "Size": len(data), "Sha256": hashlib.sha256(data).hexdigest(), "Type": "blob"}
            for name, data in self.server.listed.items()
        ]
        for file in files:
            if not self.server.sums:
                file["Sha256"] = ""
        files.append({"Path": "assets", "Size": 0, "Sha256": "", "Type": "tree"})
        self._send(200, json.dumps({"Code": 200, "Data": {"Files": files}}).encode())

    def _oss(self, method: str) -> None:
        url = urlsplit(self.path)
        if self.headers["Host"] != "bucket.oss-cn-test-internal.aliyuncs.com":
            return self._send(404, b"")
        if not oss4_right(method, self.path, {k.lower(): v for k, v in self.headers.items()}):
            return self._send(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>")
        if url.path == "/":
            return self._oss_list(dict(parse_qsl(url.query)))
        name = unquote(url.path[1:]).removeprefix(self.server.prefix)
        if name not in self.server.files:
            return self._send(404, b"")
        head = {"x-oss-hash-crc64ecma": str(crc64(self.server.files[name]))} if self.server.sums else {}
        if method == "HEAD":
            return self._send(200, b"", **head)
        return self._file(name, head)

    def _oss_list(self, params: dict[str, str]) -> None:
        names = sorted(name for name in self.server.files)
        start = int(params.get("continuation-token", 0))
        page = names[start : start + self.server.page]
        more = start + self.server.page < len(names)
        entries = "".join(
            f"<Contents><Key>{quote(self.server.prefix + n)}</Key><Size>{len(self.server.files[n])}</Size></Contents>"
            for n in page
        )
        token = f"<NextContinuationToken>{start + self.server.page}</NextContinuationToken>" if more else ""
        right = params["list-type"] == "2" and params.get("prefix", "") == self.server.prefix
        text = f"<ListBucketResult>{entries}<IsTruncated>{str(more).lower()}</IsTruncated>{token}</ListBucketResult>"
        self._send(200 if right else 400, text.encode())

    def _file(self, name: str, head: dict[str, str]) -> None:
        with self.server.lock:
            self.server.asked.append((name, self.headers.get("Range", "")))
            if self.server.busy[0] < len(self.server.asked) <= self.server.busy[1]:
                return self._send(503, b"")
        data = self.server.content(name)
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if not asked or not self.server.ranges:
            return self._send(200, data, cut=name, **head)
        start, end = int(asked[1]), min(int(asked[2]) + 1, len(data))
        if start >= end:
            return self._send(416, b"", **{"Content-Range": f"bytes */{len(data)}"})
        span = f"bytes {start}-{end - 1}/{len(data)}"
        return self._send(206, data[start:end], cut=name, **{"Content-Range": span}, **head)

    def _send(self, status: int, data: bytes, cut: str = "", **head: str) -> None:
        self.send_response(status)
        for name, value in {**head, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        limits = self.server.cut.get(cut, [])
        limit = limits.pop() if limits else len(data)
        begun = time.monotonic()
        for at in range(0, min(limit, len(data)), 65536):
            self.wfile.write(data[at : min(at + 65536, limit)])
            if self.server.bytes_per_second:
                time.sleep(max(0.0, begun + at / self.server.bytes_per_second - time.monotonic()))
        if limit < len(data):
            self.close_connection = True


def oss4_right(method: str, target: str, head: dict[str, str], token: str | None = STS) -> bool:
    """Return whether *head* signs the request by OSS4-HMAC-SHA256 with the credentials, a role's have a *token*."""
    shape = r"OSS4-HMAC-SHA256 Credential=([^/]*)/(\d{8})/cn-test/oss/aliyun_v4_request,Signature=([0-9a-f]{64})"
    match = re.fullmatch(shape, head.get("authorization", ""))
    date = head.get("x-oss-date", "")
    if not match or match[1] != ID or match[2] != date[:8] or head.get("x-oss-security-token") != token:
        return False
    url = urlsplit(target)
    pairs = sorted(parse_qsl(url.query, keep_blank_values=True))
    query = "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" if v else quote(k) for k, v in pairs)
    signed = [name for name in sorted(head) if name.startswith("x-oss-") or name in ("content-md5", "content-type")]
    own = "".join(f"{name}:{head[name]}\n" for name in signed)
    canonical = f"{method}\n/bucket{quote(unquote(url.path), safe='/-_.~')}\n{query}\n{own}\n\nUNSIGNED-PAYLOAD"
    scope = f"{match[2]}/cn-test/oss/aliyun_v4_request"
    text = f"OSS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"aliyun_v4{SECRET}".encode()
    for word in scope.split("/"):
        key = hmac.digest(key, word.encode(), "sha256")
    return hmac.new(key, text.encode(), "sha256").hexdigest() == match[3]


def crc64(data: bytes) -> int:
    """Return CRC-64 with the reflected ECMA-182 polynomial, bit by bit."""
    value = 0xFFFFFFFFFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xC96C5795D7870F42 if value & 1 else 0)
    return value ^ 0xFFFFFFFFFFFFFFFF
