"""The stand-in for ``python3 -m sglang.launch_server``."""

import asyncio
import os
from argparse import Namespace
from typing import Any

from scripts.localcloud.machines.engine import arguments, meeting, process
from scripts.localcloud.machines.engine.app import App, constant, detokenize, empty, page, tokenize
from scripts.localcloud.machines.engine.generate import Engine
from scripts.localcloud.machines.engine.http import Answer, Request, as_json, text
from scripts.localcloud.machines.engine.nodes import Alone, Node, StartError
from scripts.localcloud.machines.engine.weights import Model

FILE = "/sgl-workspace/sglang/python/sglang/launch_server.py"
OPEN = ("/health", "/ready", "/metrics")
"""Prefixes that need no key. Source: SGLang's decide_request_auth, read."""

MANAGEMENT = [
    "/flush_cache",
    "/abort_request",
    "/start_profile",
    "/stop_profile",
    "/update_weights_from_disk",
    "/release_memory_occupation",
    "/resume_memory_occupation",
    "/load_lora_adapter",
    "/unload_lora_adapter",
    "/pause_generation",
    "/continue_generation",
]
HEALTH_VARIABLE = "SGLANG_ENABLE_HEALTH_ENDPOINT_GENERATION"
HEALTH_SECONDS = 20


class Sglang:
    """The server's endpoints."""

    def __init__(self, engine: Engine, root: str) -> None:
        self._engine = engine
        self._root = root

    def app(self, keys: list[str], *, metrics: bool) -> App:
        """Return the application with SGLang's route table."""
        app = App(self._engine, keys, lambda path: not path.startswith(OPEN))
        app.add("GET", "/health", self.health)
        app.add("GET", "/health_generate", self.generate_one)
        app.add("GET", "/ready", empty())
        app.add("GET", "/ping", empty())
        for path in MANAGEMENT:
            app.add("POST", path, constant({"success": True}))
        for path in ("/v1/chat/completions", "/api/chat"):
            app.add("POST", path, self.chat)
        for path in ("/v1/completions", "/api/generate"):
            app.add("POST", path, self.completions)
        app.add("POST", "/invocations", self.chat)
        app.add("POST", "/generate", self.generate)
        app.add("POST", "/tokenize", tokenize)
        app.add("POST", "/detokenize", detokenize)
        app.add("GET", "/v1/models", self.models)
        app.add("GET", "/get_model_info", constant({"model_path": self._root, "is_generation": True}))
        app.add("GET", "/get_server_info", constant({"model_path": self._root}))
        app.add("GET", "/docs", page())
        app.add("GET", "/openapi.json", constant({"openapi": "3.1.0"}))
        if metrics:
            app.add("GET", "/metrics", self.metrics)
        return app

    async def health(self, request: Request) -> Answer:
        """Answer plainly when told so, else by a token."""
        if os.environ.get(HEALTH_VARIABLE, "true").lower() in ("0", "false"):
            return Answer(200)
        return await self.generate_one(request)

    async def generate_one(self, _request: Request) -> Answer:
        """Answer once a token was made, 503 when none comes."""
        try:
            await asyncio.wait_for(self._engine.text({"prompt": "1", "max_tokens": 1}), HEALTH_SECONDS)
        except TimeoutError:
            return Answer(503)
        return Answer(200)

    async def models(self, _request: Request) -> Answer:
        """List the served name."""
        data = [
            {"id": name, "object": "model", "owned_by": "sglang", "root": name, "max_model_len": self._engine.length}
            for name in self._engine.names
        ]
        return as_json(200, {"object": "list", "data": data})

    async def chat(self, request: Request) -> Answer:
        """Chat completion."""
        return await self._engine.chat(request.json())

    async def completions(self, request: Request) -> Answer:
        """Text completion."""
        return await self._engine.text(request.json())

    async def generate(self, request: Request) -> Answer:
        """SGLang's own form."""
        body: dict[str, Any] = request.json()
        limit = body.get("sampling_params", {}).get("max_new_tokens", 128)
        return await self._engine.text({"prompt": body.get("text"), "max_tokens": limit})

    async def metrics(self, _request: Request) -> Answer:
        """Prometheus counters."""
        counters, label = self._engine.counters, f'{{model_name="{self._engine.names[0]}"}}'
        values = {
            "num_running_reqs": ("gauge", counters.running),
            "num_queue_reqs": ("gauge", counters.waiting),
            "prompt_tokens_total": ("counter", counters.prompt_tokens),
            "generation_tokens_total": ("counter", counters.generated_tokens),
        }
        lines = [
            f"# TYPE sglang:{name} {kind}\nsglang:{name}{label} {float(value)}\n"
            for name, (kind, value) in values.items()
        ]
        return text(200, "".join(lines), "text/plain; version=0.0.4; charset=utf-8")


def follower_app(engine: Engine) -> App:
    """Return what every rank but 0 serves: it is always healthy, whatever becomes of the others."""
    app = App(engine, [], lambda _path: False)
    for path in ("/health", "/health_generate", "/ping"):
        app.add("GET", path, empty())
    return app


def _start(options: Namespace) -> tuple[Model, Alone]:
    """Load the model together with the other nodes."""
    world = options.tp_size * options.pp_size
    if world % options.nnodes:
        raise StartError("AssertionError: tp_size must be divisible by number of nodes")
    complaint = "torch.AcceleratorError: CUDA error: invalid device ordinal"
    if options.use_ray:
        return process.start(options.model_path, world // options.nnodes, complaint, lambda: _ray(options, world))
    host, _, port = (options.dist_init_addr or "").rpartition(":")
    node = Node(
        rank=options.node_rank,
        count=options.nnodes,
        layout=(options.tp_size, options.pp_size),
        host=host,
        port=int(port or 0),
        own=os.environ.get("SGLANG_HOST_IP") or os.environ.get("HOST_IP", ""),
        watches=True,
    )
    return process.start(options.model_path, world // node.count, complaint, lambda: meeting.join(node))


def _ray(options: Namespace, world: int) -> Alone:
    try:
        from scripts.localcloud.machines.engine import ray  # noqa: PLC0415 - only some images have it
    except ImportError:
        raise StartError(
            "ImportError: Ray is required for --use-ray mode. Install it with: pip install 'sglang[ray]'"
        ) from None
    return ray.sglang(world, options.nnodes, options.model_path)


def main(words: list[str]) -> int:
    """Run ``sglang.launch_server`` with *words* and return its exit status."""
    options = arguments.sglang_parser().parse_args(words)
    process.log(f"server_args: model_path={options.model_path}")
    try:
        model, nodes = _start(options)
    except StartError as problem:
        return process.fail(FILE, str(problem))
    name = options.served_model_name or options.model_path
    length = options.context_length or model.positions
    engine = Engine([name], length, check_names=False, tools=True, reasoning_field="reasoning_content", nodes=nodes)
    keys = [key for key in (options.api_key, options.admin_api_key) if key]
    if nodes.leads:
        app = Sglang(engine, options.model_path).app(keys, metrics=options.enable_metrics)
    else:
        app = follower_app(engine)
    context = process.tls(options.ssl_certfile, options.ssl_keyfile) if nodes.leads else None
    greeting = "The server is fired up and ready to roll!"
    return process.run(process.Door(options.host, options.port, app.answer, greeting, context), nodes)
