"""What happened in a run, as it happened: steps, log messages, refusals; a printer may listen."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Literal, TypeAlias

from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, resource_pb2

from scripts.localcloud.inprocess.stack_file import Known
from scripts.localcloud.values import Values

Step: TypeAlias = Literal["create", "same", "update", "replace", "read", "delete"]
Severity: TypeAlias = Literal["debug", "info", "warning", "error"]
_SEVERITIES: dict[int, Severity] = {
    engine_pb2.DEBUG: "debug",
    engine_pb2.INFO: "info",
    engine_pb2.WARNING: "warning",
    engine_pb2.ERROR: "error",
}


@dataclass
class Registration:
    """
    One resource a program registered, and what became of it.

    *old* is what the stack has of it, maybe under another name. *changed* names the properties or options that
    changed, *replaces* those of them that replace it.
    """

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    inputs: Values
    secret: frozenset[str]
    request: object
    step: Step = "create"
    id: str = ""
    outputs: Values = field(default_factory=dict)
    old: Known | None = None
    changed: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    failed: bool = False
    seconds: float = 0

    @property
    def place(self) -> tuple[int, ...]:
        """Where in the program it was declared, as the lines of the calls from outside in; threads mix the order."""
        if not isinstance(self.request, resource_pb2.RegisterResourceRequest):
            return ()
        return tuple(frame.pc.line for frame in reversed(self.request.stackTrace.frames))


@dataclass(frozen=True)
class Message:
    """One line for the person who looks: *urn* is empty when it is about the whole stack."""

    severity: Severity
    text: str
    urn: str = ""


Listener: TypeAlias = Callable[["Registration | Message"], None]


class Journal:
    """Everything that happened in a run; also the SDK's engine, because log messages go there."""

    def __init__(self, listener: Listener | None = None) -> None:
        self.registrations: list[Registration] = []
        self.messages: list[Message] = []
        self._listener = listener
        self._lock = Lock()

    def say(self, severity: Severity, text: str, urn: str = "") -> None:
        """Add a message."""
        message = Message(severity, text, urn)
        with self._lock:
            self.messages.append(message)
            if self._listener:
                self._listener(message)

    def add(self, registration: Registration) -> Registration:
        """Add a registration at its beginning."""
        with self._lock:
            self.registrations.append(registration)
        return registration

    def done(self, registration: Registration) -> None:
        """Say that a registration ended."""
        with self._lock:
            if self._listener:
                self._listener(registration)

    @property
    def errors(self) -> list[Message]:
        """The messages that make a run fail."""
        return [message for message in self.messages if message.severity == "error"]

    def Log(self, request: engine_pb2.LogRequest) -> empty_pb2.Empty:  # noqa: N802 the protocol's name
        """Take a log message of the SDK."""
        severity = _SEVERITIES[request.severity]
        if severity != "debug":
            self.say(severity, request.message, request.urn)
        return empty_pb2.Empty()
