"""
The memory arithmetic of serving a model: plain numbers in, plain numbers out. No Pulumi, no I/O.

Figures called estimates were read in public engine logs and differ from model to model; each is taken so that a verdict
"fits" is not taken back when the engine starts, and the verdict names it as an estimate.
"""

import math

from components.catalog import Gpu, Model

MIB = 2**20
GIB = 2**30

BLOCK_TOKENS = 64
"""Estimate: tokens in the engines' largest cache block; room is counted in whole blocks, less one for the engine."""

MLA_ROW_MULTIPLE = 128
"""Elements to which some kernels pad an MLA cache row: 576 becomes 640. Source: vLLM threads, 2025-2026."""

REPLICATED_WEIGHTS = 0.02
"""Estimate: what every GPU keeps whole when a model is split (router, norms, some projections), as a share."""

ACTIVATION_GIB = 2.0
"""Estimate: peak activation with prefill batches of 2048 tokens. Source: vLLM threads, 2025-2026: 2 to 6 GiB."""

ACTIVATION_BIG_BATCHES_GIB = 4.0
"""Estimate: peak activation with prefill batches of 8192 tokens. Same source."""

NON_TORCH_GIB = 1.0
"""Estimate: CUDA context and libraries on one GPU. Source: vLLM threads, 2025-2026: under 1 GiB on one GPU."""

NON_TORCH_NVLINK_TP8_GIB = 7.0
"""Estimate: the same with NCCL over NVLink at tensor parallel 8. Source: as above, seen on H200."""

CUDA_GRAPHS_GIB = 2.0
"""Estimate: captured CUDA graphs, on top of the utilisation budget. Source: vLLM threads, 2025-2026: 1 to 3 GiB."""

CONTEXT_STEP = 1024
"""A computed context length is a multiple of this."""

MINIMUM_CONTEXT = 2048
"""Tokens below which a computed context is called no fit: a chat with a system prompt needs more."""

DISK_OVERHEAD = 1.10
"""Disk bytes per weight byte: file system tables, its 5 % reserve, tokenizer and config files. Estimate."""

DISK_CACHE_GIB = 20
"""Room beside the weights for the engine's compile cache. Estimate."""

DISK_STEP_GIB = 100
"""A computed disk is a multiple of this, so that two models of one class need the same disk: disks cannot shrink."""

OSS_MBPS = 1000
"""Estimate: what one machine reads from a bucket of its region; the smallest GPU type has 4 Gbit/s."""

CACHE_SHARE = 0.85
"""Estimate: share of a cache worker's memory that may be cache; the rest is the program's, and no room means a kill."""

CACHE_MARGIN = 1.10
"""Cache bytes per weight byte: the files beside the weights, and the share that is evicted before the cache is full."""

BOOT_MINUTES = 30
"""Estimate: driver check, image pull and engine start, weights aside."""


def divisible(model: Model, tensor_parallel: int) -> bool:
    """
    Say whether attention splits over *tensor_parallel* GPUs.

    Heads must divide evenly, and so must KV heads; beyond their number they are copied instead, evenly again.
    Source: vLLM's qwen3 and qwen3_moe model code, read 2026-11-21.
    """
    if model.attention_heads % tensor_parallel:
        return False
    if model.kv_heads is None:
        return True
    larger, smaller = max(model.kv_heads, tensor_parallel), min(model.kv_heads, tensor_parallel)
    return larger % smaller == 0


def whole_blocks(model: Model, tensor_parallel: int, *, expert_parallel: bool) -> bool:
    """Say whether an FP8 checkpoint's 128-wide blocks stay whole; expert parallelism does not cut experts at all."""
    if model.fp8_tp_limit is None or (model.moe and expert_parallel):
        return True
    return tensor_parallel <= model.fp8_tp_limit


def stage_layers(model: Model, pipeline_parallel: int) -> int:
    """Return the layers of the fullest pipeline stage."""
    return math.ceil(model.layers / pipeline_parallel)


def weights_per_gpu(model: Model, tensor_parallel: int, pipeline_parallel: int) -> int:
    """Return the weight bytes on the fullest GPU."""
    share = stage_layers(model, pipeline_parallel) / model.layers / tensor_parallel
    copies = 1 + REPLICATED_WEIGHTS if tensor_parallel * pipeline_parallel > 1 else 1
    return math.ceil(model.weights_bytes * share * copies)


def kv_bytes_per_token(model: Model, tensor_parallel: int, pipeline_parallel: int, element_bytes: int) -> int:
    """
    Return the cache bytes one token takes on one GPU.

    Tensor parallelism divides KV heads until each GPU holds one; it does not divide an MLA row at all.
    """
    layers = stage_layers(model, pipeline_parallel)
    if model.kv_lora_rank is not None:
        row = model.kv_lora_rank + (model.qk_rope_head_dim or 0)
        return layers * math.ceil(row / MLA_ROW_MULTIPLE) * MLA_ROW_MULTIPLE * element_bytes
    if model.kv_heads is None or model.head_dim is None:
        raise ValueError(f"{model.name!r} needs kv_heads and head_dim, or kv_lora_rank")
    return 2 * layers * max(1, model.kv_heads // tensor_parallel) * model.head_dim * element_bytes


def kv_tokens(free_bytes: float, token_bytes: int) -> int:
    """Return the tokens that *free_bytes* hold, in whole blocks less the one the engine keeps."""
    return max(0, math.floor(free_bytes / token_bytes / BLOCK_TOKENS) - 1) * BLOCK_TOKENS


def activation_bytes(gpu: Gpu) -> int:
    """Return the estimated peak activation on one *gpu*."""
    return round((ACTIVATION_BIG_BATCHES_GIB if gpu.big_batches else ACTIVATION_GIB) * GIB)


def non_torch_bytes(tensor_parallel: int, *, nvlink: bool) -> int:
    """Return the estimated memory outside the tensors: on a line between the two figures seen, NVLink only."""
    growth = (NON_TORCH_NVLINK_TP8_GIB - NON_TORCH_GIB) * (min(tensor_parallel, 8) - 1) / 7 if nvlink else 0
    return round((NON_TORCH_GIB + growth) * GIB)


def context_that_fits(tokens: int, limit: int) -> int:
    """Return the longest context for one sequence: *tokens* of cache rounded down, at most the model's *limit*."""
    return min(limit, tokens // CONTEXT_STEP * CONTEXT_STEP)


def least_disk_gib(weights_bytes: int) -> int:
    """Return the smallest disk in GiB that holds the weights and the engine's cache."""
    return math.ceil(weights_bytes * DISK_OVERHEAD / GIB + DISK_CACHE_GIB)


def disk_gib(weights_bytes: int) -> int:
    """Return the disk in GiB to buy for the weights when none is asked for."""
    return math.ceil(least_disk_gib(weights_bytes) / DISK_STEP_GIB) * DISK_STEP_GIB


def transfer_minutes(weights_bytes: int, mbps: float) -> float:
    """Return how long *weights_bytes* take at *mbps*, when nothing is lost."""
    return weights_bytes * 8 / (mbps * 1e6) / 60


def ready_minutes(weights_bytes: int, mbps: float) -> int:
    """Return how long a first boot may take: twice the transfer at *mbps*, and the rest of the boot."""
    return BOOT_MINUTES + math.ceil(2 * transfer_minutes(weights_bytes, mbps))


def host_vcpus(gpus: int) -> int:
    """Return the estimated vCPUs of an engine on *gpus*: a core each for API, scheduler, every GPU's process, gate."""
    return 2 * (gpus + 3)


def host_gib(gpus: int) -> int:
    """Return the estimated GiB of memory of an engine on *gpus*: its processes, what they share, what reads weights."""
    return 24 + 8 * gpus


def cache_gib(weights_bytes: int) -> int:
    """Return the GiB of cache that hold the weights."""
    return math.ceil(weights_bytes * CACHE_MARGIN / GIB)
