"""What an endpoint must do and must refuse; each check is a function that returns what it saw or raises CheckError."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import httpx

from scripts.client.answers import batches, message_of, model_names, parsed, reasoning_of
from scripts.client.target import ClientError, Target, explain

OK, UNAUTHORIZED, NOT_FOUND = 200, 401, 404
WRONG_KEY = "not-the-key-of-this-endpoint"
COMPLETION_TOKENS, STREAM_TOKENS = 16, 96
SPREAD = 0.1
"""The part of a stream's time that must lie between its first and its last piece, unless they come one by one."""
CLOSED = (
    ("POST", "/invocations"),
    ("POST", "/tokenize"),
    ("POST", "/detokenize"),
    ("POST", "/generate"),
    ("POST", "/pause"),
    ("POST", "/sleep"),
    ("GET", "/metrics"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("GET", "/server_info"),
)
"""Routes of the engines that nobody outside may reach, with the key or without it."""


class CheckError(Exception):
    """What a check saw instead of what it expected."""


@dataclass(frozen=True)
class Result:
    """One line of the report."""

    name: str
    passed: bool
    detail: str
    seconds: float


@dataclass
class Probe:
    """The endpoint under test, and the model name once it is known."""

    target: Target
    client: httpx.Client

    def ask(self, method: str, path: str, headers: dict[str, str], body: object = None) -> httpx.Response:
        """Send one request and return its answer, whatever its status."""
        return self.client.request(method, self.target.url(path), headers=headers, json=body)

    def chat(self, text: str, tokens: int, **more: object) -> dict[str, object]:
        """Return a chat request of one user message, as JSON; *tokens* bounds the answer."""
        if self.target.model is None:
            raise CheckError("no model name, because the model list gave none. Give --model.")
        messages = [{"role": "user", "content": text}]
        return {"model": self.target.model, "messages": messages, "max_tokens": tokens, **more}


def run(target: Target) -> Iterator[Result]:
    """
    Run every check against *target*, each one even when others failed.

    Raises:
        ClientError: There is nothing to talk to.
    """
    with target.client() as client:
        probe = Probe(target, client)
        for name, check in CHECKS.items():
            start = time.perf_counter()
            passed, detail = _outcome(check, probe)
            yield Result(name, passed, detail.replace(target.key, "***"), time.perf_counter() - start)


def _outcome(check: Callable[[Probe], str], probe: Probe) -> tuple[bool, str]:
    try:
        return True, check(probe)
    except (CheckError, ClientError) as failure:
        return False, str(failure)
    except httpx.ConnectError as error:
        raise ClientError(explain(error, probe.target.endpoint)) from error
    except httpx.HTTPError as error:
        return False, explain(error, probe.target.endpoint)


def health(probe: Probe) -> str:
    """Expect health to be open without the key."""
    return f"{_expect(OK, probe.ask('GET', '/health', {})).status_code} without the key"


def models(probe: Probe) -> str:
    """Expect the model in the list; without a name given, take the first one from here on."""
    names = model_names(_expect(OK, probe.ask("GET", "/v1/models", probe.target.headers)))
    if probe.target.model is None:
        probe.target = replace(probe.target, model=names[0])
    if probe.target.model not in names:
        raise CheckError(f"{probe.target.model!r} is not served; served: {', '.join(names)}.")
    return ", ".join(names)


def completion(probe: Probe) -> str:
    """Expect text in a short chat completion."""
    request = probe.chat("Say hello.", COMPLETION_TOKENS)
    answer = parsed(_expect(OK, probe.ask("POST", "/v1/chat/completions", probe.target.headers, request)))
    if not isinstance(answer, dict):
        raise CheckError(f"200, but the answer is no JSON object: {_said(answer)}")
    message = (answer.get("choices") or [{}])[0].get("message", {})
    if not (message.get("content") or reasoning_of(message)):
        raise CheckError("200, but no text in the answer.")
    return f"{answer.get('usage', {}).get('completion_tokens', '?')} tokens"


def stream(probe: Probe) -> str:
    """Expect a streamed completion to arrive while it is made, not all at its end."""
    request = probe.chat("Count from one to fifty in words.", STREAM_TOKENS, stream=True)
    start, arrivals, pieces, kind = time.perf_counter(), [], 0, ""
    with probe.client.stream(
        "POST", probe.target.url("/v1/chat/completions"), headers=probe.target.headers, json=request
    ) as response:
        if response.status_code != OK:
            response.read()
        for batch in batches(_expect(OK, response).iter_bytes()):
            kind = batch[-1].kind
            texts = sum(piece.kind != "done" for piece in batch)
            pieces += texts
            arrivals += [time.perf_counter() - start] if texts else []
    if kind != "done" or not arrivals:
        raise CheckError(f"the stream broke off after {pieces} chunks, without its [DONE].")
    return _unbuffered(arrivals, pieces)


def _unbuffered(arrivals: list[float], pieces: int) -> str:
    first, last = arrivals[0], arrivals[-1]
    seen = (
        f"{pieces} chunks in {len(arrivals)} reads, first after {first * 1000:.0f} ms, last after {last * 1000:.0f} ms"
    )
    if len(arrivals) * 2 < pieces and last - first < SPREAD * last:
        raise CheckError(f"buffered: {seen}. Something between here and the engine collects the answer.")
    if pieces == 1:
        raise CheckError("the whole answer came as 1 chunk, so this is no stream.")
    return seen


def without_key(probe: Probe) -> str:
    """Expect that nobody gets in without a key."""
    return _refused(probe, {})


def wrong_key(probe: Probe) -> str:
    """Expect that nobody gets in with another key."""
    return _refused(probe, {"Authorization": f"Bearer {WRONG_KEY}"})


def _refused(probe: Probe, headers: dict[str, str]) -> str:
    request = probe.chat("Say hello.", 1)
    for method, path, body in (("GET", "/v1/models", None), ("POST", "/v1/chat/completions", request)):
        _expect(UNAUTHORIZED, probe.ask(method, path, headers, body), f"{method} {path} ")
    return "401 for the model list and for a completion"


def closed_routes(probe: Probe) -> str:
    """Expect whatever else an engine offers to stay inside, even for who has the key."""
    seen = {path: probe.ask(method, path, probe.target.headers, _body(method)) for method, path in CLOSED}
    wrong = [f"{path} {answer.status_code}" for path, answer in seen.items() if answer.status_code != NOT_FOUND]
    if wrong:
        raise CheckError(f"expected 404, got {', '.join(wrong)}. The gate's allow-list does not hold.")
    return f"404 for {', '.join(seen)}"


CHECKS = {
    "health": health,
    "model list": models,
    "completion": completion,
    "stream": stream,
    "no key": without_key,
    "wrong key": wrong_key,
    "closed routes": closed_routes,
}
"""In the order a person reads them: does it live, does it answer, is it shut."""


def _body(method: str) -> object:
    return {} if method == "POST" else None


def _expect(status: int, answer: httpx.Response, what: str = "") -> httpx.Response:
    if answer.status_code != status:
        raise CheckError(f"{what}expected {status}, got {answer.status_code}: {_said(parsed(answer))}")
    return answer


def _said(body: object) -> str:
    return " ".join(message_of(body).split()) or "an empty body"
