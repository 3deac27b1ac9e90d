"""What a report is made of, before it is Markdown or a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Tone: TypeAlias = Literal["bad", "look", "good", "plain"]
"""How much a reader should mind."""


@dataclass(frozen=True)
class Code:
    """A name or a value, shown as it is written."""

    text: str


@dataclass(frozen=True)
class Strong:
    """Words that must not be missed."""

    text: str


Line: TypeAlias = tuple["str | Code | Strong", ...]


@dataclass(frozen=True)
class Heading:
    """A title; *level* 1 is that of the report."""

    level: int
    line: Line


@dataclass(frozen=True)
class Notice:
    """A box: a verdict, and the reasons for it."""

    tone: Tone
    title: str
    reasons: Sequence[Line] = ()


@dataclass(frozen=True)
class Paragraph:
    """Some sentences."""

    line: Line


@dataclass(frozen=True)
class Bullets:
    """A list."""

    lines: Sequence[Line]


@dataclass(frozen=True)
class Row:
    """A row of a table."""

    cells: Sequence[Line]
    tone: Tone = "plain"


@dataclass(frozen=True)
class Table:
    """A table."""

    header: Sequence[str]
    rows: Sequence[Row]


@dataclass(frozen=True)
class Listing:
    """Text as somebody else wrote it, line by line."""

    text: str


@dataclass(frozen=True)
class Fold:
    """What is there for whoever wants to know more."""

    title: Line
    blocks: Sequence["Block"]


Block: TypeAlias = Heading | Notice | Paragraph | Bullets | Table | Listing | Fold


def listed(names: Sequence[str]) -> Line:
    """Return *names* with commas between them."""
    return tuple(part for name in names for part in (", ", Code(name)))[1:]
