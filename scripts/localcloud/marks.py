"""How secret values are told from others in every file that the local cloud writes."""

from collections.abc import Collection
from typing import cast

from scripts.localcloud.values import Value, Values

SECRET_MARK = "$secret"  # noqa: S105 the mark, not a secret
"""The one key of an object that wraps a secret value."""


def mark(properties: Values, secret: Collection[str]) -> dict[str, object]:
    """Return *properties* with the values named in *secret* wrapped in `SECRET_MARK`."""
    return {name: {SECRET_MARK: value} if name in secret else value for name, value in properties.items()}


def unmark(properties: dict[str, object]) -> Values:
    """Return what `mark` was given."""
    return {name: _plain(value) for name, value in properties.items()}


def _plain(value: object) -> Value:
    if isinstance(value, dict) and set(value) == {SECRET_MARK}:
        return cast("Value", value[SECRET_MARK])
    return cast("Value", value)
