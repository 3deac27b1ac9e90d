"""An engine, or with a key its gate: what it answers is a field of it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

METRICS = """# HELP vllm:num_requests_running Number of requests
vllm:num_requests_running{{engine="0",model_name="a b"}} {requests}.0
vllm:num_requests_waiting{{engine="0",model_name="a b"}} 0.0
vllm:prompt_tokens_total{{engine="0",model_name="a b"}} {tokens}.0
vllm:generation_tokens_total{{engine="0",model_name="a b"}} 1.5e+06
"""


class FakeEngine(ThreadingHTTPServer):
    """Completes with *status* and *text*, or is *silent*; asks for *key*, unless it is *open*; shows *metrics*."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.text = 200, '{"choices": [{"text": "2"}]}'
        self.key = ""
        self.open = False
        self.metrics: list[str] = []
        self.asked: list[object] = []
        self._speaks = threading.Event()
        self._speaks.set()

    @property
    def silent(self) -> bool:
        """Whether it gives no answer."""
        return not self._speaks.is_set()

    @silent.setter
    def silent(self, value: bool) -> None:
        (self._speaks.clear if value else self._speaks.set)()

    def wait(self) -> None:
        """Return once it is not silent."""
        self._speaks.wait()

    def handle_error(self, *_: object) -> None:
        """Stay quiet when a client hangs up, which these tests want."""

    def shutdown(self) -> None:
        """Let go whom it kept waiting, and end."""
        self.silent = False
        super().shutdown()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: FakeEngine

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def do_GET(self) -> None:
        """Show the next of the metrics, the last of them from then on."""
        metrics = self.server.metrics
        text = metrics.pop(0) if len(metrics) > 1 else "".join(metrics)
        self._send(200 if text and self.path == "/metrics" else 404, text)

    def do_POST(self) -> None:
        """Complete."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.key and self.headers["Authorization"] != f"Bearer {self.server.key}" and not self.server.open:
            return self._send(401, "{}")
        self.server.asked.append(asked)
        self.server.wait()
        right = self.path == "/v1/completions" and asked == {"model": "org/m", "prompt": "1", "max_tokens": 1}
        return self._send(self.server.status, self.server.text) if right else self._send(400, "not what was meant")

    def _send(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())
