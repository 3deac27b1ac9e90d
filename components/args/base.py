"""What every component's arguments have in common: two spellings, unknown names refused, all problems at once."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import FunctionType
from typing import Any, ClassVar, Self, TypeVar, get_args

import pulumi
import pydantic
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from components import catalog
from components.args.errors import ArgsError, reword
from components.plan import Problem

ResourceId = str | pulumi.Output[str]
"""Id of an existing cloud resource. Passed through, never inspected."""

Checked = TypeVar("Checked")
Rule = TypeVar("Rule", bound=Callable[..., Iterable[Problem]])


def rule(*needs: str) -> Callable[[Rule], Rule]:
    """Mark a method as a check across arguments; it runs unless one of the arguments it *needs* is already refused."""

    def mark(method: Rule) -> Rule:
        method.__dict__["needs"] = frozenset(needs)
        return method

    return mark


def is_secret(field: FieldInfo) -> bool:
    """Say whether the value of *field* must not be shown."""
    return not field.repr


class Args(pydantic.BaseModel):
    """Frozen arguments; plain values are validated, Outputs pass through where a field takes them."""

    model_config = pydantic.ConfigDict(
        frozen=True,
        extra="forbid",
        arbitrary_types_allowed=True,
        # Only the component that is used needs a validator, not the classes it is made from.
        defer_build=True,
    )

    COMPONENT: ClassVar[str]
    PLACEHOLDERS: ClassVar[Mapping[str, object]] = {}
    """Stand-ins for required arguments, so that the rules about others still run when one is missing."""

    @classmethod
    def from_config(cls, given: object) -> Self:
        """
        Return the arguments in a stack's config object.

        Raises:
            ArgsError: Every problem found.
        """
        if not isinstance(given, Mapping):
            raise ArgsError(cls.COMPONENT, [f"args: {given!r} is not a map of argument names to values."])
        return cls.model_validate(dict(given))

    def inputs(self) -> dict[str, object]:
        """Return what was set, in camelCase and without secrets: the part that may be kept in a stack's state."""
        chosen = [name for name in type(self).model_fields if name in self.model_fields_set]
        fields = type(self).model_fields
        return {to_camel(name): getattr(self, name) for name in chosen if not is_secret(fields[name])}

    @pydantic.model_validator(mode="wrap")
    @classmethod
    def _check(cls, given: Any, handler: pydantic.ModelWrapValidatorHandler[Self]) -> Self:  # noqa: ANN401
        if isinstance(given, cls):
            return handler(given)
        collector = _Collector(cls, given)
        args = collector.validated(handler)
        for check in _rules(cls):
            if not collector.refused & check.__dict__["needs"]:
                for problem in check(args):
                    collector.refuse(problem.argument, problem.text)
        if collector.problems:
            raise ArgsError(cls.COMPONENT, collector.lines())
        return args


def _rules(cls: type[Args]) -> Iterator[Callable[..., Iterable[Problem]]]:
    members = {name: value for base in reversed(cls.__mro__) for name, value in vars(base).items()}
    return (value for value in members.values() if isinstance(value, FunctionType) and hasattr(value, "needs"))


class _Collector:
    """One pass over what a user gave: which names were used, what is refused, how to spell it back."""

    def __init__(self, cls: type[Args], given: Mapping[str, object]) -> None:
        self.fields = cls.model_fields
        self.placeholders = cls.PLACEHOLDERS
        self.problems: list[tuple[str, str, str]] = []
        self.written: dict[str, str] = {}
        self.values: dict[str, object] = {}
        self.snake = any("_" in name for name in given)
        known = {spelling: name for name in self.fields for spelling in (name, to_camel(name))}
        for spelling, value in given.items():
            self._take(spelling, known, value)

    def _take(self, spelling: str, known: Mapping[str, str], value: object) -> None:
        name = known.get(spelling)
        if name is None:
            offered = [other for other in known if ("_" in other) == ("_" in spelling)]
            self.problems.append((spelling, spelling, f"no such argument.{catalog.nearest(spelling, offered)}"))
        elif name in self.written:
            self.refuse(name, f"given twice, also as {spelling}. Leave one out.")
        else:
            self.written[name] = spelling
            if _holds_output(value) and not takes_output(self.fields[name]):
                why = "the plan and the checks in `preview` are computed from it"
                self.refuse(name, f"is an Output, and {why}. Give a plain value.")
            else:
                self.values[name] = value

    @property
    def refused(self) -> set[str]:
        """Fields with a problem."""
        return {name for name, _, _ in self.problems}

    def refuse(self, name: str, text: str, path: str = "") -> None:
        """Note a problem of the field *name*."""
        line = (name, self.spelled(name) + path, self._in_style(text))
        if line not in self.problems:
            self.problems.append(line)

    def spelled(self, name: str) -> str:
        """Return *name* as the user wrote it, or in the style of the rest."""
        return self.written.get(name, name if self.snake else to_camel(name))

    def _in_style(self, text: str) -> str:
        """Return *text*, in which other arguments are named in camelCase, with them spelled in the user's style."""
        names = {to_camel(name): name for name in self.fields if "_" in name}
        return re.sub(rf"\b({'|'.join(names)})\b", lambda found: names[found[0]], text) if self.snake else text

    def validated(self, handler: Callable[[object], Checked]) -> Checked:
        """Return the model without the refused fields; the caller raises if there are any."""
        while True:
            values = {name: value for name, value in self.values.items() if name not in self.refused}
            values |= {name: value for name, value in self.placeholders.items() if name in self.refused}
            try:
                return handler(values)
            except pydantic.ValidationError as error:
                self._note(error)

    def _note(self, error: pydantic.ValidationError) -> None:
        before = self.refused
        for detail in error.errors(include_url=False):
            name, *path = map(str, detail["loc"])
            # The first of a union's complaints speaks for all; a default that was not computed has a cause elsewhere.
            if name not in before and detail["type"] != "default_factory_not_called":
                field = self.fields[name]
                union = takes_output(field)
                if union and name in self.refused:
                    continue
                missing = f"is required, such as {self.placeholders.get(name)!r}."
                text = missing if detail["type"] == "missing" else reword(detail, secret=is_secret(field))
                self.refuse(name, text, "" if union else "".join(f".{part}" for part in path))

    def lines(self) -> list[str]:
        """Return the problems in the order of the fields, unknown names last."""
        order = {name: place for place, name in enumerate(self.fields)}
        ranked = sorted(self.problems, key=lambda problem: order.get(problem[0], len(order)))
        return [f"{path}: {text}" for _, path, text in ranked]


def _holds_output(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(map(_holds_output, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_holds_output, value))
    return isinstance(value, pulumi.Output)


def takes_output(field: FieldInfo) -> bool:
    """Say whether *field* may be given a value that is known later."""
    return any("Output" in str(part) for part in (field.annotation, *get_args(field.annotation)))
