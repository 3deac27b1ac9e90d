"""What both engines' servers share: find the route, check the key, turn refusals into answers."""

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

from scripts.localcloud.machines.engine.generate import Engine, RefusedError, refused, tokens_of
from scripts.localcloud.machines.engine.http import Answer, Request, as_json, text

Endpoint = Callable[[Request], Awaitable[Answer]]
PAGE = "<!doctype html><title>API</title>"


class App:
    """Routes with their endpoints, behind a rule that says which paths need a key."""

    def __init__(self, engine: Engine, keys: list[str], guarded: Callable[[str], bool]) -> None:
        self.engine = engine
        self._keys = keys
        self._guarded = guarded
        self._endpoints: dict[tuple[str, str], Endpoint] = {}

    def add(self, method: str, path: str, endpoint: Endpoint) -> None:
        """Answer *method* on *path* with *endpoint*."""
        self._endpoints[method, path] = endpoint

    async def answer(self, request: Request) -> Answer:
        """Return the answer to one request."""
        if self._keys and request.method != "OPTIONS" and self._guarded(request.path) and not self._admitted(request):
            return as_json(401, {"error": "Unauthorized"})
        endpoint = self._endpoints.get((request.method, request.path)) or self._by_prefix(request)
        if endpoint is None:
            known = any(path == request.path for _, path in self._endpoints)
            return as_json(405 if known else 404, {"detail": "Method Not Allowed" if known else "Not Found"})
        try:
            return await endpoint(request)
        except RefusedError as problem:
            return refused(problem)
        except ValueError as problem:
            return refused(RefusedError(400, f"Invalid JSON: {problem}"))

    def _by_prefix(self, request: Request) -> Endpoint | None:
        """Return the endpoint of the longest ``/path/*`` that fits."""
        fitting = [
            path
            for method, path in self._endpoints
            if method == request.method and path.endswith("/*") and request.path.startswith(path[:-1])
        ]
        return self._endpoints[request.method, max(fitting, key=len)] if fitting else None

    def _admitted(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        return scheme == "Bearer" and any(hmac.compare_digest(given.encode(), key.encode()) for key in self._keys)


def constant(value: Any) -> Endpoint:  # noqa: ANN401 - any JSON
    """Return an endpoint that always answers *value*."""

    async def endpoint(_request: Request) -> Answer:
        return as_json(200, value)

    return endpoint


def empty(status: int = 200) -> Endpoint:
    """Return an endpoint with an empty answer."""

    async def endpoint(_request: Request) -> Answer:
        return Answer(status)

    return endpoint


def page() -> Endpoint:
    """Return an endpoint with a page for people."""

    async def endpoint(_request: Request) -> Answer:
        return text(200, PAGE, "text/html; charset=utf-8")

    return endpoint


async def tokenize(request: Request) -> Answer:
    """Answer a tokenize call."""
    words = tokens_of(str(request.json().get("prompt", "")))
    return as_json(200, {"count": len(words), "tokens": list(range(len(words)))})


async def detokenize(request: Request) -> Answer:
    """Answer a detokenize call."""
    return as_json(200, {"prompt": " ".join(map(str, request.json().get("tokens", [])))})
