"""Writes a document as the Markdown of a pull request's comment; nothing in it can mention, link or load anything."""

import re
from collections.abc import Iterable, Sequence
from functools import singledispatch

from scripts.reporting.document import (
    Block,
    Bullets,
    Code,
    Fold,
    Heading,
    Line,
    Listing,
    Notice,
    Paragraph,
    Strong,
    Table,
    Tone,
)

LONGEST = 64_000
"""
Characters of a comment on GitHub, which takes 65,536, less those around the report.

Source: https://github.com/google/go-github/pull/440, read 2026-11-21.
"""
_NOTICES: dict[Tone, str] = {"bad": "CAUTION", "look": "WARNING", "good": "TIP", "plain": "NOTE"}
"""What GitHub colours a quotation for."""


def comment(blocks: Sequence[Block]) -> str:
    """Return *blocks* as Markdown short enough for a comment: without what is folded, or cut, if need be."""
    text = markdown(blocks)
    if len(text) > LONGEST:
        text = markdown([block for block in blocks if not isinstance(block, Fold)])
    if len(text) > LONGEST:
        text = text[:LONGEST].rpartition("\n")[0] + "\n\nThe rest is too long for a comment.\n"
    return text


def markdown(blocks: Iterable[Block]) -> str:
    """Return *blocks* as Markdown."""
    return "\n\n".join(map(_block, blocks)) + "\n"


@singledispatch
def _block(block: Block) -> str:
    """Return one block."""
    raise TypeError(f"{type(block).__name__} is no block of a document")


@_block.register
def _(block: Heading) -> str:
    return f"{'#' * block.level} {_line(block.line)}"


@_block.register
def _(block: Notice) -> str:
    lines = [f"[!{_NOTICES[block.tone]}]", f"**{_plain(block.title)}**", *_bullets(block.reasons)]
    return "\n".join(f"> {line}" for line in lines)


@_block.register
def _(block: Paragraph) -> str:
    return _line(block.line)


@_block.register
def _(block: Bullets) -> str:
    return "\n".join(_bullets(block.lines))


@_block.register
def _(block: Table) -> str:
    rows = [[_plain(title) for title in block.header], ["---"] * len(block.header)]
    rows += [[_line(cell).replace("|", r"\|") for cell in row.cells] for row in block.rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


@_block.register
def _(block: Listing) -> str:
    fence = "`" * max(3, _longest(block.text) + 1)
    return f"{fence}text\n{block.text}\n{fence}"


@_block.register
def _(block: Fold) -> str:
    return f"<details><summary>{_line(block.title)}</summary>\n\n{markdown(block.blocks)}\n</details>"


def _bullets(lines: Sequence[Line]) -> list[str]:
    return [f"- {_line(line)}" for line in lines]


def _line(line: Line) -> str:
    return "".join(map(_part, line))


def _part(part: str | Code | Strong) -> str:
    match part:
        case Code():
            text = " ".join(part.text.split())
            fence = "`" * (_longest(text) + 1)
            return f"{fence} {text} {fence}" if text.startswith("`") or text.endswith("`") else f"{fence}{text}{fence}"
        case Strong():
            return f"**{_plain(part.text)}**"
        case _:
            return _plain(part)


def _plain(text: str) -> str:
    text = re.sub(r"([\\`*\[\]~#]|(?<!\w)_|_(?!\w))", r"\\\1", text)
    # The space of no width keeps a name from being called, and an address from becoming a link.
    text = text.replace("@", "@\u200b").replace("://", ":\u200b//").replace("&", "&amp;").replace("<", "&lt;")
    return text.replace("\n", "<br>")


def _longest(text: str) -> int:
    """Return how many backticks in a row *text* has at most."""
    return max((len(run) for run in re.findall("`+", text)), default=0)
