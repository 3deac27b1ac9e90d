"""The process that runs the program: ``python -m scripts.foreseen.inside HOME FOLDER STACK FILE RESULT [keep]``."""

import sys
from pathlib import Path
from typing import Any

from pulumi.runtime.proto import resource_pb2

from scripts.foreseen.seen import SECRET, UNKNOWN, Foreseen, Planned, Said
from scripts.foreseen.stand_ins import stand_in
from scripts.localcloud.backends import knows
from scripts.localcloud.cloud import Cloud
from scripts.localcloud.errors import LocalCloudError
from scripts.localcloud.inprocess import project
from scripts.localcloud.inprocess.display import branches
from scripts.localcloud.inprocess.events import Journal, Registration
from scripts.localcloud.inprocess.monitor import CloudMonitor
from scripts.localcloud.inprocess.placing import Setup
from scripts.localcloud.inprocess.program import main_program, run
from scripts.localcloud.inprocess.providers import TYPES
from scripts.localcloud.inprocess.stack_file import StackFile


def look(home: Path, folder: Path, stack: str, file: Path, *, keep: bool) -> Foreseen:
    """Return what the program in *folder* would do to what is kept at *home*, and keep that there if asked to."""
    try:
        found = project.load(folder, stack, file=file, stand_in=stand_in)
    except LocalCloudError as problem:
        return Foreseen.failed(str(problem))
    known = StackFile(home, found.name, stack)
    setup = Setup(found.name, stack, found.region, preview=True, kept=keep, lenient=True)
    monitor = CloudMonitor(Cloud(home), setup, known, Journal())
    good = run(main_program(folder), monitor, found.config)
    journal = monitor.journal
    ordered = [item for _, item in branches(journal.registrations)]
    return Foreseen(
        good=good,
        resources=tuple(_planned(item) for item in [*ordered, *monitor.leaving]),
        messages=(*(Said(one.severity, one.text, one.urn) for one in journal.messages), *_unruled(ordered)),
        outputs=_masked(monitor.outputs, monitor.secret_outputs),
    )


def _unruled(found: list[Registration]) -> list[Said]:
    """Return which types nobody here knows enough of."""
    types = {item.type for item in found if item.custom and not item.type.startswith(TYPES) and not knows(item.type)}
    text = "{}: no rules of this type are known here. What would replace it is shown as an update."
    return [Said("warning", text.format(type_)) for type_ in sorted(types)]


def _planned(item: Registration) -> Planned:
    request = item.request if isinstance(item.request, resource_pb2.RegisterResourceRequest) else None
    secret = item.secret | frozenset(request.additionalSecretOutputs if request else ())
    return Planned(
        urn=item.urn,
        type=item.type,
        name=item.name,
        parent=item.parent,
        custom=item.custom,
        step=item.step,
        changed=item.changed,
        inputs=_masked(item.inputs, secret),
        outputs=_masked(item.outputs, secret),
        secret=secret,
        sources={name: tuple(found.urns) for name, found in request.propertyDependencies.items() if found.urns}
        if request
        else {},
    )


def _masked(values: dict[str, Any], secret: frozenset[str]) -> dict[str, Any]:
    return {name: _hidden(value) if name in secret else value for name, value in values.items()}


def _hidden(value: Any) -> Any:  # noqa: ANN401 any JSON
    """Return *value* with the shape it has, and of its content only what is on or off."""
    match value:
        case dict():
            return {name: _hidden(inner) for name, inner in value.items()}
        case list():
            return [_hidden(inner) for inner in value]
        case bool() | None:
            return value
        case _:
            return value if value is UNKNOWN else SECRET


def main(arguments: list[str]) -> None:
    """Look, and write what was seen to RESULT."""
    home, folder, stack, file, result, *keep = arguments
    seen = look(Path(home), Path(folder), stack, Path(file), keep=bool(keep))
    Path(result).write_text(seen.text(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
