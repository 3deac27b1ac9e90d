"""What a model is spread over: nodes, all alike. Of which kind they are, only the subclasses know."""

import abc
import dataclasses
from collections.abc import Iterable, Mapping
from typing import ClassVar, Generic, Protocol, Self, TypeVar

from components.catalog import Gpu, Model


class Node(Protocol):
    """What a plan reads of one node."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def gpu(self) -> str:
        """A name in gpus.toml."""

    @property
    def gpu_count(self) -> int:
        """How many of them it has."""

    @property
    def nvlink(self) -> bool:
        """Say whether they reach each other over NVLink, or as fast."""


Each_co = TypeVar("Each_co", bound=Node, covariant=True)


@dataclasses.dataclass(frozen=True)
class Problem:
    """One reason why a plan does not work, and the argument to change."""

    argument: str
    """In snake_case."""
    text: str
    """``what, value. Way out.``"""
    hardware: bool = False
    """Other nodes would solve it."""
    final: bool = False
    """Not a matter of estimates, so `allowUnfit` does not let it pass."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Nodes(abc.ABC, Generic[Each_co]):
    """The machines or pods that serve one copy of a model together."""

    each: Each_co
    count: int = 1

    KIND: ClassVar[str]
    """The argument that decides which GPUs they have."""
    SIZE: ClassVar[str]
    """The argument that decides how many."""
    LARGER: ClassVar[str]
    """How a user asks for more GPU memory."""
    ALL_AT_WORK: ClassVar[str]
    """Says that on several of them no GPU may be idle."""
    ALONE: ClassVar[str]
    """How a user asks for one of them."""

    @property
    @abc.abstractmethod
    def rdma(self) -> bool:
        """Say whether they reach each other over RDMA."""

    @property
    @abc.abstractmethod
    def words(self) -> str:
        """All of them in words, such as ``2 x`` and the name of one."""

    @property
    def choice(self) -> str:
        """What a user writes to get them."""
        return self.words

    @property
    def have(self) -> str:
        """The beginning of a sentence about what they have."""
        return f"{self.words} {'has' if self.count == 1 else 'have'}"

    @property
    @abc.abstractmethod
    def loopback(self) -> bool:
        """Say whether the gate reaches the engine on loopback, not in a network of the engine's own."""

    @property
    def engine_images(self) -> Mapping[str, str]:
        """Engine to the vendor's image of it, where the engines' own do not run on these GPUs."""
        return {}

    def alone(self) -> Self:
        """Return one of them."""
        return dataclasses.replace(self, count=1)

    @abc.abstractmethod
    def others(self) -> Iterable["Nodes[Node]"]:
        """Return every choice of the catalog in their place; of those with the same GPUs the first is preferred."""

    def more(self) -> tuple[str, "Nodes[Node]"] | None:
        """Return what to look at when no other choice works, and the words for it."""
        return None

    @property
    @abc.abstractmethod
    def none_works(self) -> str:
        """Says that the catalog has no choice in their place."""

    @abc.abstractmethod
    def problems(self, model: Model) -> Iterable[Problem]:
        """Return what is wrong with them for *model*, GPU memory aside."""

    @abc.abstractmethod
    def warnings(self, gpu: Gpu) -> Iterable[str]:
        """Return what a reviewer should know of them and their *gpu*."""

    @abc.abstractmethod
    def rows(self, model: Model) -> Iterable[tuple[str, str]]:
        """Return what else is bought for *model*: names and texts for the verdict."""
