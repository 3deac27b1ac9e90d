"""The Responses API, as little of it as a client needs to get an answer and to fetch it again."""

import json
import time
from typing import Any

from scripts.localcloud.machines.engine.generate import Engine, RefusedError
from scripts.localcloud.machines.engine.http import Answer, as_json


class Responses:
    """Answers of this process, kept so that they can be fetched by id."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kept: dict[str, dict[str, Any]] = {}

    async def create(self, body: dict[str, Any]) -> Answer:
        """Answer one request."""
        asked = body.get("input")
        if not asked:
            raise RefusedError(400, "input: Field required", "input")
        content = asked if isinstance(asked, str) else json.dumps(asked)
        inner = {"model": body.get("model"), "messages": [{"role": "user", "content": content}]}
        limit = body.get("max_output_tokens")
        answer = await self._engine.chat(inner | ({"max_tokens": limit} if limit else {}))
        done = json.loads(answer.body)
        said = done["choices"][0]["message"]["content"]
        value = {
            "id": f"resp_{len(self._kept):08x}",
            "object": "response",
            "created_at": int(time.time()),
            "status": "completed",
            "model": done["model"],
            "output": [
                {
                    "id": "msg_0",
                    "type": "message",
                    "role": "assistant",
                    "status": "completed",
                    "content": [{"type": "output_text", "text": said, "annotations": []}],
                }
            ],
            "usage": {
                "input_tokens": done["usage"]["prompt_tokens"],
                "output_tokens": done["usage"]["completion_tokens"],
                "total_tokens": done["usage"]["total_tokens"],
            },
        }
        self._kept[str(value["id"])] = value
        return as_json(200, value)

    def fetch(self, response_id: str) -> Answer:
        """Return an earlier answer."""
        if response_id not in self._kept:
            raise RefusedError(404, f"Response with id '{response_id}' not found.", "response_id")
        return as_json(200, self._kept[response_id])
