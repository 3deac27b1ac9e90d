"""What a program in YAML, which has no SDK, is told of a provider: its resources and the types of their properties."""

from collections.abc import Mapping

from scripts.localcloud import rules
from scripts.localcloud.rules import Kind, Property, Rule

Spec = dict[str, object]

_TYPES: Mapping[Kind | None, str] = {"string": "string", "int": "integer", "float": "number", "bool": "boolean"}
_ANYTHING: Spec = {"$ref": "pulumi.json#/Any"}


def schema(name: str, version: str) -> Spec:
    """Return the schema of the provider *name*; of Kubernetes only that there is one, as it has no rules here."""
    told: Spec = {"name": name, "version": version}
    if name not in rules.PROVIDERS:
        return told
    found = rules.provider(name)
    return {
        **told,
        "provider": {"inputProperties": dict.fromkeys(sorted(found.config), _ANYTHING)},
        "resources": {type_: _resource(rule) for type_, rule in found.resources.items()},
    }


def _resource(rule: Rule) -> Spec:
    inputs = {name: one for name, one in rule.properties.items() if not one.output}
    return {
        "inputProperties": {name: _type(one) for name, one in inputs.items()},
        "requiredInputs": [name for name, one in inputs.items() if one.required],
        "properties": {name: _type(one) for name, one in rule.properties.items()},
        "required": [name for name, one in rule.properties.items() if one.required or one.computed],
    }


def _type(one: Property) -> Spec:
    """Return the type of a property; what is inside a nested one, the rules check when it is made."""
    inner = {"type": _TYPES[one.elem]} if one.elem in _TYPES else _ANYTHING
    if one.kind in ("list", "set"):
        return {"type": "array", "items": inner}
    if one.kind == "map":
        return {"type": "object", "additionalProperties": inner}
    return {"type": _TYPES[one.kind]} if one.kind in _TYPES else _ANYTHING
