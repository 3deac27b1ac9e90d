"""Read a model folder as an engine does: configuration, tokenizer and every shard that the index names."""

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NEEDED = ("config.json", "tokenizer_config.json")


class WeightsError(Exception):
    """The model cannot be loaded; the text is the last line of the engine's traceback."""


@dataclass(frozen=True)
class Model:
    """What the folder says; *positions* is the longest context, in tokens."""

    path: str
    positions: int
    bytes_read: int


def load(folder: Path) -> Model:
    """
    Read *folder*.

    Raises:
        WeightsError: A file is missing, short or not what it should be.
    """
    for name in NEEDED:
        if not (folder / name).is_file():
            raise WeightsError(
                f"OSError: {folder} does not appear to have a file named {name}. Checkout 'https://huggingface.co/{folder}'"
            )
    config: dict[str, Any] = json.loads((folder / "config.json").read_text())
    total = sum(_read_shard(folder / name) for name in _shards(folder))
    return Model(str(folder), int(config.get("max_position_embeddings", 4096)), total)


def _shards(folder: Path) -> list[str]:
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        return sorted(set(json.loads(index.read_text())["weight_map"].values()))
    single = sorted(file.name for file in folder.glob("*.safetensors"))
    if not single:
        raise WeightsError(f"RuntimeError: Cannot find any model weights with `{folder}`")
    return single


def _read_shard(file: Path) -> int:
    if not file.is_file():
        raise WeightsError(f"FileNotFoundError: No such file or directory: {file}")
    with file.open("rb") as stream:
        start = stream.read(8)
        if len(start) < 8:  # noqa: PLR2004 - the length field of the format
            raise WeightsError("safetensors_rust.SafetensorError: Error while deserializing header: HeaderTooSmall")
        length = struct.unpack("<Q", start)[0]
        head = stream.read(length)
        if len(head) < length:
            raise WeightsError(
                "safetensors_rust.SafetensorError: Error while deserializing header: InvalidHeaderLength"
            )
        size: int = 8 + length
        while chunk := stream.read(1 << 20):
            size += len(chunk)
    tensors = [entry for name, entry in json.loads(head).items() if name != "__metadata__"]
    end: int = max((entry["data_offsets"][1] for entry in tensors), default=0)
    if size != 8 + length + end:
        raise WeightsError(
            "safetensors_rust.SafetensorError: Error while deserializing header: MetadataIncompleteBuffer"
        )
    return size
