"""A strict reader of command lines: what it was not told of is refused."""

from collections.abc import Iterable

from scripts.localcloud.machines.guest.commands import RefusedError

Values = dict[str, list[str]]


class Options:
    """Known options: *flags* stand alone, *valued* take a value (``--x v``, ``--x=v``, ``-x v``)."""

    def __init__(self, flags: Iterable[str] = (), valued: Iterable[str] = ()) -> None:
        self._flags = set(flags)
        self._valued = set(valued)

    def read(self, arguments: list[str], *, stop_at_word: bool = False) -> tuple[Values, list[str]]:
        """
        Return the options that were given, each with its values, and the words between them.

        With *stop_at_word* the first word ends the options: it is a subcommand and the rest is its own.

        Raises:
            RefusedError: An unknown option, or a value is missing.
        """
        given: Values = {}
        words: list[str] = []
        rest = list(arguments)
        while rest:
            argument = rest.pop(0)
            if argument == "--":
                return given, words + rest
            if not argument.startswith("-") or argument == "-":
                if stop_at_word:
                    return given, [argument, *rest]
                words.append(argument)
                continue
            name, value = self._one(argument, rest)
            given.setdefault(name, []).append(value)
        return given, words

    def _one(self, argument: str, rest: list[str]) -> tuple[str, str]:
        if argument in self._flags:
            return argument, ""
        name, equals, value = argument.partition("=")
        if name in self._valued:
            if equals:
                return name, value
            if not rest:
                raise RefusedError(f"option '{argument}' requires an argument")
            return name, rest.pop(0)
        raise RefusedError(f"unrecognized option '{argument}'")


def last(given: Values, *names: str, default: str = "") -> str:
    """Return the last value given to any of *names*."""
    for name in names:
        if name in given:
            return given[name][-1]
    return default
