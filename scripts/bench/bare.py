"""
Write the bare program of a stack: the resources it registers, one call after the other, without components.

It is made from the registrations of a real preview, so the two cannot drift apart, and compared with them afterwards.
"""

import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pulumi.runtime.proto import resource_pb2

from scripts.bench.report import BenchError
from scripts.localcloud import wire
from scripts.localcloud.cloud import Cloud
from scripts.localcloud.inprocess import project
from scripts.localcloud.inprocess.events import Journal
from scripts.localcloud.inprocess.monitor import CloudMonitor
from scripts.localcloud.inprocess.placing import Setup
from scripts.localcloud.inprocess.program import main_program, run
from scripts.localcloud.inprocess.stack_file import StackFile
from scripts.localcloud.values import UNKNOWN, Value

Recorded = dict[str, resource_pb2.RegisterResourceRequest]
"""What a program registered with a provider, by URN, in order."""
OPTIONS = {
    "protect": "protect",
    "retainOnDelete": "retain_on_delete",
    "deleteBeforeReplace": "delete_before_replace",
    "ignoreChanges": "ignore_changes",
    "replaceOnChanges": "replace_on_changes",
}
"""Resource options as the protocol spells them and as Python does; hooks are left out, a preview runs none."""

KUBERNETES = ("apps", "autoscaling", "batch", "core", "helm", "networking", "policy", "rbac")
"""Groups whose kinds the Kubernetes SDK has classes for."""
_CUSTOM = "kubernetes.apiextensions.CustomResource"


def record(folder: Path, stack: str) -> Recorded:
    """
    Return what the program in *folder* registers in a preview.

    Raises:
        BenchError: It registers nothing, because it fails.
    """
    with tempfile.TemporaryDirectory() as home, _inside(folder):
        found = project.load(folder, stack)
        known = StackFile(Path(home), found.name, stack)
        setup = Setup(found.name, stack, found.region, preview=True)
        monitor = CloudMonitor(Cloud(Path(home)), setup, known, Journal())
        if not run(main_program(folder), monitor, found.config):
            raise BenchError(
                f"The program cannot be previewed: {'; '.join(one.text for one in monitor.journal.errors)}"
            )
        return {
            item.urn: item.request
            for item in monitor.journal.registrations
            if item.custom and isinstance(item.request, resource_pb2.RegisterResourceRequest)
        }


def program(recorded: Recorded) -> str:
    """Return the source of a program that registers the same resources with the same inputs."""
    names = {urn: f"r{number}" for number, urn in enumerate(recorded)}
    packages = sorted({_place(request.type).split(".")[0] for request in recorded.values()})
    lines = ["import pulumi", *(f"import pulumi_{package} as {package}" for package in packages), ""]
    lines += [f"{names[urn]} = {_call(request, names)}" for urn, request in recorded.items()]
    return "\n".join([*lines, ""])


def differences(one: Recorded, other: Recorded) -> list[str]:
    """Return which resources are not in both, or not with the same inputs."""
    sides = [{(item.type, item.name): _inputs(item) for item in recorded.values()} for recorded in (one, other)]
    return [f"{type_} {name}" for type_, name in sorted(set(sides[0]) | set(sides[1])) if _unlike(sides, (type_, name))]


def _unlike(sides: list[dict[tuple[str, str], object]], key: tuple[str, str]) -> bool:
    return any(key not in side for side in sides) or sides[0][key] != sides[1][key]


def _inputs(request: resource_pb2.RegisterResourceRequest) -> object:
    values, secret = wire.decode(request.object)
    # Of a secret only that it is one: the SDK's class of a Secret hides the whole of it, also what is known.
    return {key: value for key, value in values.items() if key not in secret}, secret


def _call(request: resource_pb2.RegisterResourceRequest, names: dict[str, str]) -> str:
    place = _place(request.type)
    values, secret = wire.decode(request.object)
    arguments = [repr(request.name)]
    for key, value in sorted(_given(place, values).items()):
        source = _source(value, _reference(request, key, names), secret=key in secret)
        arguments.append(f"{_snake(key)}={source}")
    return f"{place}({', '.join([*arguments, f'opts=pulumi.ResourceOptions({_options(request, names)})'])})"


def _place(type_: str) -> str:
    """Return what makes a resource of *type_*, as the SDKs name it."""
    package, module, kind = type_.split(":")
    if package == "pulumi":
        return f"{kind}.Provider"
    if package != "kubernetes":
        return ".".join([package, *([] if module.startswith("index/") else [module.split("/")[0]]), kind])
    group, version = module.split("/")
    if group.split(".")[0] not in KUBERNETES:
        return _CUSTOM
    return f"{package}.{group.split('.')[0]}.{version}.{kind}"


def _given(place: str, values: dict[str, Value]) -> dict[str, Value]:
    """Return what a program writes of *values*: the classes of kinds know theirs, and providers want no JSON."""
    if place.endswith(".Provider"):
        return {key: json.loads(value) if value in ("true", "false") else value for key, value in values.items()}
    known = () if place == _CUSTOM else ("apiVersion", "kind")
    return {key: value for key, value in values.items() if key not in known or not place.startswith("kubernetes.")}


def _reference(request: resource_pb2.RegisterResourceRequest, key: str, names: dict[str, str]) -> str:
    """Return what stands for a value not known yet: an output of the first resource that the property waits for."""
    waits = [urn for urn in request.propertyDependencies[key].urns if urn in names]
    return f"{names[waits[0]]}.id" if waits else ""


def _options(request: resource_pb2.RegisterResourceRequest, names: dict[str, str]) -> str:
    waits = [names[urn] for urn in request.dependencies if urn in names]
    given = {name: getattr(request, field) for field, name in OPTIONS.items()}
    plain = [f"{name}={value if value is True else list(value)!r}" for name, value in given.items() if value]
    others = {
        "provider": names.get(request.provider.rpartition("::")[0]),
        "deleted_with": names.get(request.deletedWith),
    }
    plain += [f"{name}={other}" for name, other in others.items() if other]
    return ", ".join([f"depends_on=[{', '.join(waits)}]", *plain])


def _source(value: Value, reference: str, *, secret: bool) -> str:
    """Return what makes *value*; a secret is marked in its leaves, for one around an unknown would hide the rest."""
    match value:
        case dict():
            inner = [f"{key!r}: {_source(inner, reference, secret=secret)}" for key, inner in value.items()]
            return f"{{{', '.join(inner)}}}"
        case list():
            return f"[{', '.join(_source(inner, reference, secret=secret) for inner in value)}]"
        case _ if value is UNKNOWN and not reference:
            raise BenchError("A value is not known in preview, and waits for no resource.")
        case _:
            leaf = reference if value is UNKNOWN else repr(value)
            return f"pulumi.Output.secret({leaf})" if secret else leaf


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
