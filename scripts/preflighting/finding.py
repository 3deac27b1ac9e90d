"""What one look came to."""

from dataclasses import dataclass
from typing import Literal

from scripts.openapi import RefusedError, UnreachableError

Verdict = Literal["ok", "stop", "unseen"]


@dataclass(frozen=True)
class Finding:
    """One line, and what to do about it."""

    verdict: Verdict
    """``stop`` fails `pulumi up`; ``unseen`` may, and nothing here can tell."""
    text: str
    way_out: str = ""


def unseen(what: str, error: RefusedError | UnreachableError, action: str) -> Finding:
    """Return that *what* cannot be seen, because of *error* in a call that RAM knows as *action*."""
    if isinstance(error, RefusedError) and error.denied:
        return Finding(
            "unseen", f"{what}: cannot be seen without {action}.", "docs/preflight.md has the policy for it."
        )
    return Finding("unseen", f"{what}: cannot be seen. {error}")
