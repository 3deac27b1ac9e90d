"""Reads ``Pulumi.yaml`` and ``Pulumi.<stack>.yaml`` and checks the configuration as ``pulumi`` does."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import yaml

from scripts.localcloud.errors import LocalCloudError
from scripts.localcloud.inprocess.program import Config

SECRETS = "LOCALCLOUD_SECRET_CONFIG"
"""Environment variable: secret configuration values as a JSON object, such as ``{"llm:apiKey": "…"}``."""

StandIn: TypeAlias = Callable[[str, str], str]
"""Makes what stands in for an encrypted value, from where it is, such as ``llm:apiKey``, and its ciphertext."""


@dataclass(frozen=True)
class Project:
    """A program's project file and the configuration of one of its stacks."""

    name: str
    stack: str
    config: Config

    @property
    def region(self) -> str:
        """The region of the default provider, empty when none is configured."""
        return self.config.values.get("alicloud:region", os.environ.get("ALIBABA_CLOUD_REGION", ""))


def load(folder: Path, stack: str, *, file: Path | None = None, stand_in: StandIn | None = None) -> Project:
    """
    Return the project in *folder* with the configuration of *stack*, which is in *file* if it lies elsewhere.

    With *stand_in*, an encrypted value is replaced instead of refused.

    Raises:
        LocalCloudError: No project, no such stack, or a configuration that ``pulumi`` refuses.

    """
    document = _yaml(folder / "Pulumi.yaml", "Pulumi.yaml: not here. Run this in the folder of the program.")
    name = str(document.get("name", ""))
    if not name:
        raise LocalCloudError("Pulumi.yaml: name is missing.")
    missing = f"stack: there is no {stack!r} here. Write a Pulumi.{stack}.yaml, or name another with --stack."
    stack_document = _yaml(file or folder / f"Pulumi.{stack}.yaml", missing)
    given = _mapping(stack_document.get("config"), f"Pulumi.{stack}.yaml: config")
    values = {_key(name, key, typed=True): value for key, value in given.items()}
    secrets = _secrets()
    if stand_in:
        opened = {key: _opened(key, value, stand_in) for key, value in values.items()}
        secrets = {key: value for key, value in opened.items() if value != values[key]} | secrets
    values |= secrets
    declared = _declared(name, document)
    _complete(name, stack, values, declared)
    secret = frozenset(secrets) | {key for key, row in declared.items() if row.get("secret") is True and key in values}
    _validate(stack, values, declared, frozenset(secrets))
    return Project(name, stack, Config({key: _text(value) for key, value in values.items()}, secret))


def stack_name(folder: Path, asked: str | None) -> str:
    """
    Return the stack to work on: the one *asked* for, ``PULUMI_STACK``, or the only one there is.

    Raises:
        LocalCloudError: There are several and none was named.

    """
    named = asked or os.environ.get("PULUMI_STACK")
    if named:
        return named
    stacks = sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in folder.glob("Pulumi.*.yaml"))
    if len(stacks) != 1:
        raise LocalCloudError(f"stack: {', '.join(stacks) or 'none'} here. Name one with --stack.")
    return stacks[0]


def _yaml(path: Path, missing: str) -> Mapping[str, object]:
    if not path.exists():
        raise LocalCloudError(missing)
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as problem:
        where = f", line {problem.problem_mark.line + 1}" if problem.problem_mark else ""
        raise LocalCloudError(f"{path.name}: not YAML{where}: {problem.problem}.") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise LocalCloudError(f"{path.name}: not YAML, for it is not text.") from None
    return _mapping(document, path.name)


def _mapping(value: object, where: str) -> Mapping[str, object]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise LocalCloudError(f"{where}: must be an object.")
    return value


def _secrets() -> dict[str, object]:
    try:
        return dict(_mapping(json.loads(os.environ.get(SECRETS) or "{}"), SECRETS))
    except ValueError:
        raise LocalCloudError(f"{SECRETS}: not JSON.") from None


def _opened(path: str, value: object, stand_in: StandIn) -> object:
    """Return *value* with a stand-in for every encrypted part of it."""
    match value:
        case {"secure": str(ciphertext), **others} if not others:
            return stand_in(path, ciphertext)
        case dict():
            return {key: _opened(f"{path}.{key}", inner, stand_in) for key, inner in value.items()}
        case list():
            return [_opened(f"{path}[{index}]", inner, stand_in) for index, inner in enumerate(value)]
        case _:
            return value


def _key(project: str, key: str, *, typed: bool = False) -> str:
    if ":" in key:
        return key
    if typed:
        raise LocalCloudError(f"config {key!r}: has no namespace. Write {project}:{key}.")
    return f"{project}:{key}"


def _declared(project: str, document: Mapping[str, object]) -> dict[str, Mapping[str, object]]:
    rows = _mapping(document.get("config"), "Pulumi.yaml: config")
    return {_key(project, key): row if isinstance(row, dict) else {"value": row} for key, row in rows.items()}


def _complete(
    project: str, stack: str, values: dict[str, object], declared: Mapping[str, Mapping[str, object]]
) -> None:
    missing = []
    for key, row in declared.items():
        if key in values:
            continue
        given = row.get("default", row.get("value"))
        if given is not None:
            values[key] = given
        elif key.startswith(f"{project}:"):
            missing.append(key.removeprefix(f"{project}:"))
    if missing:
        noun = "values" if len(missing) > 1 else "value"
        raise LocalCloudError(f"Stack '{stack}' is missing configuration {noun} {_words(missing)}")


def _words(names: list[str]) -> str:
    quoted = [f"'{name}'" for name in sorted(names)]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def _validate(
    stack: str,
    values: Mapping[str, object],
    declared: Mapping[str, Mapping[str, object]],
    secrets: frozenset[str],
) -> None:
    for key, value in values.items():
        if isinstance(value, dict) and set(value) == {"secure"}:
            raise LocalCloudError(
                f"Stack '{stack}' has the encrypted value '{key}', which only the pulumi command can read. "
                f"Pass it in the environment variable {SECRETS} instead."
            )
        row = declared.get(key, {})
        if row.get("secret") is True and key not in secrets:
            raise LocalCloudError(
                f"Stack '{stack}' with configuration key '{key}' must be encrypted as it's secret. "
                f"Pass it in the environment variable {SECRETS}."
            )
        kind = row.get("type")
        if isinstance(kind, str) and not _legal(kind, row.get("items"), value):
            raise LocalCloudError(f"Stack '{stack}' with configuration key '{key}' must be of type '{_name(row)}'")


def _name(row: Mapping[str, object]) -> str:
    items = row.get("items")
    return f"array<{_name(items)}>" if row.get("type") == "array" and isinstance(items, dict) else str(row.get("type"))


def _legal(kind: str, items: object, value: object) -> bool:
    match kind:
        case "string":
            return not isinstance(value, dict | list)
        case "integer":
            digits = isinstance(value, str) and value.lstrip("+-").isdigit()
            whole = isinstance(value, float) and value.is_integer()
            return digits or whole or (isinstance(value, int) and not isinstance(value, bool))
        case "boolean":
            return isinstance(value, bool) or value in ("true", "false")
        case "object":
            return isinstance(value, dict)
        case "array":
            inner = items if isinstance(items, dict) else {}
            return isinstance(value, list) and all(
                _legal(str(inner.get("type", "string")), inner.get("items"), item) for item in value
            )
        case _:
            raise LocalCloudError(f"Pulumi.yaml: config type {kind!r} is not known.")


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value)
