"""A document reads the same as a comment and as a page, and nothing in it can do anything."""

import pytest

from scripts.reporting.document import (
    Block,
    Bullets,
    Code,
    Fold,
    Heading,
    Listing,
    Notice,
    Paragraph,
    Row,
    Strong,
    Table,
)
from scripts.reporting.markdown import LONGEST, comment, markdown
from scripts.reporting.page import page

HOSTILE = "<script>@team ![x](https://e.com) `*_#1 a_b\nnext"
MARKDOWN = {
    "heading": (Heading(2, (Code("dev"),)), "## `dev`\n"),
    "words": (
        Paragraph((HOSTILE,)),
        "&lt;script>@\u200bteam !\\[x\\](https:\u200b//e.com) \\`\\*\\_\\#1 a_b<br>next\n",
    ),
    "code": (Paragraph((Code("a`b|c\n<d>"),)), "``a`b|c <d>``\n"),
    "code at its ends": (Paragraph((Code("`a`"),)), "`` `a` ``\n"),
    "strong": (Paragraph((Strong("all*"), " of it")), "**all\\*** of it\n"),
    "bullets": (Bullets([("one",), ("two",)]), "- one\n- two\n"),
    "notice": (Notice("bad", "No", [("why",)]), "> [!CAUTION]\n> **No**\n> - why\n"),
    "table": (
        Table(("", "b"), [Row((("x|y",), (Code("p|q"),)), "bad")]),
        "|  | b |\n| --- | --- |\n| x\\|y | `p\\|q` |\n",
    ),
    "listing": (Listing("```\nx"), "````text\n```\nx\n````\n"),
    "fold": (
        Fold(("more",), [Paragraph(("in it",))]),
        "<details><summary>more</summary>\n\nin it\n\n</details>\n",
    ),
}


@pytest.mark.parametrize(("block", "text"), MARKDOWN.values(), ids=MARKDOWN)
def test_markdown(block: Block, text: str) -> None:
    """Each block is Markdown in which others' words stay words."""
    assert markdown([block]) == text


def test_page() -> None:
    """A page escapes everything, and may load nothing."""
    blocks: list[Block] = [Heading(1, (HOSTILE,)), Paragraph((Code(HOSTILE), Strong(HOSTILE))), Listing(HOSTILE)]

    text = page(HOSTILE, [*blocks, Notice("good", HOSTILE), Table((HOSTILE,), [Row(((HOSTILE,),))])])

    assert "<script>" not in text
    assert "default-src 'none'" in text
    assert text.count("&lt;script&gt;") == 8


def test_too_long_for_a_comment() -> None:
    """What is folded goes first, and then the end."""
    most = Listing("x" * (LONGEST - 100))
    end = "\n\nThe rest is too long for a comment.\n"

    assert comment([most]) == markdown([most])
    assert comment([most, Fold(("more",), [most])]) == markdown([most])
    assert comment([Bullets([("x" * 99,)] * LONGEST)]).endswith(end)
    assert len(comment([Bullets([("x" * 99,)] * LONGEST)])) <= LONGEST + len(end)
