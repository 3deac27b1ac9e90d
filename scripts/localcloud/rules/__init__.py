"""The provider's rules as data: one JSON file per provider, one row per property."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias, cast

from scripts.localcloud.errors import LocalCloudError, suggestion
from scripts.localcloud.values import Value

Kind: TypeAlias = Literal["string", "int", "float", "bool", "map", "list", "set", "object"]
Row: TypeAlias = Mapping[str, object]

PROVIDERS = ("alicloud", "random")


@dataclass(frozen=True)
class Property:
    """One property of a resource; absent rules mean the provider does not check."""

    kind: Kind
    required: bool = False
    computed: bool = False
    output: bool = False
    secret: bool = False
    force_new: bool = False
    auto_name: bool = False
    deprecated: bool | str = False
    default: Value = None
    elem: Kind | None = None
    elem_pattern: str | None = None
    elem_not_pattern: str | None = None
    allowed: tuple[Value, ...] = ()
    any_of: tuple[Row, ...] = ()
    range: tuple[float | None, float | None] | None = None
    length: tuple[int, int] | None = None
    min_items: int | None = None
    max_items: int | None = None
    pattern: str | None = None
    format: str | None = None
    conflicts_with: tuple[str, ...] = ()
    exactly_one_of: tuple[str, ...] = ()
    at_least_one_of: tuple[str, ...] = ()
    required_with: tuple[str, ...] = ()
    suppress_when: str | None = None
    properties: Mapping[str, "Property"] = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """One resource type: its properties, how long a call may take, what an update cannot do."""

    type: str
    properties: Mapping[str, Property]
    timeouts: Mapping[str, float]
    update_effects: Mapping[str, tuple[str, ...]]
    create_rules: tuple[str, ...]
    no_update: bool

    @property
    def local(self) -> bool:
        """Whether the provider keeps such a resource in the stack's state alone."""
        return not self.type.startswith("alicloud:")


@dataclass(frozen=True)
class Provider:
    """One provider: its resource types, its functions and what its configuration may hold."""

    name: str
    package: str
    config: frozenset[str]
    resources: Mapping[str, Rule]
    functions: Mapping[str, Mapping[str, Property]]


_FIELDS = {
    "required": "required",
    "computed": "computed",
    "output": "output",
    "secret": "secret",
    "forceNew": "force_new",
    "autoName": "auto_name",
    "deprecated": "deprecated",
    "default": "default",
    "elem": "elem",
    "minItems": "min_items",
    "maxItems": "max_items",
    "pattern": "pattern",
    "format": "format",
    "diffSuppressWhen": "suppress_when",
}
_TUPLES = {
    "allowed": "allowed",
    "anyOf": "any_of",
    "range": "range",
    "length": "length",
    "conflictsWith": "conflicts_with",
    "exactlyOneOf": "exactly_one_of",
    "atLeastOneOf": "at_least_one_of",
    "requiredWith": "required_with",
}
_HANDLED = {"type", "properties", "elemRules", "sdkOptional", *_FIELDS, *_TUPLES}


def _property(row: Row) -> Property:
    unknown = set(row) - _HANDLED
    if unknown:
        raise ValueError(f"rule keys nobody reads: {sorted(unknown)}")
    inner = cast("Mapping[str, Row]", row.get("properties", {}))
    elem_rules = cast("Mapping[str, str]", row.get("elemRules", {}))
    given: dict[str, object] = {ours: row[theirs] for theirs, ours in _FIELDS.items() if theirs in row}
    given |= {ours: tuple(cast("list[object]", row[theirs])) for theirs, ours in _TUPLES.items() if theirs in row}
    return Property(
        kind=cast("Kind", row["type"]),
        elem_pattern=elem_rules.get("pattern"),
        elem_not_pattern=elem_rules.get("notPattern"),
        properties={name: _property(nested) for name, nested in inner.items()},
        **given,  # type: ignore[arg-type]  # the names come from the two tables above
    )


def _seconds(duration: str) -> float:
    return float(duration.removesuffix("m")) * 60


def _rule(type_: str, row: Row) -> Rule:
    properties = cast("Mapping[str, Row]", row["properties"])
    effects = cast("Mapping[str, list[str]]", row.get("updateEffects", {}))
    return Rule(
        type=type_,
        properties={name: _property(prop) for name, prop in properties.items()},
        timeouts={call: _seconds(value) for call, value in cast("Mapping[str, str]", row.get("timeouts", {})).items()},
        update_effects={effect: tuple(names) for effect, names in effects.items()},
        create_rules=tuple(cast("list[str]", row.get("createRules", []))),
        no_update=bool(row.get("noUpdate", False)),
    )


@cache
def provider(name: str) -> Provider:
    """
    Return the rules of provider *name*.

    Raises:
        LocalCloudError: The local cloud has no such provider.

    """
    if name not in PROVIDERS:
        raise LocalCloudError(f"provider: {name!r} is not in the local cloud. It has {' and '.join(PROVIDERS)}.")
    document = json.loads((Path(__file__).parent / f"{name}.json").read_text(encoding="utf-8"))
    functions = {
        token: {prop: _property(row) for prop, row in spec["inputs"].items()}
        for token, spec in document["functions"].items()
    }
    return Provider(
        name=name,
        package=document["package"],
        config=frozenset(document["provider"]["inputs"]),
        resources={type_: _rule(type_, row) for type_, row in document["resources"].items()},
        functions=functions,
    )


def rule(type_: str) -> Rule:
    """
    Return the rules of resource type *type_*.

    Raises:
        LocalCloudError: The type is not in the local cloud.

    """
    known = provider(type_.split(":", 1)[0]).resources
    if type_ not in known:
        raise LocalCloudError(f"{type_}: this resource type is not in the local cloud.{suggestion(type_, known)}")
    return known[type_]


def function(token: str) -> Mapping[str, Property]:
    """
    Return the input properties of the provider function *token*.

    Raises:
        LocalCloudError: The function is not in the local cloud.

    """
    known = provider(token.split(":", 1)[0]).functions
    if token not in known:
        raise LocalCloudError(f"{token}: this function is not in the local cloud.{suggestion(token, known)}")
    return known[token]
