"""Completions without a model: an answer that depends on the question only, word by word."""

import asyncio
import json
import re
import time
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from scripts.localcloud.machines.engine import faults
from scripts.localcloud.machines.engine.http import Answer, as_json
from scripts.localcloud.machines.engine.lines import LostError
from scripts.localcloud.machines.engine.nodes import Alone

TOKEN_SECONDS = 0.004
"""Time between two tokens."""

FAULT_SECONDS = 0.05
"""How often a stuck engine looks whether it still is."""

DEFAULT_TOKENS = 16
"""max_tokens of a text completion that names none. Source: the OpenAI API."""

DEAD = "EngineCore encountered an issue. See stack trace (above) for the root cause."


class RefusedError(Exception):
    """The request is refused with *status* and the engine's words."""

    def __init__(self, status: int, message: str, parameter: str | None = None) -> None:
        super().__init__(message)
        self.status, self.parameter = status, parameter


def refused(problem: RefusedError) -> Answer:
    """Return the answer for a refusal, in the form of the OpenAI API."""
    kinds = {400: "BadRequestError", 404: "NotFoundError", 500: "InternalServerError"}
    error = {"message": str(problem), "type": kinds[problem.status], "param": problem.parameter, "code": problem.status}
    return as_json(problem.status, {"error": error})


def tokens_of(content: str) -> list[str]:
    """Return *content* cut into the stand-in's tokens: words with the space before them."""
    return re.findall(r"\s*\S+", content)


@dataclass
class Counters:
    """What /metrics shows."""

    running: int = 0
    waiting: int = 0
    prompt_tokens: int = 0
    generated_tokens: int = 0


@dataclass
class Engine:
    """The served model; *length* is the longest context in tokens."""

    names: list[str]
    length: int
    check_names: bool = True
    tools: bool = False
    reasoning_field: str = "reasoning"
    nodes: Alone = field(default_factory=Alone)
    counters: Counters = field(default_factory=Counters)

    async def chat(self, body: dict[str, Any]) -> Answer:
        """Answer a chat completion."""
        messages = body.get("messages")
        if not isinstance(messages, list) or not messages:
            raise RefusedError(400, "messages: Field required", "messages")
        if body.get("tools") and body.get("tool_choice", "auto") == "auto" and not self.tools:
            raise RefusedError(
                400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'
            )
        prompt = "\n".join(_content(message) for message in messages)
        limit = body.get("max_completion_tokens") or body.get("max_tokens")
        return await self._complete(Completion(self, body, "chat.completion", prompt, limit))

    async def text(self, body: dict[str, Any]) -> Answer:
        """Answer a text completion."""
        prompt = body.get("prompt")
        if not isinstance(prompt, str | list):
            raise RefusedError(400, "prompt: Field required", "prompt")
        limit = body.get("max_tokens", DEFAULT_TOKENS)
        return await self._complete(Completion(self, body, "text_completion", str(prompt), limit))

    def check_model(self, name: object) -> str:
        """Return the served name that *name* means."""
        if name is None:
            return self.names[0]
        if self.check_names and name not in self.names:
            raise RefusedError(404, f"The model `{name}` does not exist.", "model")
        return str(name)

    async def _complete(self, completion: "Completion") -> Answer:
        completion.check()
        try:
            await self.nodes.step()
        except LostError:
            raise RefusedError(500, DEAD) from None
        if completion.body.get("stream"):
            return Answer(200, kind="text/event-stream; charset=utf-8", stream=completion.events())
        return as_json(200, await completion.whole())


def _content(message: dict[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, list):
        return " ".join(part.get("text", "") for part in content)
    return str(content)


async def _while_stuck() -> None:
    while faults.current().get("engine_stuck"):  # noqa: ASYNC110 - the fault is a file that another process writes
        await asyncio.sleep(FAULT_SECONDS)


class Completion:
    """One completion under way."""

    def __init__(self, engine: Engine, body: dict[str, Any], kind: str, prompt: str, limit: int | None) -> None:
        self._engine = engine
        self.body = body
        self._kind = kind
        self._prompt = tokens_of(prompt)
        self._limit = limit
        self._name = ""
        self._id = f"{'chatcmpl' if kind.startswith('chat') else 'cmpl'}-{zlib.crc32(prompt.encode()):08x}"

    def check(self) -> None:
        """
        Check model and lengths.

        Raises:
            RefusedError: The engine would answer 400 or 404.
        """
        self._name = self._engine.check_model(self.body.get("model"))
        room = self._engine.length - len(self._prompt)
        wanted = self._limit if self._limit is not None else room
        if not isinstance(wanted, int) or wanted < 1:
            raise RefusedError(400, f"max_tokens must be at least 1, got {wanted}.", "max_tokens")
        if wanted > room:
            raise RefusedError(
                400,
                f"'max_tokens' or 'max_completion_tokens' is too large: {wanted}. This model's maximum context length "
                f"is {self._engine.length} tokens and your request has {len(self._prompt)} input tokens.",
                "max_tokens",
            )
        words = tokens_of(
            f"You said: {''.join(self._prompt).strip()} - and this is the stand-in engine of a local cloud."
        )
        self._answer = words[:wanted]
        self._finish = "length" if len(words) > wanted else "stop"

    async def _tokens(self) -> AsyncIterator[str]:
        """Yield the answer as fast as the engine is; counts what runs, waits and was made."""
        counters = self._engine.counters
        counters.running += 1
        try:
            counters.prompt_tokens += len(self._prompt)
            await _while_stuck()
            await asyncio.sleep(float(faults.current().get("engine_slow_seconds", 0)))
            for token in self._answer:
                await asyncio.sleep(TOKEN_SECONDS)
                counters.generated_tokens += 1
                yield token
        finally:
            counters.running -= 1

    def _usage(self) -> dict[str, int]:
        prompt, made = len(self._prompt), len(self._answer)
        return {"prompt_tokens": prompt, "total_tokens": prompt + made, "completion_tokens": made}

    def _frame(self, choices: list[dict[str, Any]], kind: str) -> dict[str, Any]:
        return {"id": self._id, "object": kind, "created": int(time.time()), "model": self._name, "choices": choices}

    async def whole(self) -> dict[str, Any]:
        """Return the answer in one piece."""
        content = "".join([token async for token in self._tokens()])
        choice: dict[str, Any] = {"index": 0, "logprobs": None, "finish_reason": self._finish}
        if self._kind == "chat.completion":
            empty: dict[str, Any] = {"tool_calls": [], self._engine.reasoning_field: None}
            choice["message"] = {"role": "assistant", "content": content} | empty
        else:
            choice["text"] = content
        return self._frame([choice], self._kind) | {"usage": self._usage()}

    async def events(self) -> AsyncIterator[bytes]:
        """Yield the answer as server-sent events."""
        chat = self._kind == "chat.completion"
        kind = "chat.completion.chunk" if chat else self._kind
        if chat:
            first = {"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}
            yield _event(self._frame([first], kind))
        async for token in self._tokens():
            piece: dict[str, Any] = {"index": 0, "finish_reason": None, "logprobs": None}
            piece |= {"delta": {"content": token}} if chat else {"text": token}
            yield _event(self._frame([piece], kind))
        last: dict[str, Any] = {"index": 0, "finish_reason": self._finish, "logprobs": None}
        last |= {"delta": dict[str, str]()} if chat else {"text": ""}
        yield _event(self._frame([last], kind))
        if (self.body.get("stream_options") or {}).get("include_usage"):
            yield _event(self._frame([], kind) | {"usage": self._usage()})
        yield b"data: [DONE]\n\n"


def _event(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"
