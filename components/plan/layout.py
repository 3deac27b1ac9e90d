"""How a model is spread over GPUs: tensor parallel within a node, pipeline parallel for what that leaves over."""

from components.plan.request import PlanError, PlanRequest, Problem
from components.plan.words import counted
from components.sizing import divisible, whole_blocks


def choose_layout(request: PlanRequest) -> tuple[int, int]:
    """
    Return (tensor parallel, pipeline parallel), filling in what is not asked for so that no GPU stays idle.

    Raises:
        PlanError: What is asked for cannot be laid out; no override exists, the engine would stop at once.
    """
    tensor, pipeline = request.tensor_parallel, request.pipeline_parallel
    if tensor is None:
        room = min(request.instance.gpu_count, request.gpus // (pipeline or 1))
        tensor = max((size for size in legal_sizes(request) if size <= room), default=1)
    elif tensor not in legal_sizes(request):
        raise PlanError(Problem("tensor_parallel", _refusal(request, tensor)))
    if pipeline is None:
        pipeline = min(request.gpus // tensor, request.model.layers)
    if tensor * pipeline > request.gpus:
        raise PlanError(_too_many(request, tensor, pipeline))
    if pipeline > request.model.layers:
        raise PlanError(Problem("pipeline_parallel", f"{pipeline} stages, and the model has {request.model.layers} "
                                "layers. Use fewer."))  # fmt: skip
    return tensor, pipeline


def legal_sizes(request: PlanRequest) -> list[int]:
    """Return every tensor-parallel size that the model and the GPUs allow."""
    node = request.instance.gpu_count
    sizes = [size for size in range(1, request.gpus + 1) if node % size == 0 or size % node == 0]
    return [size for size in sizes if _legal(request, size)]


def _legal(request: PlanRequest, size: int) -> bool:
    whole = whole_blocks(request.model, size, expert_parallel=request.expert_parallel)
    return divisible(request.model, size) and whole


def _refusal(request: PlanRequest, size: int) -> str:
    model, best = request.model, max(s for s in legal_sizes(request) if s <= max(1, size))
    rest = request.gpus // best
    instead = f"Use {best}" + (f" with pipelineParallel {rest}." if rest > 1 else ".")
    if size > request.gpus:
        return f"{size}, and {request.instance.name} has {counted(request.gpus, 'GPU')}. {instead}"
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
    return f"{size} does not divide the {request.instance.gpu_count} GPUs of a node evenly. {instead}"


def _too_many(request: PlanRequest, tensor: int, pipeline: int) -> Problem:
    argument = "pipeline_parallel" if request.pipeline_parallel else "tensor_parallel"
    most = request.gpus // tensor
    text = f"tensorParallel {tensor} x pipelineParallel {pipeline} is {tensor * pipeline} GPUs, and "
    text += f"{request.instance.name} has {request.gpus}. Use pipelineParallel {most} or less, or leave both out."
    return Problem(argument, text)
