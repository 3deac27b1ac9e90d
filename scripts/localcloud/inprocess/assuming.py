"""What stands in for values that only the real cloud has, such as what is in a network of the user's own."""

from collections.abc import Container, Iterable, Mapping

from scripts.localcloud import rules
from scripts.localcloud.backends import knows
from scripts.localcloud.rules import Property
from scripts.localcloud.values import UNKNOWN, Value, Values, has_unknown

_EMPTY: Mapping[str, Value] = {"int": 0, "float": 0, "bool": False, "map": {}, "object": {}}
_ADDRESS = "192.0.2.1"
"""Of the block for documentation (RFC 5737)."""


def assumed(type_: str, name: str, values: Values) -> Values:
    """Return the properties *values* of resource *name* with something known in the place of what is not."""
    rows = _rows(type_)
    return {prop: _known(value, rows.get(prop), f"assumed-{name}-{prop}") for prop, value in values.items()}


def settled(news: Values, olds: Values, sources: Mapping[str, Container[str]], moved: Iterable[str]) -> Values:
    """Return *news* with what is not known as it was, where nothing that it comes from is among those that *moved*."""
    return {
        prop: olds[prop]
        if prop in olds and has_unknown(value) and not any(urn in sources.get(prop, ()) for urn in moved)
        else value
        for prop, value in news.items()
    }


def assumed_outputs(type_: str, name: str, values: Values) -> Values:
    """Return what *assumed* does, with what a resource of *type_* has only once it exists."""
    status: Values = {"loadBalancer": {"ingress": [{"ip": _ADDRESS}]}}
    return assumed(type_, name, values) | ({"status": status} if type_ == "kubernetes:core/v1:Service" else {})


def _rows(type_: str) -> Mapping[str, Property]:
    ruled = type_.split(":", 1)[0] in rules.PROVIDERS and knows(type_)
    return rules.rule(type_).properties if ruled else {}


def _known(value: Value, row: Property | None, text: str) -> Value:
    match value:
        case dict():
            return {name: _known(inner, None, f"{text}-{name}") for name, inner in value.items()}
        case list():
            return [_known(inner, None, text) for inner in value]
        case _ if value is not UNKNOWN:
            return value
        case _ if row is None:
            return text
        case _:
            return [text] if row.kind in ("list", "set") else _EMPTY.get(row.kind, text)
