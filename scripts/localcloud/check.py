"""Are these inputs ones the provider would accept? Shape, values and combinations, from the rules; no state."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from scripts.localcloud import check_values, create_rules
from scripts.localcloud.check_values import Failure
from scripts.localcloud.errors import suggestion
from scripts.localcloud.rules import Property, Rule
from scripts.localcloud.values import Value, Values

__all__ = ["Checked", "Failure", "auto_named", "check", "check_function"]


@dataclass(frozen=True)
class Checked:
    """Inputs with the provider's defaults filled in, and everything wrong with them."""

    inputs: Values
    failures: tuple[Failure, ...]


def check(rule: Rule, name: str, inputs: Values, *, secret: frozenset[str] = frozenset(), seed: str = "") -> Checked:
    """
    Check *inputs* of the resource *name* against *rule*.

    Values of properties in *secret*, or secret by rule, are never quoted. *seed* makes the automatic name.
    """
    quiet = secret | {prop for prop, row in rule.properties.items() if row.secret}
    given: Values = {prop: value for prop, value in inputs.items() if value is not None}
    filled = _defaults(rule.properties, given) | _auto_name(rule, name, given, seed)
    failures = [
        *_shape(rule.properties, filled, quiet),
        *_combinations(rule.properties, given),
        *create_rules.failures(rule.type, filled),
    ]
    return Checked(filled, tuple(failures))


def check_function(token: str, properties: Mapping[str, Property], inputs: Values) -> Checked:
    """Check the arguments of the function *token*."""
    given: Values = {prop: value for prop, value in inputs.items() if value is not None}
    failures = [replace(failure, path=f"{token}: {failure.path}") for failure in _shape(properties, given, frozenset())]
    return Checked(_defaults(properties, given), tuple(failures))


def auto_named(name: str, value: Value) -> bool:
    """Whether *value* is a name that the provider made for the resource *name*."""
    return isinstance(value, str) and re.fullmatch(re.escape(name) + "-[0-9a-f]{7}", value) is not None


def _auto_name(rule: Rule, name: str, given: Values, seed: str) -> Values:
    digest = hashlib.sha256(f"{seed}/{rule.type}/{name}".encode()).hexdigest()[:7]
    return {prop: f"{name}-{digest}" for prop, row in rule.properties.items() if row.auto_name and prop not in given}


def _defaults(properties: Mapping[str, Property], given: Values) -> Values:
    """Return *given* with defaults, leaving out those of deprecated and conflicting properties as the provider does."""
    filled = dict(given)
    for name, row in properties.items():
        if name in given:
            filled[name] = _nested_defaults(row, given[name])
        elif row.default is not None and not row.deprecated and not any(other in given for other in row.conflicts_with):
            filled[name] = row.default
    return filled


def _nested_defaults(row: Property, value: Value) -> Value:
    if row.properties and isinstance(value, dict):
        return _defaults(row.properties, value)
    if row.properties and isinstance(value, list):
        return [_defaults(row.properties, item) if isinstance(item, dict) else item for item in value]
    return value


def _shape(properties: Mapping[str, Property], given: Values, quiet: frozenset[str]) -> Iterator[Failure]:
    for name, value in given.items():
        row = properties.get(name)
        if row is None:
            yield Failure(name, f"no such property.{suggestion(name, properties)}")
        elif row.output:
            yield Failure(name, "is an output of the service and cannot be set.")
        else:
            yield from check_values.failures(name, row, value, quiet=name in quiet)
    for name, row in properties.items():
        if row.required and name not in given:
            yield Failure(name, "is required and missing.")


def _combinations(properties: Mapping[str, Property], given: Values) -> Iterator[Failure]:
    seen: set[frozenset[str]] = set()
    for name, row in properties.items():
        if name in given:
            yield from _conflicts(name, row, given, seen)
        if row.required_with and name in given:
            missing = [other for other in row.required_with if other not in given]
            yield from (Failure(name, f"needs {other} beside it.") for other in missing)
        yield from _group(row.exactly_one_of, given, seen, lambda count: count == 1, "exactly one of {}")
        yield from _group(row.at_least_one_of, given, seen, lambda count: count > 0, "at least one of {}")


def _conflicts(name: str, row: Property, given: Values, seen: set[frozenset[str]]) -> Iterator[Failure]:
    for other in row.conflicts_with:
        pair = frozenset({name, other})
        if other in given and pair not in seen:
            seen.add(pair)
            yield Failure(name, f"conflicts with {other}. Give one of the two.")


def _group(
    names: tuple[str, ...],
    given: Values,
    seen: set[frozenset[str]],
    enough: Callable[[int], bool],
    wanted: str,
) -> Iterator[Failure]:
    group = frozenset(names)
    if not names or group in seen:
        return
    seen.add(group)
    if not enough(sum(name in given for name in names)):
        yield Failure(names[-1], wanted.format(", ".join(sorted(names))) + " is needed.")
