"""The tables of arguments in docs/arguments.md, generated from the fields."""

import ast
import inspect
import itertools
import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from components.args.base import Args, is_secret

_NAMES = {str: "text", int: "whole number", float: "number", bool: "true or false"}


def argument_table(args: type[Args], known: type[Args] = Args) -> str:
    """Return a Markdown table of the arguments of *args*: name, kind, default, meaning; but for rows of *known*."""
    left_out = _rows(known)
    rows = [row for row in _rows(args) if row not in left_out]
    return "\n".join(["| argument | kind | default | meaning |", "|---|---|---|---|", *rows, ""])


def _rows(args: type[Args]) -> list[str]:
    meanings = _meanings(args)
    return [
        f"| `{to_camel(name)}` | {_kind(field.annotation)}{', secret' if is_secret(field) else ''} "
        f"| {_default(field)} | {meanings[name]} |"
        for name, field in args.model_fields.items()
    ]


def _meanings(args: type[Args]) -> dict[str, str]:
    """Return the text below each field, read from the sources: pydantic would read them at every preview."""
    found: dict[str, str] = {}
    for base in reversed(args.__mro__[: args.__mro__.index(Args)]):
        [definition] = ast.parse(inspect.getsource(base)).body
        for pair in itertools.pairwise(definition.body):  # type: ignore[attr-defined]  # a class's source is one class
            match pair:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    found[name] = text
    return found


def _kind(annotation: Any) -> str:  # noqa: ANN401
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(inner[0])
    if origin in (Union, types.UnionType):
        kinds = [_kind(part) for part in inner if part is not type(None)]
        return " or ".join(dict.fromkeys(kinds))
    if origin is Literal:
        return " / ".join(f"`{value}`" for value in inner)
    if origin is tuple:
        return f"list of {_kind(inner[0])}"
    return {dict: "map of text"}.get(origin, _NAMES.get(annotation, "Output"))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default in (None, PydanticUndefined, ()):
        return ""
    return f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"
