"""What a registration asks for in the end: with what its parent passes on, and after every transform."""

from collections.abc import Iterator

from google.protobuf.message import Message
from pulumi.runtime.proto import callback_pb2, resource_pb2

from scripts.localcloud.errors import LocalCloudError
from scripts.localcloud.inprocess.callbacks import Callbacks

_INHERITED = ("protect", "retainOnDelete", "deletedWith")
_OPTIONS = {
    "additionalSecretOutputs": "additional_secret_outputs",
    "aliases": "aliases",
    "customTimeouts": "custom_timeouts",
    "deleteBeforeReplace": "delete_before_replace",
    "deletedWith": "deleted_with",
    "dependencies": "depends_on",
    "hideDiffs": "hide_diff",
    "hooks": "hooks",
    "ignoreChanges": "ignore_changes",
    "importId": "import",
    "pluginDownloadURL": "plugin_download_url",
    "protect": "protect",
    "provider": "provider",
    "providers": "providers",
    "replaceOnChanges": "replace_on_changes",
    "replace_with": "replace_with",
    "replacement_trigger": "replacement_trigger",
    "retainOnDelete": "retain_on_delete",
    "version": "version",
}
"""The fields of a registration that are options, by their name there, and what a transform calls them."""


class Requests:
    """The registrations of one run, by URN."""

    def __init__(self, callbacks: Callbacks) -> None:
        self._callbacks = callbacks
        self._settled: dict[str, resource_pb2.RegisterResourceRequest] = {}
        self._of_stack: list[callback_pb2.Callback] = []

    def transform_all(self, callback: callback_pb2.Callback) -> None:
        """Have *callback* transform whatever is registered from now on."""
        self._of_stack.append(callback)

    def settle(self, urn: str, request: resource_pb2.RegisterResourceRequest) -> None:
        """
        Make *request* what it is in the end.

        Raises:
            LocalCloudError: A transform failed.

        """
        parent = self._settled.get(request.parent)
        if parent is not None:
            for name in _INHERITED:
                if not _given(request, name):
                    _copy(parent, name, request, name)
        for callback in self._transforms(request):
            self._transform(callback, request)
        self._settled[urn] = request

    def _transforms(self, request: resource_pb2.RegisterResourceRequest) -> Iterator[callback_pb2.Callback]:
        """Yield the transforms of the resource, then those of its parents from inside out, then the stack's."""
        at: resource_pb2.RegisterResourceRequest | None = request
        while at is not None:
            yield from at.transforms
            at = self._settled.get(at.parent)
        yield from list(self._of_stack)

    def _transform(self, callback: callback_pb2.Callback, request: resource_pb2.RegisterResourceRequest) -> None:
        asked = resource_pb2.TransformRequest(
            type=request.type,
            name=request.name,
            custom=request.custom,
            parent=request.parent,
            properties=request.object,
        )
        asked.options.SetInParent()
        for ours, theirs in _OPTIONS.items():
            if ours != "deleteBeforeReplace" or request.deleteBeforeReplaceDefined:
                _copy(request, ours, asked.options, theirs)
        try:
            answer = self._callbacks.call(callback, asked.SerializeToString())
        except LocalCloudError as problem:
            raise LocalCloudError(f"transform of {request.name} failed: {problem}") from None
        response = resource_pb2.TransformResponse.FromString(answer)
        if response.HasField("properties"):
            request.object.CopyFrom(response.properties)
        if response.HasField("options"):
            for ours, theirs in _OPTIONS.items():
                _copy(response.options, theirs, request, ours)
            request.deleteBeforeReplaceDefined = response.options.HasField("delete_before_replace")


def _given(message: Message, name: str) -> bool:
    field = message.DESCRIPTOR.fields_by_name[name]
    return message.HasField(name) if field.has_presence else bool(getattr(message, name))


def _copy(source: Message, name: str, target: Message, to: str) -> None:
    target.ClearField(to)
    if not _given(source, name):
        return
    value = getattr(source, name)
    if hasattr(value, "MergeFrom"):
        getattr(target, to).MergeFrom(value)
    else:
        setattr(target, to, value)
