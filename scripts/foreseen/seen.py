"""The data that a look ahead returns, and how it travels between processes."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Final, Self

from scripts.localcloud.inprocess.events import Severity, Step
from scripts.localcloud.values import UNKNOWN

__all__ = ["SECRET", "UNKNOWN", "Foreseen", "Planned", "Said", "Source"]


class Secret(Enum):
    """The type of `SECRET`; an enum, so that a copy is still the same object."""

    VALUE = "secret"


SECRET: Final = Secret.VALUE
"""A part of a secret value."""
_MARK = "$foreseen"
"""The one key of the object that stands for `UNKNOWN` or `SECRET` in JSON."""


@dataclass(frozen=True)
class Source:
    """One stack of the program in *folder*; its stack file is *file*, or lies beside the program."""

    folder: Path
    stack: str
    file: Path | None = None


@dataclass(frozen=True)
class Planned:
    """One resource, and what becomes of it; *changed* are properties that differ, *sources* what inputs are made of."""

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    step: Step
    changed: tuple[str, ...]
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    secret: frozenset[str]
    sources: Mapping[str, tuple[str, ...]]
    """The URNs of the resources that an input comes from."""


@dataclass(frozen=True)
class Said:
    """One message of the program; *urn* is empty when it is about the whole stack."""

    severity: Severity
    text: str
    urn: str = ""


@dataclass(frozen=True)
class Foreseen:
    """What a program would do: *resources* are in its order, parents first, what is deleted last."""

    good: bool
    resources: tuple[Planned, ...] = ()
    messages: tuple[Said, ...] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def errors(self) -> tuple[str, ...]:
        """Why it is not good."""
        return tuple(message.text for message in self.messages if message.severity == "error")

    @classmethod
    def failed(cls, text: str) -> Self:
        """Return what is seen of a program that could not even be started, because of *text*."""
        return cls(good=False, messages=(Said("error", text),))

    def text(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self), default=_encoded)

    @classmethod
    def of(cls, text: str) -> Self:
        """Return what `text` wrote."""
        document = json.loads(text, object_hook=_decoded)
        return cls(
            good=document["good"],
            resources=tuple(_planned(row) for row in document["resources"]),
            messages=tuple(Said(**row) for row in document["messages"]),
            outputs=document["outputs"],
        )


def _planned(row: dict[str, Any]) -> Planned:
    sources = {name: tuple(urns) for name, urns in row.pop("sources").items()}
    return Planned(
        **row | {"changed": tuple(row["changed"]), "secret": frozenset(row["secret"])},
        sources=sources,
    )


def _encoded(value: object) -> object:
    return {_MARK: value.value} if isinstance(value, Enum) else sorted(value)  # type: ignore[call-overload]  # a set


def _decoded(document: dict[str, Any]) -> Any:  # noqa: ANN401 any JSON
    match document.get(_MARK):
        case UNKNOWN.value:
            return UNKNOWN
        case SECRET.value:
            return SECRET
        case _:
            return document
