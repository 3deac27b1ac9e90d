"""What can be wrong with a plan, each with the arithmetic and a way out."""

import math
from collections.abc import Iterator

from components import catalog, images
from components.catalog import Engine
from components.plan.budget import Budget
from components.plan.nodes import Problem
from components.plan.request import PlanRequest
from components.plan.words import gib, one, percent
from components.sizing import CONTEXT_STEP, MINIMUM_CONTEXT


def memory_problems(request: PlanRequest, budget: Budget) -> Iterator[Problem]:
    """Yield what does not fit into the GPUs' memory."""
    wanted, limit = request.max_model_len, request.model.max_context
    if budget.tokens < min(MINIMUM_CONTEXT, wanted or limit):
        yield Problem(request.on.SIZE, _too_small(request, budget), hardware=True)
    elif wanted is not None and wanted > budget.tokens:
        yield Problem("max_model_len", _too_long(request, budget, wanted), hardware=True)
    if wanted is not None and wanted > limit:
        text = f"{wanted:,} tokens, and the model's config allows {limit:,}. Use {limit} or less; a longer one needs a "
        yield Problem("max_model_len", text + "RoPE override (--hf-overrides in extraEngineArgs) and allowUnfit.")
    minimum, total = request.model.minimum_gb, request.gpu.nominal_gb * request.gpus
    if minimum is not None and total < minimum:
        text = f"{request.on.have} {request.hardware} = {total} GB, and the vLLM recipe for "
        yield Problem(request.on.SIZE, text + f"{request.model.name} asks for {minimum} GB.", hardware=True)
    if budget.graphs > budget.outside:
        yield Problem("gpu_memory_utilization", _no_room_for_graphs(request, budget))


def _too_small(request: PlanRequest, budget: Budget) -> str:
    name, share = request.model.name, percent(request.gpu_memory_utilization)
    taken = (
        f"weights {gib(budget.weights)} + activations {gib(budget.activation)} + CUDA and NCCL {gib(budget.non_torch)}"
    )
    room = f"{share} of {one(request.gpu.name)}'s {gib(budget.usable)} is {gib(budget.planned)}"
    if budget.cache <= 0:
        return f"{name} does not fit {request.hardware}: {taken} = {gib(budget.taken)} per GPU, and {room}."
    return (
        f"{name} leaves no room to work on {request.hardware}: {room}, less {taken}, leaves {gib(budget.cache)} "
        f"= {budget.tokens:,} tokens of context, fewer than {MINIMUM_CONTEXT:,}."
    )


def _too_long(request: PlanRequest, budget: Budget, wanted: int) -> str:
    fits = max(CONTEXT_STEP, budget.tokens // CONTEXT_STEP * CONTEXT_STEP)
    return (
        f"{wanted:,} tokens take {gib(wanted * budget.token)} of cache per GPU, and {gib(budget.cache)} is left: "
        f"room for {budget.tokens:,}. Use {min(fits, budget.tokens)} or less, or {request.on.LARGER}."
    )


def _no_room_for_graphs(request: PlanRequest, budget: Budget) -> str:
    share = math.floor((1 - budget.graphs / budget.usable) * 100) / 100
    return (
        f"{request.gpu_memory_utilization} leaves {gib(budget.outside)} of {one(request.gpu.name)}'s "
        f"{gib(budget.usable)} for CUDA graphs, which take {gib(budget.graphs)} (estimate). "
        f"Use {share:.2f} or less, or put {_EAGER[request.engine]} in extraEngineArgs."
    )


_EAGER = {"vllm": "--enforce-eager", "sglang": "--disable-cuda-graph"}


def other_problems(request: PlanRequest) -> Iterator[Problem]:
    """Yield what is wrong besides GPU memory: number formats, the engine's version, the nodes."""
    yield from _format_problems(request)
    yield from _image_problems(request)
    yield from _ray_problems(request)
    yield from request.on.problems(request.model)


def _format_problems(request: PlanRequest) -> Iterator[Problem]:
    if request.gpu.fp8:
        return
    name = f"{request.gpu.name} has no FP8 units"
    if request.kv_cache_dtype == "fp8":
        yield Problem("kv_cache_dtype", f"'fp8', and the {name}. Use 'auto'.")
    if weight_only_fp8(request) or request.model.quantization != "fp8":
        return
    yield Problem(request.on.KIND, f"{request.model.name} is an FP8 checkpoint, and the {name}.", hardware=True)


def weight_only_fp8(request: PlanRequest) -> bool:
    """Say whether vLLM can run the FP8 checkpoint with 16-bit arithmetic (Marlin); never with MLA."""
    fp8 = request.model.quantization == "fp8" and not request.gpu.fp8
    return fp8 and request.engine == "vllm" and request.model.kv_lora_rank is None


def _image_problems(request: PlanRequest) -> Iterator[Problem]:
    row = catalog.find(Engine, request.engine)
    right = request.on.engine_images.get(request.engine, row.image)
    other = images.other_engine(request.engine_image, request.engine)
    if other:
        text = f"{request.engine_image!r} is an image of {other}, and engine is {request.engine!r}."
        yield Problem("engine_image", f"{text} Use {right!r}, or engine {other!r}.")
        return
    least = {"vllm": request.model.vllm_minimum, "sglang": request.model.sglang_minimum}[request.engine]
    stated = images.engine_version(request.engine_image, request.engine)
    if least and stated and images.parse_version(stated) < images.parse_version(least):
        text = f"{request.engine_image!r} holds {row.title} {stated}, and {request.model.name} needs {least} or newer."
        yield Problem("engine_image", f"{text} Use {right!r}.")


def _ray_problems(request: PlanRequest) -> Iterator[Problem]:
    row = catalog.find(Engine, request.engine)
    if request.launcher == "ray" and holds_ray(request) is False:
        text = f"'ray', and {request.engine_image!r} holds no Ray {row.ray_minimum} or newer. Use 'native', or "
        yield Problem("launcher", text + "give an engineImage that holds it.", final=True)


def holds_ray(request: PlanRequest) -> bool | None:
    """Say whether the engine's image holds a Ray that is new enough; None when its name does not tell."""
    row = catalog.find(Engine, request.engine)
    stated = images.named_version(request.engine_image, "ray")
    if stated:
        return images.parse_version(stated) >= images.parse_version(row.ray_minimum)
    version = images.engine_version(request.engine_image, request.engine)
    if version and images.repository(request.engine_image) == row.repository:
        return False if images.parse_version(version) >= images.parse_version(row.without_ray_since) else None
    return None
