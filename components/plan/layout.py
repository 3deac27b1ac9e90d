"""How a model is spread over GPUs: tensor parallel within a node, pipeline parallel for what that leaves over."""

import dataclasses

from components import catalog
from components.catalog import Engine
from components.plan.nodes import Problem
from components.plan.request import PlanError, PlanRequest
from components.plan.words import counted
from components.sizing import divisible, whole_blocks


def choose_layout(request: PlanRequest) -> tuple[int, int]:
    """
    Return (tensor parallel, pipeline parallel), filling in what is not asked for so that no GPU stays idle.

    Raises:
        PlanError: What is asked for cannot be laid out; no override exists, the engine would stop at once.
    """
    tensor = request.tensor_parallel
    if tensor is None:
        tensor = _largest(request)
    elif tensor not in legal_sizes(request):
        raise PlanError(Problem("tensor_parallel", _refusal(request, tensor)))
    pipeline = request.pipeline_parallel or min(request.gpus // tensor, request.model.layers)
    if tensor * pipeline > request.gpus or (request.on.count > 1 and tensor * pipeline < request.gpus):
        raise PlanError(_wrong_number(request, tensor, pipeline))
    if pipeline > request.model.layers:
        raise PlanError(Problem("pipeline_parallel", f"{pipeline} stages, and the model has {request.model.layers} "
                                "layers. Use fewer."))  # fmt: skip
    return tensor, pipeline


def _largest(request: PlanRequest) -> int:
    room = request.gpus // (request.pipeline_parallel or 1)
    over_machines = catalog.find(Engine, request.engine).tensor_parallel_over_machines
    if request.pipeline_parallel is None and not over_machines:
        # Stages exchange far less than the GPUs that share a layer, and with MLA each keeps only its layers' cache.
        room = min(room, request.on.each.gpu_count)
    return max((size for size in legal_sizes(request) if size <= room), default=1)


def legal_sizes(request: PlanRequest) -> list[int]:
    """Return every tensor-parallel size that the model and the GPUs allow."""
    node = request.on.each.gpu_count
    sizes = [size for size in range(1, request.gpus + 1) if node % size == 0 or size % node == 0]
    return [size for size in sizes if _legal(request, size)]


def _legal(request: PlanRequest, size: int) -> bool:
    whole = whole_blocks(request.model, size, expert_parallel=request.expert_parallel)
    return divisible(request.model, size) and whole


def _refusal(request: PlanRequest, size: int) -> str:
    model, best = request.model, _instead(request, size)
    rest = request.gpus // best
    instead = f"Use {best}" + (f" with pipelineParallel {rest}." if rest > 1 else ".")
    if size > request.gpus:
        return f"{size}, and {request.on.have} {counted(request.gpus, 'GPU')}. {instead}"
    if model.attention_heads % size:
        return f"{size} GPUs cannot share {model.attention_heads} attention heads evenly. {instead}"
    if not divisible(model, size):
        return f"{size} GPUs cannot share {model.kv_heads} KV heads evenly. {instead}"
    if not whole_blocks(model, size, expert_parallel=request.expert_parallel):
        flag = {"vllm": "--enable-expert-parallel", "sglang": f"--ep={size}"}[request.engine]
        experts = f", or put {flag} in extraEngineArgs" if model.moe else ""
        return (
            f"{size} GPUs would cut the FP8 checkpoint's 128-wide blocks; this model allows {model.fp8_tp_limit}. "
            f"{instead.removesuffix('.')}{experts}."
        )
    return f"{size} does not divide the {request.on.each.gpu_count} GPUs of a node evenly. {instead}"


def _instead(request: PlanRequest, size: int) -> int:
    """Return the size to offer for *size*: the nearest below, or on several machines what would have been chosen."""
    if request.on.count > 1:
        return _largest(dataclasses.replace(request, pipeline_parallel=None))
    return max(s for s in legal_sizes(request) if s <= max(1, size))


def _wrong_number(request: PlanRequest, tensor: int, pipeline: int) -> Problem:
    argument = "pipeline_parallel" if request.pipeline_parallel else "tensor_parallel"
    used = counted(tensor * pipeline, "GPU")
    text = f"tensorParallel {tensor} x pipelineParallel {pipeline} is {used}, and {request.on.have} {request.gpus}"
    return Problem(argument, f"{text}. {_right_numbers(request, tensor)}, or leave both out.")


def _right_numbers(request: PlanRequest, tensor: int) -> str:
    if request.on.count == 1:
        return f"Use pipelineParallel {request.gpus // tensor} or less"
    stages = {size: request.gpus // size for size in legal_sizes(request)}
    works = [f"{size} x {rest}" for size, rest in stages.items() if rest <= request.model.layers]
    return f"{request.on.ALL_AT_WORK}: use {' or '.join(works)}"
