"""The metadata service (IMDSv2 only) and OOS, on one port, checking signatures with code of their own."""

import hashlib
import hmac
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

ROLE = "llm-role"
ID, SECRET, STS = "STS.test-id", "test-secret", "test-sts+/=token"
TOKEN = "metadata-token"  # noqa: S105  not a secret
METADATA = "/latest/meta-data/ram/security-credentials/"


class FakeCloud(ThreadingHTTPServer):
    """Settings of a test: *parameters* of OOS, whether there is a *role*, whether it is *allowed* to read."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.parameters: dict[str, str] = {}
        self.role = True
        self.allowed = True
        self.broken = 0
        self.expiration = "2099-01-01T00:00:00Z"
        self.credentials_given = 0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeCloud

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def do_PUT(self) -> None:
        """Give a metadata token."""
        asked = self.headers.get("X-aliyun-ecs-metadata-token-ttl-seconds", "")
        self._send(200 if self.path == "/latest/api/token" and 1 <= int(asked or 0) <= 21600 else 400, TOKEN)

    def do_GET(self) -> None:
        """Answer as metadata does when the token is required."""
        if self.headers.get("X-aliyun-ecs-metadata-token") != TOKEN:
            self._send(403, "token required")
        elif not self.server.role:
            self._send(404, "<html>404 - Not Found</html>")
        elif self.path == METADATA:
            self._send(200, ROLE)
        elif self.path == METADATA + ROLE:
            self.server.credentials_given += 1
            words = {"AccessKeyId": ID, "AccessKeySecret": SECRET, "SecurityToken": STS, "Code": "Success"}
            self._send(200, json.dumps({**words, "Expiration": self.server.expiration}))
        else:
            self._send(404, "")

    def do_POST(self) -> None:
        """Answer as OOS."""
        params = dict(parse_qsl(urlsplit(self.path).query, strict_parsing=True))
        if self.server.broken:
            self.server.broken -= 1
            self._send(503, "busy")
        elif fault := acs3_fault(self.path, {k.lower(): v for k, v in self.headers.items()}):
            self._refuse(400, "SignatureDoesNotMatch", fault)
        elif self.headers["Host"] != "oos-vpc.cn-test.aliyuncs.com" or params["RegionId"] != "cn-test":
            self._refuse(404, "InvalidRegion", self.headers["Host"])
        elif not self.server.allowed:
            self._refuse(403, "NoPermission", "not authorized")
        elif params["Name"] not in self.server.parameters:
            self._refuse(404, "EntityNotExists.Parameter", "no such parameter")
        else:
            value = self.server.parameters[params["Name"]] if params.get("WithDecryption") == "true" else ""
            self._send(200, json.dumps({"Parameter": {"Name": params["Name"], "Value": value}}))

    def _refuse(self, status: int, code: str, message: str) -> None:
        self._send(status, json.dumps({"Code": code, "Message": message, "RequestId": "1"}))

    def _send(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())


def acs3_fault(target: str, head: dict[str, str]) -> str:
    """Return what is wrong with a POST without body signed by ACS3-HMAC-SHA256, or nothing."""
    shape = r"ACS3-HMAC-SHA256 Credential=([^,]*),SignedHeaders=([^,]*),Signature=([0-9a-f]{64})"
    match = re.fullmatch(shape, head.get("authorization", ""))
    if not match or match[1] != ID:
        return "authorization"
    signed = match[2].split(";")
    needed = {"host", "x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"}
    if lacking := (needed | {"x-acs-security-token"}) - set(signed):
        return f"not signed: {lacking}"
    if signed != sorted(signed) or head["x-acs-security-token"] != STS or head.get("content-length") != "0":
        return "headers"
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    pairs = sorted(parse_qsl(urlsplit(target).query, keep_blank_values=True))
    canonical_query = "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in pairs)
    canonical = [
        "POST",
        "/",
        canonical_query,
        *[f"{name}:{head[name].strip()}" for name in signed],
        "",
        match[2],
        empty,
    ]
    text = "ACS3-HMAC-SHA256\n" + hashlib.sha256("\n".join(canonical).encode()).hexdigest()
    right = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
    return "" if right == match[3] else "signature"


@contextmanager
def serving(server: Any) -> Iterator[Any]:  # noqa: ANN401  any server of these tests
    """Run *server* on a thread of its own until the end of the block."""
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
