"""Does an object have the shape its kind has? From the API's own schemas, and from facts for custom kinds."""

import json
import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

from scripts.localcloud.check_values import Failure
from scripts.localcloud.errors import LocalCloudError, suggestion
from scripts.localcloud.kubernetes.objects import Manifest
from scripts.localcloud.kubernetes.resources import Resource, Rows
from scripts.localcloud.values import UNKNOWN

Schema: TypeAlias = dict[str, Any]

NEWEST = "1.34"
"""The Kubernetes version whose schemas are used as long as nobody knows the cluster's."""
_BASE = "https://kubernetes.io/api/"
_CORE = f"{_BASE}_definitions.json#/$defs/io.k8s.api.core.v1."


def failures(
    resource: Resource, manifest: Manifest, version: str = NEWEST, quiet: frozenset[str] = frozenset()
) -> list[Failure]:
    """
    Return what is wrong with the shape of *manifest*; a value not known yet fits everywhere.

    Values under the top-level fields in *quiet* are never quoted.

    Raises:
        LocalCloudError: The package with the schemas is not installed.

    """
    minor = ".".join(version.split(".")[:2])
    errors = [error for error in _validator(resource, minor).iter_errors(manifest) if error.instance is not UNKNOWN]
    found = {failure for error in errors for failure in _failures(error, quiet)}
    return sorted(found, key=lambda failure: failure.path)


def _failures(error: Any, quiet: frozenset[str]) -> list[Failure]:  # noqa: ANN401 the validator has no types
    path = list(error.absolute_path)
    match error.validator:
        case "additionalProperties":
            known = error.schema.get("properties", {})
            unknown = set(error.instance) - set(known)
            return [Failure(written([*path, name]), f"no such field.{suggestion(name, known)}") for name in unknown]
        case "required":
            return [Failure(written([*path, error.message.split("'")[1]]), "is required and missing.")]
        case _ if path and path[0] in quiet:
            return [Failure(written(path), f"a secret value that its {error.validator} does not allow.")]
        case _:
            return [Failure(written(path), f"{error.message}.")]


def written(path: Iterable[str | int]) -> str:
    """Return *path* as in ``spec.containers[0].image``; a key with dots in it is quoted."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif re.search(r'[."\[\]]', step):
            text += f'["{step}"]'
        else:
            text += f".{step}" if text else step
    return text


@cache
def _validator(resource: Resource, version: str) -> Any:  # noqa: ANN401 the validator has no types
    from jsonschema.validators import Draft202012Validator  # type: ignore[import-untyped]  # noqa: PLC0415 as slow
    from referencing import Registry  # noqa: PLC0415 as the package it belongs to
    from referencing import Resource as Part  # noqa: PLC0415

    if resource.rows is None:
        group, _, name = resource.api_version.rpartition("/")
        schema = _load(version, "-".join(filter(None, (resource.kind.lower(), group.split(".")[0], name))))
    else:
        schema = _custom(resource.rows)
    registry = Registry().with_resource(f"{_BASE}_definitions.json", Part.from_contents(_load(version, "_definitions")))
    return Draft202012Validator(schema, registry=registry)


@cache
def _load(version: str, name: str) -> Schema:
    try:
        folder = files("kubernetes_validate") / "kubernetes-json-schema" / f"v{version}.0-local-strict"
        schema: Schema = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    except ModuleNotFoundError:
        message = "kubernetes: the schemas are in kubernetes-validate. Install what tests/requirements.txt lists."
        raise LocalCloudError(message) from None
    except FileNotFoundError:
        raise LocalCloudError(f"kubernetes: there are no schemas of Kubernetes {version} here.") from None
    return schema


def _custom(rows: Rows) -> Schema:
    metadata = {"$ref": f"{_BASE}_definitions.json#/$defs/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}
    root: Schema = {"type": "object", "properties": {"apiVersion": {}, "kind": {}, "metadata": metadata, "status": {}}}
    for path, row in rows.items():
        node = root
        for step in re.findall(r"\[\]|[^.\[]+", path):
            if step == "[]":
                node = node.setdefault("items", {})
            elif step == "*":
                node = node.setdefault("additionalProperties", {})
            else:
                node.setdefault("additionalProperties", False)
                node = node.setdefault("properties", {}).setdefault(step, {})
        node |= _rules(row)
    root["additionalProperties"] = False
    return root


def _rules(row: Any) -> Schema:  # noqa: ANN401 one row of the facts
    if "embeds" in row:
        return {"$ref": _CORE + row["embeds"].split(" ")[1]}
    rules = dict(row)
    if rules.get("type") == "int-or-string":
        rules["type"] = ["integer", "string"]
    return rules
