"""The real `pulumi preview`, for whoever has the command and credentials, and how it differs from what was foreseen."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scripts.foreseen import Foreseen, Source

_PROVIDER = "pulumi:providers:"


@dataclass(frozen=True)
class Real:
    """What `pulumi preview` would do to which resource, by URN; or why it fails."""

    steps: Mapping[str, str]
    error: str = ""

    @property
    def absent(self) -> bool:
        """Whether it fails because the backend has no such stack yet."""
        return "no stack named" in self.error

    def differences(self, seen: Foreseen) -> dict[str, tuple[str, str]]:
        """Return what was foreseen and what is really planned, by name, where they are not the same."""
        foreseen = {one.urn: one.step for one in seen.resources if one.custom and not one.type.startswith(_PROVIDER)}
        # What stays the same is not listed by the command.
        pairs = {urn: (foreseen.get(urn, "same"), self.steps.get(urn, "same")) for urn in {**foreseen, **self.steps}}
        return {urn.rpartition("::")[2]: pair for urn, pair in pairs.items() if pair[0] != pair[1]}


def possible(environment: Mapping[str, str]) -> bool:
    """Say whether there are a `pulumi` command and credentials for the provider."""
    if shutil.which("pulumi", path=environment.get("PATH")) is None:
        return False
    from scripts.openapi.credentials import credential  # noqa: PLC0415 slow, and of no use to most
    from scripts.openapi.errors import NoCredentialsError  # noqa: PLC0415

    try:
        credential(environment, {})
    except NoCredentialsError:
        return False
    return True


def real_preview(source: Source) -> Real:
    """Return what the real command says of *source*; it needs the stack's backend and passphrase, too."""
    command = ["pulumi", "preview", "--non-interactive", "--json", "--stack", source.stack]
    command += ["--config-file", str(source.file)] if source.file else []
    done = subprocess.run(command, cwd=source.folder, env=dict(os.environ), capture_output=True, text=True, check=False)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        answer = {}
    if done.returncode:
        return Real({}, _error(answer) or done.stderr.strip() or f"it ended with status {done.returncode}")
    return Real({step["urn"]: step["op"] for step in answer.get("steps", []) if _is_resource(step)})


def _error(answer: Mapping[str, Any]) -> str:
    said = [one["message"].strip() for one in answer.get("diagnostics", []) if one.get("severity") == "error"]
    return "\n".join(said)


def _is_resource(step: Mapping[str, Any]) -> bool:
    state = step.get("newState") or step.get("oldState") or {}
    return bool(state.get("custom")) and not str(state.get("type", "")).startswith(_PROVIDER)
