"""Variables in a compose file. Source: https://docs.docker.com/reference/compose-file/interpolation/."""

import re
from collections.abc import Mapping

_PATTERN = re.compile(
    r"\$(?:(?P<escaped>\$)|(?P<plain>[A-Za-z_]\w*)|\{(?P<name>[A-Za-z_]\w*)(?:(?P<kind>:?[-?+])(?P<word>[^}]*))?\}|(?P<bad>))"
)


class InterpolationError(ValueError):
    """A reference that compose rejects."""


def interpolate(value: object, variables: Mapping[str, str], missing: set[str]) -> object:
    """
    Return *value*, any YAML, with its references resolved; unset names without a default are added to *missing*.

    Raises:
        InterpolationError: A required variable is unset, or the reference is malformed.
    """
    if isinstance(value, str):
        return _PATTERN.sub(lambda match: _resolve(match, variables, missing), value)
    if isinstance(value, list):
        return [interpolate(item, variables, missing) for item in value]
    if isinstance(value, dict):
        return {key: interpolate(item, variables, missing) for key, item in value.items()}
    return value


def _resolve(match: re.Match[str], variables: Mapping[str, str], missing: set[str]) -> str:
    if match["escaped"]:
        return "$"
    name, kind, word = match["plain"] or match["name"], match["kind"] or "", match["word"] or ""
    if not name:
        raise InterpolationError(f'invalid interpolation format for "{match.string}"')
    value = variables.get(name)
    present = bool(value) if kind.startswith(":") else value is not None
    if kind.endswith("+"):
        return word if present else ""
    if present and value is not None:
        return value
    if kind.endswith("?"):
        raise InterpolationError(f"required variable {name} is missing a value: {word}")
    if not kind:
        missing.add(name)
    return word
