"""The vendor's APIs on loopback, for the tests of what calls them; it checks signatures by the published recipe."""

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, quote, urlsplit

from scripts.openapi.client import PRODUCTS

KEY_ID = "key-id-of-a-test"
SECRET = "secret-sentinel-5d2c"  # noqa: S105 found in an output, it is a leak
TOKEN = "token-sentinel-77e1"  # noqa: S105 the same

Parameters = dict[str, str]
Answer = Mapping[str, Any]


def refusal(code: str, message: str = "no", status: int = 400) -> dict[str, Any]:
    """Return the answer that says no."""
    return {"Code": code, "Message": message, "RequestId": "request-1", "status": status}


@dataclass
class FakeOpenApi:
    """What it answers to each action; ``with`` starts and stops it."""

    answers: Mapping[str, Answer | list[Answer] | Callable[[Parameters], Any]]
    """By action, or ``product:action`` where two APIs share a name; a list is answered one by one."""
    secret: str = SECRET
    body: bytes | None = None
    """What is answered instead, whatever it is."""
    requests: list[tuple[str, Parameters]] = field(default_factory=list)
    """The actions asked for, with their parameters."""

    def __enter__(self) -> Self:
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead every product here, and the credentials it takes."""
        url = f"http://127.0.0.1:{self._server.server_port}"
        hosts = {f"ALIBABA_CLOUD_ENDPOINT_{product.upper()}": url for product in PRODUCTS}
        return hosts | {"ALIBABA_CLOUD_ACCESS_KEY_ID": KEY_ID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": self.secret}

    def answer(self, version: str, action: str, parameters: Parameters) -> Answer:
        """Return what *action* of the API with *version* comes to."""
        self.requests.append((action, parameters))
        product = next(name for name, row in PRODUCTS.items() if row["version"] == version)
        found = self.answers.get(f"{product}:{action}", self.answers.get(action))
        if found is None:
            return refusal("InvalidAction.NotFound", f"Specified api is not found: {product} {action}", 404)
        if isinstance(found, list):
            return found[min(sum(asked == action for asked, _ in self.requests), len(found)) - 1]
        return found(parameters) if callable(found) else found


def _xml(name: str, answer: Answer) -> bytes:
    inner = "".join(f"<{key}>{value}</{key}>" for key, value in answer.items())
    return f'<?xml version="1.0" encoding="UTF-8"?><{name}>{inner}</{name}>'.encode()


class _Server(ThreadingHTTPServer):
    def __init__(self, fake: FakeOpenApi) -> None:
        self.fake = fake
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        fake = self.server.fake
        if self.headers["Authorization"].startswith("OSS4-HMAC-SHA256 "):
            answer = fake.answer(PRODUCTS["oss"]["version"], "ListBuckets", {})
            self._send(answer, _xml("Error" if "Code" in answer else "ListAllMyBucketsResult", answer))
            return
        query = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        form = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parameters = query | dict(parse_qsl(form.decode(), keep_blank_values=True))
        if self._signature(query, form) not in self.headers["Authorization"]:
            answer = refusal("SignatureDoesNotMatch", f"string to sign of {KEY_ID}")
        else:
            answer = fake.answer(self.headers["x-acs-version"], self.headers["x-acs-action"], parameters)
        body = fake.body if fake.body is not None else json.dumps(answer).encode()
        self._send(answer, body)

    def _send(self, answer: Answer, body: bytes) -> None:
        self.send_response(answer["status"] if "Code" in answer else 200)
        self.send_header("Content-Type", "application/xml" if body.startswith(b"<?xml") else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _signature(self, query: Parameters, form: bytes) -> str:
        """
        Return the signature this request has to carry.

        Source: https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature,
        2026-11-21.
        """
        names = self.headers["Authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
        spelled = "&".join(f"{quote(name, '-_.~')}={quote(query[name], '-_.~')}" for name in sorted(query))
        headers = "".join(f"{name}:{self.headers[name].strip()}\n" for name in names)
        path = urlsplit(self.path).path
        lines = (self.command, path, spelled, headers, ";".join(names), hashlib.sha256(form).hexdigest())
        digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        secret = self.server.fake.secret.encode()
        return hmac.new(secret, f"ACS3-HMAC-SHA256\n{digest}".encode(), hashlib.sha256).hexdigest()
