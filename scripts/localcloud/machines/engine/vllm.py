"""The stand-in for ``vllm serve``."""

import os
import sys
from argparse import Namespace
from typing import Any

from scripts.localcloud.machines.engine import arguments, bench, meeting, process
from scripts.localcloud.machines.engine.app import App, constant, detokenize, empty, page, tokenize
from scripts.localcloud.machines.engine.generate import Engine, RefusedError
from scripts.localcloud.machines.engine.http import Answer, Request, as_json, text
from scripts.localcloud.machines.engine.nodes import Alone, Node, StartError
from scripts.localcloud.machines.engine.responses import Responses
from scripts.localcloud.machines.engine.routes import VLLM_DEVELOPMENT
from scripts.localcloud.machines.engine.weights import Model

VERSION = "0.32.0"
FILE = "/usr/local/lib/python3.12/dist-packages/vllm/entrypoints/cli/main.py"
GUARDED = ("/v1", "/v2", "/inference", "/cohere")
"""Prefixes that need the key; everything else is open. Source: vLLM's AuthenticationMiddleware, run."""


TOO_FEW = """\
ValueError: World size ({world}) is larger than the number of available GPUs ({found}) in this node. If this is \
intentional and you are using:
- ray, set '--distributed-executor-backend ray'.
- multiprocessing, set '--nnodes' appropriately."""
OUT_OF_BOUNDS = "AssertionError: DP adjusted local rank {found} is out of bounds for {found} devices."


def normalized(words: list[str]) -> list[str]:
    """Return the command line with underscores in flag names turned into dashes, as vLLM's own parser does."""
    done = []
    for word in words:
        name, equals, value = word.partition("=")
        done.append(name.replace("_", "-") + equals + value if name.startswith("--") else word)
    return done


def _check_start(options: Namespace) -> None:
    """Refuse what parses and fails at the start."""
    if options.gpu_memory_utilization is not None and not 0 < options.gpu_memory_utilization <= 1:
        raise StartError(f"ValueError: GPU memory utilization must be in (0, 1]. Got {options.gpu_memory_utilization}.")
    if options.reasoning_parser and options.reasoning_parser not in arguments.FLAGS["vllm"]["reasoning_parsers"]:
        raise StartError(
            f"KeyError: \"Reasoning parser '{options.reasoning_parser}' not found. Available parsers: ...\""
        )
    if options.enable_auto_tool_choice and not options.tool_call_parser:
        raise StartError("TypeError: Error: --enable-auto-tool-choice requires --tool-call-parser")
    if options.tool_call_parser and options.tool_call_parser not in arguments.FLAGS["vllm"]["tool_parsers"]:
        raise StartError(f"KeyError: 'invalid tool call parser: {options.tool_call_parser} (chose from {{ ... }})'")


def _check_nodes(options: Namespace) -> None:
    """Refuse nodes that cannot work together."""
    world, count, rank = _world(options), options.nnodes, options.node_rank
    if count > 1 and options.distributed_executor_backend not in (None, "mp"):
        raise StartError(
            "ValueError: nnodes > 1 can only be set when distributed executor backend is mp, uni or external_launcher."
        )
    if world % count:
        raise StartError(
            f"ValueError: Invalid data-parallel launch options: `--nnodes {count}` must evenly divide the total world "
            f"size ({world}). Adjust `--nnodes`, `--data-parallel-size`, `--pipeline-parallel-size`, "
            "`--tensor-parallel-size`, or `--prefill-context-parallel-size`."
        )
    if rank >= count:
        raise StartError(
            f"ValueError: Invalid data-parallel launch options: `--node-rank` must be between 0 and {count - 1}; got "
            f"`--node-rank {rank}`. Set it to this node's zero-based index."
        )
    if rank and not options.headless:
        raise StartError("AssertionError: collective_rpc should not be called on follower node")


def _world(options: Namespace) -> int:
    return int(options.tensor_parallel_size * options.pipeline_parallel_size)


def _start(options: Namespace, path: str) -> tuple[Model, Alone]:
    """Load the model together with the other nodes."""
    if options.distributed_executor_backend == "ray":
        return process.start(path, 1, "", lambda: _ray(_world(options), path))
    node = Node(
        rank=options.node_rank,
        count=options.nnodes,
        layout=(options.tensor_parallel_size, options.pipeline_parallel_size),
        host=options.master_addr,
        port=options.master_port,
        own=os.environ.get("VLLM_HOST_IP", ""),
        watches=False,
    )
    complaint = OUT_OF_BOUNDS if node.count > 1 else TOO_FEW.format(world=_world(options), found="{found}")
    return process.start(path, _world(options) // node.count, complaint, lambda: meeting.join(node))


def _ray(world: int, path: str) -> Alone:
    try:
        from scripts.localcloud.machines.engine import ray  # noqa: PLC0415 - only some images have it
    except ImportError as problem:
        raise StartError(
            f"ValueError: Failed to import Ray: {problem}.Please install Ray with `pip install ray`."
        ) from None
    return ray.vllm(world, path)


def _length(options: Namespace, positions: int) -> int:
    wanted = options.max_model_len
    if wanted in (None, -1):
        return positions
    if wanted > positions and not options.hf_overrides:
        raise StartError(
            f"ValueError: User-specified max_model_len ({wanted}) is greater than the derived max_model_len "
            f"(max_position_embeddings={positions})."
        )
    return int(wanted)


class Vllm:
    """The server's endpoints."""

    def __init__(self, engine: Engine, root: str) -> None:
        self._engine = engine
        self._root = root
        self._responses = Responses(engine)

    def app(self, keys: list[str], *, docs: bool) -> App:
        """Return the application with vLLM's route table."""
        app = App(self._engine, keys, lambda path: path.startswith(GUARDED))
        for method, path in (("GET", "/health"), ("GET", "/ping"), ("POST", "/ping")):
            app.add(method, path, empty())
        app.add("GET", "/version", constant({"version": VERSION}))
        app.add("GET", "/load", constant({"server_load": 0}))
        app.add("GET", "/metrics", self.metrics)
        app.add("GET", "/kv_event_sources", constant({"sources": []}))
        app.add("POST", "/is_scaling_elastic_ep", constant({"is_scaling_elastic_ep": False}))
        app.add("POST", "/scale_elastic_ep", self.scale)
        app.add("POST", "/tokenize", tokenize)
        app.add("POST", "/detokenize", detokenize)
        app.add("POST", "/invocations", self.invocations)
        app.add("POST", "/generative_scoring", constant({"object": "list", "data": []}))
        app.add("POST", "/inference/v1/generate", self.no_scale_out)
        app.add("GET", "/v1/models", self.models)
        app.add("POST", "/v1/chat/completions", self.chat)
        app.add("POST", "/v1/completions", self.completions)
        app.add("POST", "/v1/responses", self.responses)
        app.add("GET", "/v1/responses/*", self.response)
        if docs:
            app.add("GET", "/docs", page())
            app.add("GET", "/redoc", page())
            app.add("GET", "/openapi.json", constant({"openapi": "3.1.0"}))
        if os.environ.get("VLLM_SERVER_DEV_MODE") == "1":
            for route in VLLM_DEVELOPMENT:
                app.add(route.method, route.path, empty())
        return app

    async def models(self, _request: Request) -> Answer:
        """List the served names."""
        data = [
            {
                "id": name,
                "object": "model",
                "owned_by": "vllm",
                "root": self._root,
                "max_model_len": self._engine.length,
            }
            for name in self._engine.names
        ]
        return as_json(200, {"object": "list", "data": data})

    async def chat(self, request: Request) -> Answer:
        """Chat completion."""
        return await self._engine.chat(request.json())

    async def completions(self, request: Request) -> Answer:
        """Text completion."""
        return await self._engine.text(request.json())

    async def responses(self, request: Request) -> Answer:
        """Responses API."""
        return await self._responses.create(request.json())

    async def response(self, request: Request) -> Answer:
        """Fetch an earlier response."""
        return self._responses.fetch(request.path.rpartition("/")[2])

    async def invocations(self, request: Request) -> Answer:
        """SageMaker's door: whatever the body is."""
        body: dict[str, Any] = request.json()
        return await (self._engine.chat(body) if "messages" in body else self._engine.text(body))

    async def scale(self, _request: Request) -> Answer:
        """Elastic expert parallelism, which wants a number that the body lacks."""
        raise RefusedError(400, "new_data_parallel_size is required")

    async def no_scale_out(self, _request: Request) -> Answer:
        """Token-level generation, closed without --enable-scale-out."""
        return as_json(403, {"error": "scale-out is not enabled"})

    async def metrics(self, _request: Request) -> Answer:
        """Prometheus counters."""
        counters, label = self._engine.counters, f'{{engine="0",model_name="{self._engine.names[0]}"}}'
        values = {
            "num_requests_running": ("gauge", counters.running),
            "num_requests_waiting": ("gauge", counters.waiting),
            "prompt_tokens_total": ("counter", counters.prompt_tokens),
            "generation_tokens_total": ("counter", counters.generated_tokens),
        }
        lines = [
            f"# TYPE vllm:{name} {kind}\nvllm:{name}{label} {float(value)}\n" for name, (kind, value) in values.items()
        ]
        return text(200, "".join(lines), "text/plain; version=1.0.0; charset=utf-8")


def main(words: list[str]) -> int:
    """Run ``vllm`` with *words* and return its exit status."""
    if words[:2] == ["bench", "serve"]:
        given = bench.parser("vllm bench serve", "ignore-eos", "insecure").parse_args(words[2:])
        return bench.run(given, FILE, insecure=given.insecure)
    if words[:1] != ["serve"]:
        sys.stderr.write("vllm: stand-in: only 'serve' and 'bench serve' are known\n")
        return 2
    options = arguments.vllm_parser().parse_args(normalized(words[1:]))
    path = options.model_tag or options.model or "Qwen/Qwen3-0.6B"
    keys = options.api_key or ([os.environ["VLLM_API_KEY"]] if os.environ.get("VLLM_API_KEY") else [])
    process.log(f"vLLM API server version {VERSION}, model {path}")
    try:
        _check_start(options)
        _check_nodes(options)
        model, nodes = _start(options, path)
        engine = Engine(options.served_model_name or [path], _length(options, model.positions), nodes=nodes)
    except StartError as problem:
        return process.fail(FILE, str(problem))
    if not nodes.leads:
        return process.run(None, nodes)
    engine.tools = options.enable_auto_tool_choice
    app = Vllm(engine, path).app(keys, docs=not options.disable_fastapi_docs)
    context = process.tls(options.ssl_certfile, options.ssl_keyfile)
    host = options.host or "0.0.0.0"  # noqa: S104 - vLLM's default
    return process.run(process.Door(host, options.port, app.answer, "Application startup complete.", context), nodes)
