"""The engine's command line: one list of arguments, only flags that the engine's own parser accepted, in full names."""

from collections.abc import Mapping, Sequence

from components import catalog, images
from components.catalog import Engine
from components.plan import Plan, PlanRequest

MODEL_PATH = "/model"
"""Where the engine's container finds the weights."""

HEAD = "@HEAD@"
"""Stands for the first machine's private address: user data cannot hold it, so the machine puts it in its place."""

_IN_ITS_OWN_NETWORK: dict[str, str | int] = {
    # Inside the container's own network, which only the gate shares.
    "--host": "0.0.0.0",  # noqa: S104
    "--port": 8000,
}
_ON_LOOPBACK: dict[str, str | int] = {"--host": "127.0.0.1", "--port": 30000}
_VLLM_MASTER_PORT = 29501
_SGLANG_INIT_PORT = 20000

_GATE = "the gate owns it"
_MACHINES = "the component sets it for its machines"

OWNED_FLAGS = {
    "--api-key": "use apiKey",
    "--admin-api-key": "use apiKey",
    "--config": "it could set any other flag",
    "--context-length": "use maxModelLen",
    "--dist-init-addr": _MACHINES,
    "--distributed-executor-backend": _MACHINES,
    "--gpu-memory-utilization": "use gpuMemoryUtilization",
    "--headless": _MACHINES,
    "--host": _GATE,
    "--kv-cache-dtype": "use kvCacheDtype",
    "--master-addr": _MACHINES,
    "--master-port": _MACHINES,
    "--max-model-len": "use maxModelLen",
    "--mem-fraction-static": "use gpuMemoryUtilization",
    "--model": "use model",
    "--model-path": "use model",
    "--nccl-init-addr": _MACHINES,
    "--nccl-port": _MACHINES,
    "--nnodes": _MACHINES,
    "--node-rank": _MACHINES,
    "--pipeline-parallel-size": "use pipelineParallel",
    "--port": "use port",
    "--pp-size": "use pipelineParallel",
    "--root-path": _GATE,
    "--fastapi-root-path": _GATE,
    "--served-model-name": "use servedModelName",
    "--ssl-certfile": "use tlsCertificate",
    "--ssl-keyfile": "use tlsPrivateKey",
    "--tensor-parallel-size": "use tensorParallel",
    "--tp-size": "use tensorParallel",
    "--use-ray": _MACHINES,
    "-pp": "use pipelineParallel",
    "-tp": "use tensorParallel",
    "-n": _MACHINES,
    "-r": _MACHINES,
}
"""Flags that an argument of the component sets, or that would take the engine from under the gate, and what to do."""

_Options = Mapping[str, str | int | float | None]

_NO_GRAPHS = {"--enforce-eager", "--disable-cuda-graph"}
_EXPERT_PARALLEL = {"--enable-expert-parallel", "-ep", "--ep", "--ep-size", "--expert-parallel-size"}


def flag_names(arguments: Sequence[str]) -> list[str]:
    """Return the flags among *arguments*, without values, underscores written as the dashes they stand for."""
    flags = [item.split("=", 1)[0] for item in arguments if item.startswith("-") and not _is_number(item)]
    return [flag.replace("_", "-") for flag in flags]


def _is_number(item: str) -> bool:
    return item[1:2].isdigit()


def owner(flag: str) -> str | None:
    """Return why *flag* may not be given by hand, or None; the engines also accept a flag's unambiguous beginning."""
    if flag in OWNED_FLAGS or not flag.startswith("--"):
        return OWNED_FLAGS.get(flag)
    return next((reason for owned, reason in OWNED_FLAGS.items() if owned.startswith(flag)), None)


def captures_graphs(extra: Sequence[str]) -> bool:
    """Say whether the engine captures CUDA graphs."""
    return not _NO_GRAPHS.intersection(flag_names(extra))


def splits_experts(extra: Sequence[str]) -> bool:
    """Say whether experts are spread whole over the GPUs instead of being cut."""
    return bool(_EXPERT_PARALLEL.intersection(flag_names(extra)))


def engine_argv(plan: Plan, served_model_name: str, extra: Sequence[str] = (), rank: int = 0) -> list[str]:
    """
    Return the command that starts the engine of *plan* on the machine of that *rank*; *extra* is last, so that it wins.

    Empty where Ray starts what runs there.
    """
    if rank and plan.request.launcher == "ray":
        return []
    build = {"vllm": _vllm, "sglang": _sglang}[plan.request.engine]
    return [*build(plan, served_model_name, rank), *extra]


def _vllm(plan: Plan, served_model_name: str, rank: int) -> list[str]:
    model = plan.request.model
    options: _Options = {
        "--served-model-name": served_model_name,
        **({} if rank else _address(plan.request)),
        "--tensor-parallel-size": plan.tensor_parallel,
        "--pipeline-parallel-size": plan.pipeline_parallel,
        "--max-model-len": plan.max_model_len,
        "--gpu-memory-utilization": plan.request.gpu_memory_utilization,
        "--kv-cache-dtype": plan.request.kv_cache_dtype,
        "--quantization": model.quantization_flag,
        "--reasoning-parser": model.vllm_reasoning_parser,
        "--tool-call-parser": model.vllm_tool_parser,
    }
    tools = ["--enable-auto-tool-choice"] if model.vllm_tool_parser else []
    return ["vllm", "serve", MODEL_PATH, *_flags(options), *tools, *_vllm_machines(plan.request, rank)]


def _vllm_machines(request: PlanRequest, rank: int) -> list[str]:
    if request.on.count == 1:
        return []
    if request.launcher == "ray":
        return ["--distributed-executor-backend", "ray"]
    options: _Options = {
        "--nnodes": request.on.count,
        "--node-rank": rank,
        "--master-addr": HEAD,
        "--master-port": _VLLM_MASTER_PORT,
    }
    return [*_flags(options), *(["--headless"] if rank else [])]


def _sglang(plan: Plan, served_model_name: str, rank: int) -> list[str]:
    model = plan.request.model
    options: _Options = {
        "--model-path": MODEL_PATH,
        "--served-model-name": served_model_name,
        **_address(plan.request),
        "--tensor-parallel-size": plan.tensor_parallel,
        "--pipeline-parallel-size": plan.pipeline_parallel,
        "--context-length": plan.max_model_len,
        "--mem-fraction-static": plan.mem_fraction_static,
        "--kv-cache-dtype": {"fp8": "fp8_e4m3"}.get(plan.request.kv_cache_dtype, plan.request.kv_cache_dtype),
        "--quantization": model.quantization_flag,
        "--reasoning-parser": model.sglang_reasoning_parser,
        "--tool-call-parser": model.sglang_tool_parser,
    }
    machines = _sglang_machines(plan.request, rank)
    # Without it the engine publishes no counters, and the watch on the machine could not tell busy from stuck.
    return ["python3", "-m", "sglang.launch_server", *_flags(options), "--enable-metrics", *machines]


def _sglang_machines(request: PlanRequest, rank: int) -> list[str]:
    if request.on.count == 1:
        return []
    if request.launcher == "ray":
        return ["--use-ray", "--nnodes", str(request.on.count)]
    options: _Options = {
        "--nnodes": request.on.count,
        "--node-rank": rank,
        "--dist-init-addr": f"{HEAD}:{_SGLANG_INIT_PORT}",
    }
    return _flags(options)


def _address(request: PlanRequest) -> dict[str, str | int]:
    return _ON_LOOPBACK if request.on.loopback else _IN_ITS_OWN_NETWORK


def _flags(options: _Options) -> list[str]:
    return [part for flag, value in options.items() if value not in (None, "") for part in (flag, str(value))]


def refused_flag(engine: str, engine_image: str, flag: str) -> str | None:
    """Return what to do instead of *flag* when the image's release is known to refuse it, else None."""
    row = catalog.find(Engine, engine)
    same = images.engine_version(engine_image, engine) == row.version
    return row.refused_flags.get(flag) if same else None


def needs_internet(weights_source: str, region: str, *container_images: str) -> bool:
    """Say whether the boot reaches beyond the VPC: only a bucket and registries of the region itself avoid it."""
    return weights_source != "oss" or not all(images.in_vpc(image, region) for image in container_images)
