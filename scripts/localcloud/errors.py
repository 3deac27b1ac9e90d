"""What the cloud answers when it refuses; both doors show these as they are."""

from collections.abc import Iterable
from difflib import get_close_matches

from scripts.localcloud.values import Values


class LocalCloudError(Exception):
    """A refusal a person can act on; its text is the whole message."""


class CloudError(LocalCloudError):
    """The service refused a call; *code* is the vendor's error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class InitFailedError(LocalCloudError):
    """A resource exists (it has *id* and *properties*) but did not become what was asked for; *details* say more."""

    def __init__(self, resource_id: str, properties: Values, reason: str, details: Iterable[str] = ()) -> None:
        super().__init__("\n".join((reason, *details)))
        self.details = tuple(details)
        self.id = resource_id
        self.properties = properties
        self.reason = reason


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return `` Did you mean '…'?`` for the nearest of *known*, or nothing."""
    near = get_close_matches(word, sorted(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""
