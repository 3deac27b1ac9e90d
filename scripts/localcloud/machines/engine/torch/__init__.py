"""
The stand-in for PyTorch in an engine's image: as much of it as measures the link between machines.

A container finds this folder as its package ``torch``. A tensor is one number that stands in all its places.
"""

from dataclasses import dataclass

from . import cuda, distributed

__all__ = ["Tensor", "bfloat16", "cuda", "distributed", "empty", "float16", "float32", "ones", "uint8"]


@dataclass(frozen=True)
class DataType:
    """What a tensor's places hold, and how many bytes each takes."""

    name: str
    itemsize: int


float32 = DataType("float32", 4)
float16 = DataType("float16", 2)
bfloat16 = DataType("bfloat16", 2)
uint8 = DataType("uint8", 1)


class Tensor:
    """*count* times *value*."""

    def __init__(self, value: float, count: int, dtype: DataType) -> None:
        self.value = value
        self.dtype = dtype
        self._count = count

    @property
    def nbytes(self) -> int:
        """Return what it would take."""
        return self._count * self.dtype.itemsize

    def numel(self) -> int:
        """Return the number of places."""
        return self._count

    def element_size(self) -> int:
        """Return the bytes of one place."""
        return self.dtype.itemsize

    def item(self) -> float:
        """Return the value."""
        return self.value

    def __getitem__(self, _place: int) -> "Tensor":
        return Tensor(self.value, 1, self.dtype)


def ones(count: int, dtype: DataType = float32, device: object = "cpu") -> Tensor:
    """Return a tensor of ones."""
    cuda.check(device)
    return Tensor(1.0, count, dtype)


def empty(count: int, dtype: DataType = float32, device: object = "cpu") -> Tensor:
    """Return a tensor of whatever."""
    cuda.check(device)
    return Tensor(0.0, count, dtype)
