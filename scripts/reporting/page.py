"""Writes a document as one HTML page that needs nothing else."""

from collections.abc import Iterable, Sequence
from functools import singledispatch
from html import escape
from pathlib import Path

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
)

_STYLE = Path(__file__).with_name("page.css")


def page(title: str, blocks: Iterable[Block]) -> str:
    """Return a whole page."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">\n"""
        f"<title>{escape(title)}</title>\n<style>\n{_STYLE.read_text(encoding='utf-8')}</style>\n</head>\n"
        f"<body>\n{_blocks(blocks)}\n</body>\n</html>\n"
    )


def _blocks(blocks: Iterable[Block]) -> str:
    return "\n".join(map(_block, blocks))


@singledispatch
def _block(block: Block) -> str:
    """Return one block."""
    raise TypeError(f"{type(block).__name__} is no block of a document")


@_block.register
def _(block: Heading) -> str:
    return f"<h{block.level}>{_line(block.line)}</h{block.level}>"


@_block.register
def _(block: Notice) -> str:
    reasons = _bullets(block.reasons) if block.reasons else ""
    return f'<section class="{block.tone}"><strong>{escape(block.title)}</strong>{reasons}</section>'


@_block.register
def _(block: Paragraph) -> str:
    return f"<p>{_line(block.line)}</p>"


@_block.register
def _(block: Bullets) -> str:
    return _bullets(block.lines)


@_block.register
def _(block: Table) -> str:
    rows = [f'<tr class="{row.tone}">{_cells(row.cells)}</tr>' for row in block.rows]
    head = "".join(f"<th>{escape(title)}</th>" for title in block.header)
    return "\n".join(['<div class="wide"><table>', f"<tr>{head}</tr>", *rows, "</table></div>"])


@_block.register
def _(block: Listing) -> str:
    return f"<pre>{escape(block.text)}</pre>"


@_block.register
def _(block: Fold) -> str:
    return f"<details><summary>{_line(block.title)}</summary>\n{_blocks(block.blocks)}\n</details>"


def _bullets(lines: Sequence[Line]) -> str:
    return "\n".join(["<ul>", *(f"<li>{_line(line)}</li>" for line in lines), "</ul>"])


def _cells(cells: Sequence[Line]) -> str:
    return "".join(f"<td>{_line(cell)}</td>" for cell in cells)


def _line(line: Line) -> str:
    return "".join(map(_part, line))


def _part(part: str | Code | Strong) -> str:
    match part:
        case Code():
            return f"<code>{escape(part.text)}</code>"
        case Strong():
            return f"<strong>{escape(part.text)}</strong>"
        case _:
            return escape(part).replace("\n", "<br>")
