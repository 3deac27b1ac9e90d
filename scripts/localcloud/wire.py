"""Property values as they travel in Pulumi's protocol, to and from plain values; the same for both doors."""

from collections.abc import Iterable

from google.protobuf import struct_pb2

from scripts.localcloud.errors import LocalCloudError
from scripts.localcloud.values import UNKNOWN, Value, Values

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 the protocol's mark of a secret
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


class Secrets:
    """Whether anything secret was met while decoding one property."""

    met = False


def decode(struct: struct_pb2.Struct) -> tuple[Values, frozenset[str]]:
    """
    Return the plain values of *struct*, and the names of the properties that are or hold a secret.

    Raises:
        LocalCloudError: An asset, an archive or a resource reference; no resource here takes one.

    """
    values: Values = {}
    secret = set()
    for name in sorted(struct.fields):  # the protocol's map has no order, and what we say of it shall have one
        secrets = Secrets()
        values[name] = _value(struct.fields[name], secrets)
        if secrets.met:
            secret.add(name)
    return values, frozenset(secret)


def _value(value: struct_pb2.Value, secrets: Secrets) -> Value:
    match value.WhichOneof("kind"):
        case "string_value":
            return UNKNOWN if value.string_value == _UNKNOWN else value.string_value
        case "number_value":
            return int(value.number_value) if value.number_value.is_integer() else value.number_value
        case "bool_value":
            return bool(value.bool_value)
        case "list_value":
            return [_value(item, secrets) for item in value.list_value.values]
        case "struct_value":
            return _struct(value.struct_value, secrets)
        case _:
            return None


def _struct(struct: struct_pb2.Struct, secrets: Secrets) -> Value:
    signature = struct.fields[_SIGNATURE].string_value if _SIGNATURE in struct.fields else ""
    if not signature:
        return {name: _value(struct.fields[name], secrets) for name in sorted(struct.fields)}
    if signature == _SECRET:
        secrets.met = True
        return _value(struct.fields["value"], secrets)
    if signature == _OUTPUT:
        secrets.met = secrets.met or struct.fields["secret"].bool_value
        return _value(struct.fields["value"], secrets) if "value" in struct.fields else UNKNOWN
    raise LocalCloudError("assets, archives and resource references: the local cloud takes none. Pass plain values.")


def encode(values: Values, secret: Iterable[str] = ()) -> struct_pb2.Struct:
    """Return *values* as a struct, with the properties named in *secret* marked secret."""
    hidden = set(secret)
    struct = struct_pb2.Struct()
    for name, value in values.items():
        encoded = _encoded(value)
        struct.fields[name].CopyFrom(_marked(encoded) if name in hidden else encoded)
    return struct


def _marked(value: struct_pb2.Value) -> struct_pb2.Value:
    fields = {_SIGNATURE: struct_pb2.Value(string_value=_SECRET), "value": value}
    return struct_pb2.Value(struct_value=struct_pb2.Struct(fields=fields))


def _encoded(value: Value) -> struct_pb2.Value:
    match value:
        case None:
            return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
        case dict():
            fields = {name: _encoded(item) for name, item in value.items()}
            return struct_pb2.Value(struct_value=struct_pb2.Struct(fields=fields))
        case list():
            return struct_pb2.Value(list_value=struct_pb2.ListValue(values=[_encoded(item) for item in value]))
        case bool():
            return struct_pb2.Value(bool_value=value)
        case int() | float():
            return struct_pb2.Value(number_value=value)
        case _:
            return struct_pb2.Value(string_value=_UNKNOWN if value is UNKNOWN else value)
