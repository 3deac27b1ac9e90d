"""Collectives among the processes that ``torch.distributed.run`` started on all nodes."""

import os
from typing import Protocol

from scripts.localcloud.machines.engine import lines
from scripts.localcloud.machines.engine.lines import LostError

from . import nccl
from .group import Group


class DistBackendError(RuntimeError):
    """A collective failed."""


_groups: list[Group] = []


class _Reducible(Protocol):
    value: float

    @property
    def nbytes(self) -> int: ...


def _gloo_address() -> str:
    name = os.environ.get("GLOO_SOCKET_IFNAME")
    return lines.interface_address(name) if name else lines.route(os.environ["MASTER_ADDR"])


def init_process_group(backend: str) -> None:
    """
    Meet the other processes.

    Raises:
        ValueError: There is no such backend.
        DistBackendError: They do not come, or there is no network for them.
    """
    if backend not in ("nccl", "gloo"):
        raise ValueError(f"Invalid backend: '{backend}'")
    try:
        network = nccl.choose() if backend == "nccl" else None
        _groups.append(Group(network.address if network else _gloo_address()))
    except (LostError, OSError, nccl.NcclError) as problem:
        raise DistBackendError(str(problem) or type(problem).__name__) from None
    if network:
        nccl.announce(network)


def all_reduce(tensor: _Reducible) -> None:
    """
    Give every rank's *tensor* the sum of all of them.

    Raises:
        DistBackendError: A rank is gone, or does not take part.
    """
    try:
        tensor.value = _groups[-1].sum(tensor.value, tensor.nbytes)
    except (LostError, TimeoutError):
        raise DistBackendError(
            "ncclRemoteError: A call failed possibly due to a network error or a remote process exiting prematurely."
        ) from None


def get_world_size() -> int:
    """Return the number of processes."""
    return _groups[-1].size


def destroy_process_group() -> None:
    """Leave the others."""
    _groups.pop().close()
