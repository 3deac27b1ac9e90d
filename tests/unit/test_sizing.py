"""The memory formulas against numbers worked out by hand."""

import dataclasses

import pytest

from components import catalog
from components.catalog import Gpu, Model
from components.sizing import (
    GIB,
    activation_bytes,
    context_that_fits,
    disk_gib,
    divisible,
    kv_bytes_per_token,
    kv_tokens,
    least_disk_gib,
    non_torch_bytes,
    ready_minutes,
    weights_per_gpu,
    whole_blocks,
)


def model(name: str) -> Model:
    """Return the row of *name*."""
    return catalog.find(Model, name)


@pytest.mark.parametrize(
    ("name", "tensor", "pipeline", "element", "expected"),
    [
        ("Qwen/Qwen3-8B", 1, 1, 2, 147_456),
        ("Qwen/Qwen3-8B", 1, 1, 1, 73_728),
        ("Qwen/Qwen3-32B", 1, 1, 2, 262_144),
        ("Qwen/Qwen3-32B", 4, 1, 2, 65_536),
        ("Qwen/Qwen3-235B-A22B", 1, 1, 2, 192_512),
        ("Qwen/Qwen3-235B-A22B", 4, 1, 2, 48_128),
        # 4 KV heads over 8 GPUs: each keeps one, two GPUs keep the same.
        ("Qwen/Qwen3-235B-A22B", 8, 1, 2, 48_128),
        ("Qwen/Qwen3-235B-A22B", 4, 2, 2, 24_064),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", 4, 2, 2, 7_168),
        # MLA: 61 layers of 576 elements, padded to 640, and the same on every tensor-parallel GPU.
        ("deepseek-ai/DeepSeek-R1", 1, 1, 2, 78_080),
        ("deepseek-ai/DeepSeek-R1", 8, 1, 2, 78_080),
        ("deepseek-ai/DeepSeek-R1", 16, 1, 2, 78_080),
        # 61 layers in two stages: 31 and 30.
        ("deepseek-ai/DeepSeek-R1", 8, 2, 2, 39_680),
        ("deepseek-ai/DeepSeek-R1", 8, 2, 1, 19_840),
    ],
)
def test_cache_bytes_per_token(name: str, tensor: int, pipeline: int, element: int, expected: int) -> None:
    """KV heads are divided until each GPU has one; MLA rows are not divided; stages divide layers, rounded up."""
    assert expected == kv_bytes_per_token(model(name), tensor, pipeline, element)


def test_model_without_attention_numbers_is_refused() -> None:
    """A row that says neither KV heads nor MLA has no cache formula."""
    blank = dataclasses.replace(model("Qwen/Qwen3-8B"), kv_heads=None)

    with pytest.raises(ValueError, match="needs kv_heads") as error:
        kv_bytes_per_token(blank, 1, 1, 2)

    assert "'Qwen/Qwen3-8B' needs kv_heads and head_dim, or kv_lora_rank" == str(error.value)


@pytest.mark.parametrize(
    ("name", "legal"),
    [
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", [1, 2, 4, 28]),
        ("Qwen/QwQ-32B", [1, 2, 4, 8, 40]),
        ("Qwen/Qwen2.5-32B-Instruct", [1, 2, 4, 8, 40]),
        ("Qwen/Qwen3-32B", [1, 2, 4, 8, 16, 32, 64]),
        ("Qwen/Qwen3-235B-A22B", [1, 2, 4, 8, 16, 32, 64]),
        ("deepseek-ai/DeepSeek-R1", [1, 2, 4, 8, 16, 32, 64, 128]),
    ],
)
def test_sizes_that_divide_the_heads(name: str, legal: list[int]) -> None:
    """28 heads do not split over 8 GPUs, nor 40 over 16 or (8 KV heads) over 5."""
    assert legal == [size for size in range(1, 129) if divisible(model(name), size)]


@pytest.mark.parametrize(
    ("name", "size", "expert_parallel", "expected"),
    [
        ("Qwen/Qwen3-235B-A22B-FP8", 4, False, True),
        ("Qwen/Qwen3-235B-A22B-FP8", 8, False, False),
        ("Qwen/Qwen3-235B-A22B-FP8", 8, True, True),
        ("Qwen/Qwen3-30B-A3B-FP8", 4, False, False),
        ("Qwen/Qwen3-32B-FP8", 16, True, False),
        ("deepseek-ai/DeepSeek-R1", 16, False, True),
        ("Qwen/Qwen3-235B-A22B", 8, False, True),
    ],
)
def test_fp8_blocks(name: str, size: int, *, expert_parallel: bool, expected: bool) -> None:
    """Experts cut below 128 columns do not load; whole experts do, and a dense model has none to leave whole."""
    assert expected == whole_blocks(model(name), size, expert_parallel=expert_parallel)


@pytest.mark.parametrize(
    ("name", "tensor", "pipeline", "gib"),
    [
        ("Qwen/Qwen3-8B", 1, 1, 15.26),
        ("Qwen/Qwen3-32B", 4, 1, 15.56),
        ("Qwen/Qwen3-235B-A22B", 8, 1, 55.83),
        ("deepseek-ai/DeepSeek-R1-Distill-Llama-70B", 8, 1, 16.76),
        ("deepseek-ai/DeepSeek-R1", 8, 2, 41.55),
    ],
)
def test_weights_per_gpu(name: str, tensor: int, pipeline: int, gib: float) -> None:
    """A split model takes 2 % more per GPU than its share, and an uneven pipeline its fuller stage."""
    assert gib == round(weights_per_gpu(model(name), tensor, pipeline) / GIB, 2)


@pytest.mark.parametrize(
    ("free", "token", "tokens"),
    [(-1, 100, 0), (0, 100, 0), (64 * 100, 100, 0), (128 * 100, 100, 64), (1_000_000, 100, 9_920)],
)
def test_tokens_come_in_blocks(free: int, token: int, tokens: int) -> None:
    """Whole blocks of 64, less the one the engine keeps; never a negative number."""
    assert tokens == kv_tokens(free, token)


@pytest.mark.parametrize(
    ("tokens", "limit", "context"), [(12_416, 40_960, 12_288), (99_999, 40_960, 40_960), (9, 9, 0)]
)
def test_context_is_rounded_down(tokens: int, limit: int, context: int) -> None:
    """To a multiple of 1024, and never above what the model allows."""
    assert context == context_that_fits(tokens, limit)


@pytest.mark.parametrize(
    ("size", "nvlink", "gib"), [(1, True, 1.0), (8, False, 1.0), (2, True, 1.86), (8, True, 7.0), (16, True, 7.0)]
)
def test_non_torch_memory_lies_between_the_figures_seen(size: int, *, nvlink: bool, gib: float) -> None:
    """1 GiB on one GPU, 7 GiB at tensor parallel 8 over NVLink, a line between them."""
    assert gib == round(non_torch_bytes(size, nvlink=nvlink) / GIB, 2)


@pytest.mark.parametrize(("gpu", "gib"), [("A10", 2.0), ("A100-80", 2.0), ("H20-96", 4.0)])
def test_activation_follows_the_batch_size(gpu: str, gib: float) -> None:
    """Engines prefill four times larger batches on the large GPUs, A100 excepted."""
    assert gib == activation_bytes(catalog.find(Gpu, gpu)) / GIB


@pytest.mark.parametrize(
    ("name", "least", "bought"),
    [
        ("Qwen/Qwen3-8B", 37, 100),
        ("Qwen/Qwen3-32B", 88, 100),
        ("deepseek-ai/DeepSeek-R1-Distill-Llama-70B", 165, 200),
        ("Qwen/Qwen3-235B-A22B", 502, 600),
        ("deepseek-ai/DeepSeek-R1", 726, 800),
    ],
)
def test_disk_for_the_weights(name: str, least: int, bought: int) -> None:
    """A tenth more than the weights and 20 GiB; bought in steps of 100 GiB, so 8B and 32B share a size."""
    weights = model(name).weights_bytes

    assert (least, bought) == (least_disk_gib(weights), disk_gib(weights))


@pytest.mark.parametrize(
    ("size", "mbps", "minutes"), [(16_381_470_720, 100, 74), (65_524_246_528, 1000, 48), (0, 1, 30)]
)
def test_time_allowed_for_a_first_boot(size: int, mbps: int, minutes: int) -> None:
    """Half an hour, and twice what the transfer takes."""
    assert minutes == ready_minutes(size, mbps)
