"""The tables of arguments in docs/arguments.md, generated from the fields."""

from typing import Any, Literal, get_args, get_origin

from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from components.args.base import Args, is_secret
from components.args.fields import default, kinds, meanings

_NAMES = {str: "text", int: "whole number", float: "number", bool: "true or false"}


def argument_table(args: type[Args], known: type[Args] = Args) -> str:
    """Return a Markdown table of the arguments of *args*: name, kind, default, meaning; but for rows of *known*."""
    left_out = _rows(known)
    rows = [row for row in _rows(args) if row not in left_out]
    return "\n".join(["| argument | kind | default | meaning |", "|---|---|---|---|", *rows, ""])


def _rows(args: type[Args]) -> list[str]:
    texts = meanings(args, Args)
    return [
        f"| `{to_camel(name)}` | {_words(field)} | {'required' if field.is_required() else default(field)} "
        f"| {texts[name]} |"
        for name, field in args.model_fields.items()
    ]


def _words(field: FieldInfo) -> str:
    words = dict.fromkeys(_word(kind) for kind in kinds(field.annotation))
    return " or ".join(words) + (", secret" if is_secret(field) else "")


def _word(kind: Any) -> str:  # noqa: ANN401
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return " / ".join(f"`{value}`" for value in inner)
    if origin is tuple:
        [each] = kinds(inner[0])
        return f"list of {_word(each)}"
    return {dict: "map of text"}.get(origin, _NAMES.get(kind, "Output"))
