"""The package's schema for other Pulumi languages, made from the arguments' fields and the components' outputs."""

import inspect
from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

import pulumi
from pydantic.alias_generators import to_camel, to_pascal
from pydantic.fields import FieldInfo

from components.args.base import Args, is_secret, takes_output
from components.args.fields import default, kinds, meanings
from components.endpoint import Endpoint, output_kinds

PACKAGE = "alicloud-llm"

Spec = dict[str, Any]

# Where nobody names it, npm's is one of Pulumi's own, @pulumi/…
_LANGUAGES = {"csharp": {}, "go": {}, "java": {}, "nodejs": {"packageName": PACKAGE}, "python": {}}
_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean"}


def schema(version: str, published: Mapping[type[Endpoint], type[Args]]) -> Spec:
    """Return the schema of the package with the *published* components and their arguments."""
    choices = dict(choice for args in published.values() for choice in _choices(args))
    return {
        "name": PACKAGE,
        "version": version,
        "description": "Private, authenticated, OpenAI-compatible LLM endpoints on Alibaba Cloud.",
        "language": {name: {"respectSchemaVersion": True, **own} for name, own in _LANGUAGES.items()},
        "types": dict(sorted(choices.items())),
        "resources": {token(component.__name__): _resource(component, args) for component, args in published.items()},
    }


def token(name: str) -> str:
    """Return what the engine calls *name*, a component or a type."""
    return f"{PACKAGE}:index:{name}"


def _choices(args: type[Args]) -> Iterator[tuple[str, Spec]]:
    """Return a type for each argument that is one of several words, under the argument's name."""
    for name, field in args.model_fields.items():
        for kind in kinds(field.annotation):
            if get_origin(kind) is Literal:
                yield token(to_pascal(name)), {"type": "string", "enum": [{"value": word} for word in get_args(kind)]}


def _resource(component: type[Endpoint], args: type[Args]) -> Spec:
    fields, outputs = args.model_fields, output_kinds(component)
    meant, told = meanings(args, Args), meanings(component, pulumi.ComponentResource)
    return {
        "isComponent": True,
        "description": inspect.getdoc(component),
        "inputProperties": {to_camel(name): _input(name, field, meant[name]) for name, field in fields.items()},
        "requiredInputs": [to_camel(name) for name, field in fields.items() if field.is_required()],
        "properties": {
            to_camel(name): _type(_held(kind)) | _secret(fields.get(name)) | {"description": told[name]}
            for name, kind in outputs.items()
        },
        "required": [to_camel(name) for name, kind in outputs.items() if not _may_be_none(kind)],
    }


def _input(name: str, field: FieldInfo, meant: str) -> Spec:
    [kind] = [kind for kind in kinds(field.annotation) if get_origin(kind) is not pulumi.Output]
    plain = {} if takes_output(field) else {"plain": True}
    is_choice = get_origin(kind) is Literal
    spec = {"$ref": f"#/types/{token(to_pascal(name))}", **plain} if is_choice else _type(kind, plain)
    # Not as the schema's own default: an SDK would send it, and what is sent counts as given.
    usual = default(field)
    return spec | _secret(field) | {"description": f"{meant} Default: {usual}." if usual else meant}


def _secret(field: FieldInfo | None) -> Spec:
    """Return the mark of a secret argument, and of the output that bears its name."""
    return {"secret": True} if field and is_secret(field) else {}


def _held(output: Any) -> Any:  # noqa: ANN401
    """Return what an Output of that annotation holds, unless it is None."""
    [held] = kinds(*get_args(output))
    return held


def _may_be_none(output: Any) -> bool:  # noqa: ANN401
    return type(None) in get_args(*get_args(output))


def _type(kind: Any, marks: Mapping[str, bool] = {}) -> Spec:  # noqa: ANN401
    """Return the type of *kind*; the values in it bear the same *marks* as the whole."""
    if kind is Any:
        return {"$ref": "pulumi.json#/Any", **marks}
    if name := _TYPES.get(kind):
        return {"type": name, **marks}
    *_, inner = [part for part in get_args(kind) if part is not Ellipsis]
    [held] = kinds(inner)
    if issubclass(get_origin(kind), Mapping):
        return {"type": "object", "additionalProperties": _type(held, marks), **marks}
    return {"type": "array", "items": _type(held, marks), **marks}
