"""The one error a user of the components sees, and pydantic's complaints in its words."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import pulumi

from components import catalog


class ArgsError(pulumi.RunError):
    """What is wrong with a component's arguments, all of it; Pulumi prints it without a traceback."""

    def __init__(self, subject: str, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        """One line each: ``path: what, value. Way out.``"""
        count = len({re.split(r": |\.", problem)[0] for problem in self.problems})
        head = f"{subject}: {count} argument{'' if count == 1 else 's'} rejected"
        super().__init__("\n".join([head, *(f"  {problem}" for problem in self.problems)]))


_WORDS = {
    "bool": "is neither true nor false.",
    "dict": "is not a map of names to values.",
    "float": "is not a number.",
    "int": "is not a whole number.",
    "list": "is not a list.",
    "string": "is not text. Put it in quotes.",
    "tuple": "is not a list.",
}


def reword(error: Mapping[str, Any], *, secret: bool) -> str:
    """Return pydantic's *error* as ``what, value. Way out.``; a secret value is never repeated."""
    value = "the value" if secret else repr(error["input"])
    kind = error["type"]
    if kind == "value_error":
        return str(error["ctx"]["error"])
    if kind == "literal_error":
        allowed = error["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")
        return f"{value} is none of {', '.join(allowed)}.{catalog.nearest(str(error['input']), allowed)}"
    if kind == "is_instance_of":
        return f"{value} is neither text nor an Output of text."
    if words := _WORDS.get(kind.split("_")[0]):
        return f"{value} {words}"
    return f"{value}: {error['msg']}."
