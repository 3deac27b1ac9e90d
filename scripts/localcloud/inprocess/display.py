"""What a person sees: the tree of a preview, a line for each step of an update, diagnostics and outputs."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping

from scripts.localcloud.inprocess.events import Journal, Message, Registration, Step
from scripts.localcloud.inprocess.stack_file import Known
from scripts.localcloud.values import UNKNOWN, Value, Values

_SIGNS: dict[Step, str] = {
    "create": "+",
    "same": " ",
    "update": "~",
    "replace": "+-",
    "read": ">",
    "delete": "-",
}
_PAST: dict[Step, str] = {
    "create": "created",
    "same": "unchanged",
    "update": "updated",
    "replace": "replaced",
    "read": "read",
    "delete": "deleted",
}
_GAP = "     "


def short_type(type_: str) -> str:
    """Return *type_* as pulumi shows it: ``alicloud:ecs/instance:Instance`` as ``alicloud:ecs:Instance``."""
    package, module, name = type_.split(":")
    return f"{package}:{module.removesuffix(f'/{name[:1].lower()}{name[1:]}')}:{name}"


def tree(registrations: list[Registration]) -> str:
    """Return the tree of *registrations* with what is planned for each."""
    rows = [("Type", "Name", "Plan", " ")]
    rows += [
        (branch + short_type(item.type), item.name, _plan(item), _SIGNS[item.step])
        for branch, item in branches(registrations)
    ]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    lines = [f" {sign:<3} {kind:<{widths[0]}}  {name:<{widths[1]}}  {plan}" for kind, name, plan, sign in rows]
    return "\n".join(line.rstrip() for line in lines)


def _plan(item: Registration) -> str:
    if item.failed:
        return "failed"
    changed = f" [diff: {', '.join('~' + name for name in item.changed)}]" if item.changed else ""
    return ("" if item.step == "same" else item.step) + changed


def branches(registrations: list[Registration]) -> list[tuple[str, Registration]]:
    """Return *registrations* in the order of the program, each with the lines drawn before it in a tree."""
    children: dict[str, list[Registration]] = {}
    known = {item.urn for item in registrations}
    for item in sorted(registrations, key=lambda item: item.place):
        children.setdefault(item.parent if item.parent in known else "", []).append(item)
    found: list[tuple[str, Registration]] = []

    def walk(parent: str, prefix: str) -> None:
        level = children.get(parent, [])
        for index, item in enumerate(level):
            last = index == len(level) - 1
            found.append((prefix + ("└─ " if last else "├─ ") if parent else "", item))
            walk(item.urn, prefix + ("   " if last else "│  ") if parent else "")

    walk("", "")
    return found


def step_line(item: Registration) -> str:
    """Return the line of one step that ended."""
    end = "failed" if item.failed else _PAST[item.step]
    time = f" ({item.seconds:.1f}s)" if item.seconds >= 1 else ""
    return f" {_SIGNS[item.step]:<2} {short_type(item.type)} {item.name} {end}{time}"


def deleted_line(known: Known) -> str:
    """Return the line of one deleted resource."""
    return f" -  {short_type(known.type)} {known.name} deleted"


def diagnostics(journal: Journal, *, notes: bool) -> str:
    """Return the messages of a run, grouped by resource; without *notes* only what went wrong."""
    names = {item.urn: f"{short_type(item.type)} ({item.name})" for item in journal.registrations}
    stack = next((name for urn, name in names.items() if "pulumi:pulumi:Stack" in urn), "pulumi:pulumi:Stack")
    groups: dict[str, list[Message]] = {}
    for message in (item for item in journal.messages if notes or item.severity != "info"):
        groups.setdefault(names.get(message.urn, stack), []).append(message)
    if not groups:
        return ""
    lines = ["Diagnostics:"]
    for title, messages in groups.items():
        lines.append(f"  {title}:")
        lines += [_said(message) for message in messages]
        lines.append("")
    return "\n".join(lines).rstrip()


def _said(message: Message) -> str:
    mark = "" if message.severity == "info" else f"{message.severity}: "
    return "\n".join(f"    {line}" for line in (mark + message.text).splitlines())


def outputs(values: Values, secret: Iterable[str], *, show_secrets: bool = False) -> str:
    """Return the outputs of a stack, secret ones hidden."""
    hidden = set() if show_secrets else set(secret)
    if not values:
        return ""
    width = max(map(len, values))
    lines = ["Outputs:"]
    for name in sorted(values):
        shown = "[secret]" if name in hidden else _shown(values[name])
        lines.append(f"    {name:<{width}}: {shown}")
    return "\n".join(lines)


def _shown(value: Value) -> str:
    if value is UNKNOWN:
        return "[unknown]"
    return json.dumps(_known(value), ensure_ascii=False)


def _known(value: Value) -> object:
    if isinstance(value, dict):
        return {name: _known(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_known(inner) for inner in value]
    return "[unknown]" if value is UNKNOWN else value


def plain(value: Value) -> str:
    """Return one output as a program would read it: a string as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(_known(value), ensure_ascii=False)


def counts(steps: Mapping[Step, int], *, planned: bool) -> str:
    """Return the summary of *steps*."""
    lines = ["Resources:"]
    for step, count in steps.items():
        if count and step != "same":
            word = f"to {step}" if planned else _PAST[step]
            lines.append(f"    {_SIGNS[step]} {count} {word}")
    if steps.get("same"):
        lines.append(f"    {steps['same']} unchanged")
    return "\n".join(lines)


def counted(registrations: list[Registration]) -> Mapping[Step, int]:
    """Return how many of *registrations* took each step; failed ones are left out."""
    return Counter(item.step for item in registrations if not item.failed)
