"""What a user changes of the rules: the file that `--policy-pack-config` takes, read the same without the command."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from .rule import Rule

Config = Mapping[str, Any]
"""
By a rule's name its level, or a map of the level and options; `all` stands for every rule.

``{"tags-present": {"enforcementLevel": "mandatory", "required": ["team"]}, "no-ssh": "disabled"}``
"""

Level = Literal["mandatory", "advisory", "disabled"]

_LEVELS: Sequence[Level] = ("mandatory", "advisory", "disabled")
_LEVEL = "enforcementLevel"


def check(rules: Sequence[Rule], config: Config) -> None:
    """
    See that *config* is about *rules*, and gives them levels and options that there are.

    Raises:
        ValueError: It is not; the sentence names the way out.
    """
    names = [rule.name for rule in rules]
    for name, given in config.items():
        if name != "all" and name not in names:
            raise ValueError(f"{name}: no such rule.{_meant(name, names)}")
        level = given.get(_LEVEL, _LEVELS[0]) if isinstance(given, Mapping) else given
        if level not in _LEVELS:
            raise ValueError(f"{name}: {level!r} is no level. Use one of {', '.join(_LEVELS)}.")
    for rule in rules:
        check_options(rule, settings(rule, config)[1])


def check_options(rule: Rule, options: Mapping[str, Any]) -> None:
    """
    See that *options* are those of *rule*.

    Raises:
        ValueError: One is not; the sentence names the way out.
    """
    for name, value in options.items():
        if name not in rule.options:
            raise ValueError(f"{rule.name}: {name}: no such option.{_meant(name, rule.options)}")
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ValueError(f"{rule.name}: {name}: {value!r} is not a list of texts.")


def settings(rule: Rule, config: Config) -> tuple[Level, Mapping[str, Any]]:
    """Return the level and the options that *config* gives *rule*."""
    level: Level = rule.level
    options: Mapping[str, Any] = {}
    for given in (config.get("all", {}), config.get(rule.name, {})):
        if isinstance(given, str):
            level = given  # type: ignore[assignment]  # checked
        else:
            level = given.get(_LEVEL, level)
            options = {name: value for name, value in given.items() if name != _LEVEL} or options
    return level, options


def _meant(name: str, known: Iterable[str]) -> str:
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean {close[0]!r}?" if close else f" There are: {', '.join(known)}."
