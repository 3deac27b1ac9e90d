"""One registration with everything that it takes to place it."""

from dataclasses import dataclass

from pulumi.runtime.proto import resource_pb2

from scripts.localcloud import wire
from scripts.localcloud.backend import Backend, Call
from scripts.localcloud.errors import LocalCloudError
from scripts.localcloud.inprocess.events import Registration
from scripts.localcloud.inprocess.stack_file import Known
from scripts.localcloud.values import Values


@dataclass(frozen=True)
class Case:
    """A resource of *backend*, what the program asks for it, and how its calls are made."""

    registration: Registration
    request: resource_pb2.RegisterResourceRequest
    backend: Backend
    call: Call

    def check(self, inputs: Values, old: Known | None) -> None:
        """
        Take *inputs* as the provider completes them; without *old*, automatic names are new ones.

        Raises:
            LocalCloudError: The provider refuses them.

        """
        registration = self.registration
        seed = registration.urn if registration.old is old else f"{registration.urn}, replaced"
        checked = self.backend.check(self.call, old.inputs if old else {}, inputs, registration.secret, seed)
        if checked.failures:
            raise LocalCloudError("\n".join(map(str, checked.failures)))
        registration.inputs = checked.inputs
        registration.secret |= self.backend.hidden(registration.type)

    def hook_request(self, old: Known | None = None) -> resource_pb2.ResourceHookRequest:
        """Return what a hook is told; *old* is what an update changes."""
        registration = self.registration
        request = resource_pb2.ResourceHookRequest(
            urn=registration.urn,
            id=registration.id,
            name=registration.name,
            type=registration.type,
            new_inputs=wire.encode(registration.inputs, registration.secret),
            new_outputs=wire.encode(registration.outputs, registration.secret),
        )
        if old is not None:
            request.old_inputs.CopyFrom(wire.encode(old.inputs, old.secret))
            request.old_outputs.CopyFrom(wire.encode(old.outputs, old.secret))
        return request

    def error_hook_request(self, failures: list[str]) -> resource_pb2.ErrorHookRequest:
        """Return what an error hook is told: the *failures* so far, the last one first."""
        registration = self.registration
        return resource_pb2.ErrorHookRequest(
            urn=registration.urn,
            name=registration.name,
            type=registration.type,
            new_inputs=wire.encode(registration.inputs, registration.secret),
            failed_operation="create",
            errors=failures,
        )
