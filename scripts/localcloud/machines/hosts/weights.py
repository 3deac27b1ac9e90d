"""Weights for a model that nobody downloads: small, complete and the same on every laptop."""

import functools
import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SHARDS = 4
SHARD_BYTES = 200 * 1024
MAX_POSITIONS = 1024 * 1024


@dataclass(frozen=True)
class ModelFile:
    """One file of a model repository: bytes in memory, or a file on disk."""

    path: str
    size: int
    sha256: str
    content: bytes | Path

    def read(self, start: int, end: int) -> bytes:
        """Return the bytes from *start* to before *end*."""
        if isinstance(self.content, bytes):
            return self.content[start:end]
        with self.content.open("rb") as file:
            file.seek(start)
            return file.read(end - start)


def _of_bytes(path: str, content: bytes) -> ModelFile:
    return ModelFile(path, len(content), hashlib.sha256(content).hexdigest(), content)


def _shard(model: str, number: int) -> tuple[bytes, list[str]]:
    """Return a safetensors file with two tensors, and their names."""
    names = [f"model.layers.{number}.self_attn.q_proj.weight", f"model.layers.{number}.mlp.up_proj.weight"]
    half = SHARD_BYTES // 2
    header = {
        name: {"dtype": "BF16", "shape": [half // 256, 128], "data_offsets": [at * half, (at + 1) * half]}
        for at, name in enumerate(names)
    }
    head = json.dumps(header | {"__metadata__": {"format": "pt"}}).encode()
    head += b" " * (-len(head) % 8)
    noise = hashlib.shake_256(f"{model}/{number}".encode()).digest(2 * half)
    return struct.pack("<Q", len(head)) + head + noise, names


def _small_files(model: str) -> dict[str, bytes]:
    config = {
        "architectures": ["Qwen3ForCausalLM"],
        "max_position_embeddings": MAX_POSITIONS,
        "model_type": "qwen3",
        "torch_dtype": "bfloat16",
        "vocab_size": 256,
    }
    return {
        ".gitattributes": b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n",
        "README.md": f"# {model}\nMade by the local cloud.\n".encode(),
        "config.json": json.dumps(config, indent=2).encode(),
        "configuration.json": b'{"framework": "pytorch", "task": "text-generation"}\n',
        "generation_config.json": b'{"do_sample": true, "temperature": 0.6}\n',
        "tokenizer.json": json.dumps({"version": "1.0", "model": {"type": "BPE", "vocab": {}, "merges": []}}).encode(),
        "tokenizer_config.json": json.dumps({"tokenizer_class": "Qwen2Tokenizer"}).encode(),
    }


@functools.lru_cache(maxsize=4)
def generated(model: str) -> Mapping[str, ModelFile]:
    """Return path to file of the made-up repository of *model*."""
    files = dict(_small_files(model))
    weight_map: dict[str, str] = {}
    for number in range(SHARDS):
        name = f"model-{number + 1:05d}-of-{SHARDS:05d}.safetensors"
        files[name], tensors = _shard(model, number)
        weight_map |= dict.fromkeys(tensors, name)
    index = {"metadata": {"total_size": SHARDS * SHARD_BYTES}, "weight_map": weight_map}
    files["model.safetensors.index.json"] = json.dumps(index, indent=2).encode()
    return {path: _of_bytes(path, content) for path, content in sorted(files.items())}


@functools.lru_cache(maxsize=4)
def of_folder(root: Path) -> Mapping[str, ModelFile]:
    """Return path to file of the real files under *root*."""
    found = {}
    for file in sorted(entry for entry in root.rglob("*") if entry.is_file()):
        path = file.relative_to(root).as_posix()
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        found[path] = ModelFile(path, file.stat().st_size, digest, file)
    return found
