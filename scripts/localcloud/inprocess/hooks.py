"""Hooks that a program registers: kept by name, run as the engine runs them."""

from collections.abc import Iterable
from typing import Literal, TypeAlias

from pulumi.runtime.proto import resource_pb2

from scripts.localcloud.errors import LocalCloudError
from scripts.localcloud.inprocess.callbacks import Callbacks
from scripts.localcloud.inprocess.events import Journal

When: TypeAlias = Literal["before", "after"]

_MOST_RETRIES = 100


class Hooks:
    """The hooks of one run; in a *preview* only those run that ask for it."""

    def __init__(self, callbacks: Callbacks, journal: Journal, *, preview: bool) -> None:
        self._callbacks = callbacks
        self._journal = journal
        self._preview = preview
        self._hooks: dict[str, resource_pb2.RegisterResourceHookRequest] = {}
        self._error_hooks: dict[str, resource_pb2.RegisterErrorHookRequest] = {}

    def add(self, hook: resource_pb2.RegisterResourceHookRequest) -> None:
        """Keep a resource hook."""
        self._hooks[hook.name] = hook

    def add_error(self, hook: resource_pb2.RegisterErrorHookRequest) -> None:
        """Keep an error hook."""
        self._error_hooks[hook.name] = hook

    def retry(self, names: Iterable[str], request: resource_pb2.ErrorHookRequest) -> bool:
        """
        Run the error hooks *names*; return whether one asks for another try and may have it.

        Raises:
            LocalCloudError: A hook failed.

        """
        answers = []
        count = len(request.errors)
        if count > _MOST_RETRIES:
            return False
        for name in names:
            if name not in self._error_hooks:
                raise LocalCloudError(f'error hook "{name}" was not registered.')
            answer = self._callbacks.call(self._error_hooks[name].callback, request.SerializeToString())
            response = resource_pb2.ErrorHookResponse.FromString(answer)
            if response.error:
                raise LocalCloudError(f'error hook "{name}" failed: {response.error}')
            answers.append(response.retry)
        if any(answers):
            how = f"retrying {request.failed_operation} due to on-error hook request ({count}/{_MOST_RETRIES})"
            self._journal.say("warning", how, request.urn)
        return any(answers)

    def run(self, when: When, names: Iterable[str], request: resource_pb2.ResourceHookRequest) -> None:
        """
        Run the resource hooks *names*.

        Raises:
            LocalCloudError: A hook failed whose errors count.

        """
        for name in names:
            if name not in self._hooks:
                raise LocalCloudError(f'{when} hook "{name}" was not registered.')
            hook = self._hooks[name]
            if self._preview and not hook.on_dry_run:
                continue
            answer = self._callbacks.call(hook.callback, request.SerializeToString())
            error = resource_pb2.ResourceHookResponse.FromString(answer).error
            if error and hook.ignore_errors:
                self._journal.say("warning", f'{when} hook "{name}" failed: {error}', request.urn)
            elif error:
                raise LocalCloudError(f'{when} hook "{name}" failed: {error}')
