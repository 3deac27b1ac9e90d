"""
The stand-in for PyTorch in an engine's image: as much of it as the machine's link test needs.

A container finds this folder as its package ``torch``. A tensor is one number that stands in all its places.
"""

from . import cuda, distributed

__all__ = ["Tensor", "cuda", "distributed", "float32", "ones"]

float32 = 4
"""Bytes of one place."""


class Tensor:
    """*count* places of *width* bytes with the same *value*."""

    def __init__(self, value: float, count: int, width: int) -> None:
        self.value = value
        self.nbytes = count * width


def ones(count: int, dtype: int = float32, device: str = "cpu") -> Tensor:
    """Return a tensor of ones."""
    if device != "cpu":
        cuda.set_device(0)
    return Tensor(1.0, count, dtype)
