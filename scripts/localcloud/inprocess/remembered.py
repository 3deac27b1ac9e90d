"""What a stack keeps of a registration for the next run to compare with."""

import hashlib
import json

from google.protobuf import struct_pb2
from pulumi.runtime.proto import resource_pb2

from scripts.localcloud import wire
from scripts.localcloud.inprocess.events import Registration
from scripts.localcloud.inprocess.stack_file import Known
from scripts.localcloud.values import has_unknown

UNKNOWN_TRIGGER = "unknown"
"""The mark of a trigger that only an update will know."""


def trigger(request: resource_pb2.RegisterResourceRequest) -> str:
    """Return a mark of the value whose change replaces the resource, empty for none; it may be secret itself."""
    if not request.HasField("replacement_trigger"):
        return ""
    values, _ = wire.decode(struct_pb2.Struct(fields={"trigger": request.replacement_trigger}))
    if has_unknown(values["trigger"]):
        return UNKNOWN_TRIGGER
    text = json.dumps(values["trigger"], sort_keys=True)
    return "" if text == "null" else hashlib.sha256(text.encode()).hexdigest()


def known_of(registration: Registration, request: resource_pb2.RegisterResourceRequest, *, failed: str = "") -> Known:
    """Return what is kept of *registration*; *failed* says why it exists and is not ready."""
    return Known(
        urn=registration.urn,
        type=registration.type,
        name=registration.name,
        parent=registration.parent,
        custom=registration.custom,
        id=registration.id,
        provider=request.provider,
        inputs=registration.inputs,
        outputs=registration.outputs,
        secret=sorted(registration.secret | set(request.additionalSecretOutputs)),
        dependencies=list(request.dependencies),
        property_dependencies={name: list(found.urns) for name, found in request.propertyDependencies.items()},
        protect=request.protect,
        retain=request.retainOnDelete,
        deleted_with=request.deletedWith,
        replace_with=list(request.replace_with),
        replace_on_changes=list(request.replaceOnChanges),
        ignore_changes=list(request.ignoreChanges),
        trigger=trigger(request),
        failed=failed,
    )


def leaving(known: Known) -> Registration:
    """Return the deletion of what the stack has as *known*."""
    return Registration(
        urn=known.urn,
        type=known.type,
        name=known.name,
        parent=known.parent,
        custom=known.custom,
        inputs=known.inputs,
        secret=frozenset(known.secret),
        request=None,
        step="delete",
        id=known.id,
        outputs=known.outputs,
        old=known,
    )
