"""What the hosts know: the cloud's services.json and the machine's own state, read anew for each request."""

import fnmatch
import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.localcloud.machines.layout import Place

EMPTY: dict[str, Any] = {"oos": {}, "roles": {}, "users": {}, "oidc": {}, "oss": {}, "modelscope": {"root": None}}
CREDENTIAL_SECONDS = 6 * 3600
_NOBODY: Mapping[str, Any] = {"statements": []}


@dataclass(frozen=True)
class Credentials:
    """
    What somebody signs with, and what the policies say that they may do.

    Those of a role end at *expiration*, in Unix seconds, and come with a *token*; those of a user have neither.
    """

    key_id: str
    secret: str
    token: str
    expiration: int
    statements: Sequence[Mapping[str, Any]]

    def may(self, action: str, resource: str) -> bool:
        """Return whether the policies allow *action* on *resource*; a Deny wins."""
        effects = {
            statement["effect"]
            for statement in self.statements
            if _matches(action.lower(), [name.lower() for name in statement["actions"]])
            and _matches(resource, statement["resources"])
        }
        return "Allow" in effects and "Deny" not in effects


class Account:
    """The cloud's account, as *home* keeps it."""

    def __init__(self, home: Path) -> None:
        self.home = home

    @property
    def services(self) -> dict[str, Any]:
        """Return services.json, with nothing in it when the cloud has not written it yet."""
        try:
            found: dict[str, Any] = EMPTY | json.loads((self.home / "services.json").read_text())
            return found  # noqa: TRY300 - the other return is the absent file's
        except FileNotFoundError:
            return EMPTY

    def credentials(self, role: str, session: str) -> Credentials:
        """Return the credentials of *role* for *session*, the same for some hours."""
        period = int(time.time()) // CREDENTIAL_SECONDS
        seed = f"{session}/{role}/{period}".encode()
        digest = hashlib.sha512(seed + (self.home / "authority" / "ca.key").read_bytes()).hexdigest()
        expiration = (period + 2) * CREDENTIAL_SECONDS
        statements = self.services["roles"].get(role, _NOBODY)["statements"]
        return Credentials(f"STS.{digest[:20]}", digest[20:60], f"CAIS{digest[60:]}", expiration, statements)

    def assumed(self, role: str) -> Credentials:
        """Return the credentials that a service account's token gets for *role*."""
        return self.credentials(role, "oidc")

    def user(self, key_id: str) -> Credentials | None:
        """Return the credentials of the RAM user with that key, None when nobody has it."""
        entry = self.services["users"].get(key_id)
        return Credentials(key_id, entry["secret"], "", 0, entry["statements"]) if entry else None


class CloudState(Account):
    """The cloud's state as the hosts of one machine see it."""

    def __init__(self, place: Place) -> None:
        super().__init__(place.home)
        self._place = place

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

    def of_machine(self, role: str) -> Credentials:
        """Return the credentials that the metadata service gives for the machine's *role*."""
        return self.credentials(role, self._place.instance_id)

    def holder(self, key_id: str, token: str) -> Credentials | None:
        """Return the credentials that *key_id* and *token* name, None when they are nobody's."""
        if not token:
            return self.user(key_id)
        own = [self.of_machine(self.role)] if self.role else []
        known = [*own, *map(self.assumed, self.services["roles"])]
        return next((one for one in known if (one.key_id, one.token) == (key_id, token)), None)


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
