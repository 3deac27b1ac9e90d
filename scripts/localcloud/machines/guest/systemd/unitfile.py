"""Unit files: text in, a checked Unit out."""

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

INFINITY = float("inf")
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|sec|min|m|h|)")
_FACTORS = {"ms": 0.001, "": 1, "s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600}


class UnitError(ValueError):
    """A unit file that systemd would ignore parts of, or reject; the stand-in always rejects."""


@dataclass
class Unit:
    """One unit; times in seconds, commands as lists whose ``-`` prefix became *may_fail*."""

    name: str
    values: dict[str, list[str]] = field(default_factory=dict)

    def text(self, key: str, default: str = "") -> str:
        """Return the last value of *key*, as ``Service.Type``."""
        return (self.values.get(key) or [default])[-1]

    def words(self, key: str) -> list[str]:
        """Return all words of all lines of *key*."""
        return [word for line in self.values.get(key, []) for word in line.split()]

    def seconds(self, key: str, default: str) -> float:
        """Return the time span of *key* in seconds."""
        return span(self.text(key, default))

    def commands(self, key: str) -> list["Command"]:
        """Return the command lines of *key* in order."""
        return [Command.parse(line) for line in self.values.get(key, [])]


@dataclass(frozen=True)
class Command:
    """One Exec line."""

    argv: tuple[str, ...]
    may_fail: bool

    @classmethod
    def parse(cls, line: str) -> "Command":
        """
        Return the command of an Exec line.

        Raises:
            UnitError: Its prefix is not supported, or its quotes do not close.
        """
        may_fail = line.startswith("-")
        rest = line[1:] if may_fail else line
        if rest[:1] in "@+!:|":
            raise UnitError(f"Exec prefix of {line!r} is not supported")
        try:
            return cls(tuple(shlex.split(rest)), may_fail)
        except ValueError as problem:
            raise UnitError(f"{line!r}: {problem}") from problem


def span(text: str) -> float:
    """
    Return a systemd time span such as ``90``, ``5min 20s`` or ``infinity`` in seconds.

    Raises:
        UnitError: Not a time span.
    """
    if text == "infinity":
        return INFINITY
    parts = list(_SPAN.finditer(text.strip()))
    if not parts or "".join(part.group(0) for part in parts).replace(" ", "") != text.replace(" ", ""):
        raise UnitError(f"{text!r} is not a time span")
    return sum(float(part.group(1)) * _FACTORS[part.group(2)] for part in parts)


def _one_of(*allowed: str) -> Callable[[str], None]:
    def check(value: str) -> None:
        if value not in allowed:
            raise UnitError(f"{value!r} is not one of {', '.join(allowed)}")

    return check


def _anything(_: str) -> None:
    """Accept any value."""


def _span(value: str) -> None:
    span(value)


def _number(value: str) -> None:
    if not re.fullmatch(r"-?\d+", value):
        raise UnitError(f"{value!r} is not a number")


def _command(value: str) -> None:
    if value and not Command.parse(value).argv:
        raise UnitError("an empty command")


_BOOLEAN = _one_of("yes", "no", "true", "false", "on", "off", "1", "0")
KNOWN: dict[str, Callable[[str], None]] = {
    "Unit.Description": _anything,
    "Unit.Documentation": _anything,
    "Unit.After": _anything,
    "Unit.Before": _anything,
    "Unit.Wants": _anything,
    "Unit.Requires": _anything,
    "Unit.BindsTo": _anything,
    "Unit.PartOf": _anything,
    "Unit.StartLimitIntervalSec": _span,
    "Unit.StartLimitBurst": _number,
    "Unit.ConditionPathExists": _anything,
    "Service.Type": _one_of("simple", "exec", "oneshot"),
    "Service.RemainAfterExit": _BOOLEAN,
    "Service.ExecStartPre": _command,
    "Service.ExecStart": _command,
    "Service.ExecStartPost": _command,
    "Service.ExecStop": _command,
    "Service.ExecStopPost": _command,
    "Service.Restart": _one_of("no", "always", "on-failure"),
    "Service.RestartSec": _span,
    "Service.TimeoutStartSec": _span,
    "Service.TimeoutStopSec": _span,
    "Service.SuccessExitStatus": _anything,
    "Service.RestartPreventExitStatus": _anything,
    "Service.Environment": _anything,
    "Service.EnvironmentFile": _anything,
    "Service.WorkingDirectory": _anything,
    "Service.RuntimeDirectory": _anything,
    "Service.RuntimeDirectoryMode": _number,
    "Service.RuntimeDirectoryPreserve": _one_of("yes", "no", "restart"),
    "Service.KillMode": _one_of("control-group", "mixed", "process"),
    "Service.KillSignal": _one_of("SIGTERM", "SIGINT", "SIGKILL"),
    "Service.UMask": _number,
    "Service.Nice": _number,
    "Service.OOMScoreAdjust": _number,
    "Service.LimitNOFILE": _anything,
    "Service.LimitMEMLOCK": _anything,
    "Service.StandardOutput": _one_of("journal"),
    "Service.StandardError": _one_of("journal"),
    "Service.SyslogIdentifier": _anything,
    "Install.WantedBy": _one_of("multi-user.target", "cloud-init.target"),
}
"""Directive to the check of its value. Source: systemd.unit(5), systemd.service(5), systemd.exec(5)."""


def parse(name: str, text: str) -> Unit:
    """
    Return the unit *name* written as *text*.

    Raises:
        UnitError: An unknown section or directive, an illegal value, or no ExecStart.
    """
    unit, section = Unit(name), ""
    for number, line in enumerate(_joined(text), start=1):
        if not line or line[0] in "#;":
            continue
        if line.startswith("["):
            section = line.strip("[]")
            continue
        key, equals, value = line.partition("=")
        full = f"{section}.{key.strip()}"
        if not equals or full not in KNOWN:
            raise UnitError(f"{name}:{number}: {full} is not a directive that the stand-in knows")
        _add(unit, full, value.strip())
    if name.endswith(".service") and not unit.commands("Service.ExecStart"):
        raise UnitError(f"{name}: Service has no ExecStart= setting. Refusing.")
    return unit


def _add(unit: Unit, key: str, value: str) -> None:
    if not value:
        unit.values[key] = []
        return
    try:
        KNOWN[key](value)
    except UnitError as problem:
        raise UnitError(f"{unit.name}: {key}: {problem}") from problem
    unit.values.setdefault(key, []).append(value)


def _joined(text: str) -> list[str]:
    return [line.strip() for line in re.sub(r"\\\n\s*", " ", text).splitlines()]


def load(name: str, folders: tuple[Path, ...]) -> Unit | None:
    """Return the unit *name* of the first of *folders* that has it, None when none has."""
    for folder in folders:
        file = folder / name
        if file.exists():
            return parse(name, file.read_text())
    return None
