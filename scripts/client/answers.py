"""Read what an endpoint answers: streams, model lists, errors; and say so when it is something else."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Literal, NamedTuple

import httpx

from scripts.client.target import ClientError


class Piece(NamedTuple):
    """What one event adds: some answer, some reasoning, or the end of the stream."""

    kind: Literal["answer", "reasoning", "done"]
    text: str


def batches(reads: Iterable[bytes]) -> Iterator[list[Piece]]:
    """
    Return the pieces of each network read that completes at least one, so that a buffered stream shows.

    Raises:
        ClientError: The engine reports an error in the middle, or sends something that is no event.
    """
    rest = b""
    for read in reads:
        *lines, rest = (rest + read).split(b"\n")
        events = [line.removeprefix(b"data:").strip() for line in lines if line.startswith(b"data:")]
        pieces = [piece for event in events for piece in _pieces(event.decode(errors="replace"))]
        if pieces:
            yield pieces


def _pieces(data: str) -> list[Piece]:
    if data == "[DONE]":
        return [Piece("done", "")]
    try:
        event = json.loads(data)
    except ValueError:
        event = None
    if not isinstance(event, dict):
        raise ClientError(f"The stream holds something that is no event: {data[:80]!r}.")
    if "error" in event:
        raise ClientError(f"The engine stopped: {message_of(event)}")
    return [piece for choice in event.get("choices", []) for piece in _texts(choice.get("delta") or {})]


def _texts(delta: dict[str, Any]) -> list[Piece]:
    pieces = [Piece("reasoning", reasoning_of(delta)), Piece("answer", delta.get("content") or "")]
    return [piece for piece in pieces if piece.text]


def reasoning_of(message: dict[str, Any]) -> str:
    """Return the reasoning in *message*, under the name vLLM or the one SGLang gives it."""
    return message.get("reasoning") or message.get("reasoning_content") or ""


def message_of(body: object) -> str:
    """Return the message in an OpenAI error *body*, or the start of whatever it is."""
    error = body.get("error") if isinstance(body, dict) else None
    return str(error["message"] if isinstance(error, dict) and "message" in error else error or body)[:300]


def parsed(answer: httpx.Response) -> object:
    """Return the body of *answer*: decoded JSON, or its text."""
    try:
        return answer.json()
    except ValueError:
        return answer.text


def model_names(answer: httpx.Response) -> list[str]:
    """
    Return the names in a model list, never none.

    Raises:
        ClientError: It is no model list, or an empty one.
    """
    body = parsed(answer)
    if not isinstance(body, dict) or not isinstance(body.get("data"), list):
        raise ClientError(f"The answer is no model list: {message_of(body)}")
    if not body["data"]:
        raise ClientError("The model list is empty.")
    return [str(row["id"]) for row in body["data"]]
