"""What is written about fields: the text below each, and what kinds of values it takes."""

import ast
import inspect
import itertools
import types
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined


def meanings(owner: type, root: type) -> dict[str, str]:
    """Return the text below each field that *owner* adds to *root*, read from the sources as nothing keeps it."""
    found: dict[str, str] = {}
    for base in reversed(owner.__mro__[: owner.__mro__.index(root)]):
        [definition] = ast.parse(inspect.getsource(base)).body
        for pair in itertools.pairwise(definition.body):  # type: ignore[attr-defined]  # a class's source is one class
            match pair:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    found[name] = text
    return found


def kinds(annotation: Any) -> list[Any]:  # noqa: ANN401
    """Return the alternatives that *annotation* allows, bare of their checks and without None."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return kinds(inner[0])
    if origin in (Union, types.UnionType):
        return [kind for part in inner for kind in kinds(part)]
    return [] if annotation is type(None) else [annotation]


def default(field: FieldInfo) -> str:
    """Return the default of *field* as a user would write it; empty where it has none, or a computed one."""
    if field.default in (None, PydanticUndefined, ()):
        return ""
    return f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"
