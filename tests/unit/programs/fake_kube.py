"""The Kubernetes API, as far as the jobs read it, and the objects they find there."""

import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Manifest = dict[str, Any]

TOKEN = "account-token"  # noqa: S105 - not a secret
DEPLOYMENT = "/apis/apps/v1/namespaces/llm/deployments/r1"
GROUPS = "/apis/leaderworkerset.x-k8s.io/v1/namespaces/llm/leaderworkersets/r1"
LOAD = "/apis/data.fluid.io/v1alpha1/namespaces/llm/dataloads/r1-weights"
DATASET = "/apis/data.fluid.io/v1alpha1/namespaces/llm/datasets/r1-weights"


class FakeKube(ThreadingHTTPServer):
    """
    Holds *objects* by path, *pods*, *events*, and *logs* by pod, container and whether of the run before.

    *forbidden* paths answer 403, *busy* requests 503; *looks* are called one by one before lists of pods are answered.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, Manifest] = {}
        self.pods: list[Manifest] = []
        self.events: list[Manifest] = []
        self.logs: dict[tuple[str, str, bool], str] = {}
        self.forbidden: set[str] = set()
        self.busy = 0
        self.looks: list[list[Manifest]] = []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: FakeKube

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def do_GET(self) -> None:
        """Answer as the API server does."""
        url, server = urlsplit(self.path), self.server
        params = dict(parse_qsl(url.query))
        if (self.headers["Host"], self.headers["Authorization"]) != ("kubernetes.default.svc", f"Bearer {TOKEN}"):
            return self._send(401, _status("Unauthorized"))
        if server.busy:
            server.busy -= 1
            return self._send(503, _status("the server is busy"))
        if url.path in server.forbidden:
            return self._send(403, _status(f'User "watch" cannot get "{url.path}"'))
        if url.path == "/api/v1/namespaces/llm/pods":
            server.pods = server.looks.pop(0) if server.looks else server.pods
            found = [pod for pod in server.pods if _selected(pod, params["labelSelector"])]
            return self._send(200, json.dumps({"kind": "PodList", "items": found}))
        if log := re.fullmatch("/api/v1/namespaces/llm/pods/(.*)/log", url.path):
            return self._log(log[1], params)
        events = {"/api/v1/namespaces/llm/events": {"kind": "EventList", "items": server.events}}
        found_object = (events | server.objects).get(url.path)
        return self._send(200, json.dumps(found_object)) if found_object else self._send(404, _status("not found"))

    def _log(self, name: str, params: dict[str, str]) -> None:
        text = self.server.logs.get((name, params["container"], params["previous"] == "true"), "")
        lines = text.splitlines(keepends=True)[-int(params["tailLines"]) :]
        self._send(200, "".join(lines)) if lines else self._send(400, _status("terminated container not found"))

    def _send(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())


def _status(message: str) -> str:
    return json.dumps({"kind": "Status", "status": "Failure", "message": message})


def _selected(pod: Manifest, selector: str) -> bool:
    own = pod["metadata"]["labels"]
    return all(own.get(label) == value for label, _, value in (term.partition("=") for term in selector.split(",")))


def warning(about: str, message: str, minute: int = 0) -> Manifest:
    """Return what the cluster complains of."""
    return {
        "type": "Warning",
        "involvedObject": {"name": about},
        "message": message,
        "lastTimestamp": f"2026-11-21T10:{minute:02}:00Z",
    }


def container(name: str = "engine", *, ready: bool = False, restarts: int = 0, **states: Manifest) -> Manifest:
    """Return a container's status; *states* are its `state`, in one word its kind, and its `lastState`."""
    last = {"lastState": {"terminated": states.pop("last")}} if "last" in states else {}
    state = states or {"running": {"startedAt": "2026-11-21T10:00:00Z"}}
    return {"name": name, "ready": ready, "restartCount": restarts, "state": state, **last}


def pod(name: str, *containers: Manifest, created: int = 0, **changes: Manifest) -> Manifest:
    """Return a pod with *containers*; *changes* are of its metadata, labels or status."""
    labels = {"app.kubernetes.io/name": "r1", "app.kubernetes.io/component": "engine"}
    return {
        "metadata": {
            "name": name,
            "uid": f"uid of {name} made at {created}",
            "creationTimestamp": f"2026-11-21T10:00:{created:02}Z",
            "labels": {**labels, **changes.pop("labels", {})},
            **changes.pop("metadata", {}),
        },
        "status": {"phase": "Pending", "containerStatuses": list(containers), **changes.pop("status", {})},
    }
