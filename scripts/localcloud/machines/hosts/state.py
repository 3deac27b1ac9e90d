"""What the hosts know: the cloud's services.json and the machine's own state, read anew for each request."""

import fnmatch
import hashlib
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.localcloud.machines.layout import Place

EMPTY: dict[str, Any] = {"oos": {}, "roles": {}, "oss": {}, "modelscope": {"root": None}}
CREDENTIAL_SECONDS = 6 * 3600


@dataclass(frozen=True)
class Credentials:
    """Temporary credentials of a role; *expiration* in Unix seconds."""

    role: str
    key_id: str
    secret: str
    token: str
    expiration: int


class CloudState:
    """The cloud's state as the hosts of one machine see it."""

    def __init__(self, place: Place) -> None:
        self._place = place

    @property
    def services(self) -> dict[str, Any]:
        """Return services.json, with nothing in it when the cloud has not written it yet."""
        try:
            found: dict[str, Any] = EMPTY | json.loads((self._place.home / "services.json").read_text())
            return found  # noqa: TRY300 - the other return is the absent file's
        except FileNotFoundError:
            return EMPTY

    @property
    def home(self) -> Path:
        """Return the state home."""
        return self._place.home

    @property
    def role(self) -> str | None:
        """Return the role attached to the machine now."""
        role: str | None = self._place.read()["role"]
        return role

    @property
    def faults(self) -> dict[str, Any]:
        """Return the faults asked for now."""
        faults: dict[str, Any] = self._place.read()["spec"]["faults"]
        return faults

    def credentials(self, role: str) -> Credentials:
        """Return the credentials of *role* on this machine, the same for some hours."""
        period = int(time.time()) // CREDENTIAL_SECONDS
        seed = f"{self._place.instance_id}/{role}/{period}".encode()
        digest = hashlib.sha512(seed + (self.home / "authority" / "ca.key").read_bytes()).hexdigest()
        expiration = (period + 2) * CREDENTIAL_SECONDS
        return Credentials(role, f"STS.{digest[:20]}", digest[20:60], f"CAIS{digest[60:]}", expiration)

    def holder(self, key_id: str, token: str) -> Credentials | None:
        """Return the credentials that *key_id* and *token* name, None when they are nobody's."""
        if self.role is None:
            return None
        known = self.credentials(self.role)
        return known if (known.key_id, known.token) == (key_id, token) else None

    def allows(self, role: str, action: str, resource: str) -> bool:
        """Return whether the policies of *role* allow *action* on *resource*; a Deny wins."""
        effects = {
            statement["effect"]
            for statement in self.services["roles"].get(role, {}).get("statements", [])
            if _matches(action.lower(), [name.lower() for name in statement["actions"]])
            and _matches(resource, statement["resources"])
        }
        return "Allow" in effects and "Deny" not in effects


def _matches(value: str, patterns: list[str]) -> bool:
    return any(_same(value, pattern) for pattern in patterns)


def _same(value: str, pattern: str) -> bool:
    """Match part by part, because the local cloud does not know the account that a policy may name."""
    if not pattern.startswith("acs:"):
        return fnmatch.fnmatchcase(value, pattern)
    wanted, given = pattern.split(":", 4), value.split(":", 4)
    pairs = zip(given, wanted, strict=False)
    return len(wanted) == len(given) and all(
        index == ACCOUNT or fnmatch.fnmatchcase(part, glob) for index, (part, glob) in enumerate(pairs)
    )


ACCOUNT = 3
"""Index of the account in ``acs:service:region:account:resource``."""
