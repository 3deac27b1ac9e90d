"""The name of an object, and the annotations by which a program tells the provider what to do with it."""

import hashlib
import json

from scripts.localcloud.kubernetes.objects import Manifest
from scripts.localcloud.kubernetes.pods import pluck

AUTONAMED = "pulumi.com/autonamed"
SKIP_AWAIT = "pulumi.com/skipAwait"
WAIT_FOR = "pulumi.com/waitFor"
_PROPAGATION = "pulumi.com/deletionPropagationPolicy"
_TIMEOUT = "pulumi.com/timeoutSeconds"
_DEFAULT_SECONDS = 600.0


def annotation(manifest: Manifest, name: str) -> str:
    """Return the annotation *name*, empty when absent."""
    value = pluck(manifest, ("metadata", "annotations", name))
    return value if isinstance(value, str) else ""


def is_true(manifest: Manifest, name: str) -> bool:
    """Whether the annotation *name* says so."""
    return annotation(manifest, name) == "true"


def named(manifest: Manifest, name: str, seed: str, before: Manifest) -> Manifest:
    """Return *manifest* with a name: its own, the automatic one it had *before*, or one made of *name* and *seed*."""
    given = manifest.get("metadata") or {}
    if given.get("name"):
        return manifest
    if is_true(before, AUTONAMED):
        chosen = before["metadata"]["name"]
    else:
        chosen = f"{name}-{hashlib.sha256(f'{seed}/{name}'.encode()).hexdigest()[:8]}"
    marked = {**(given.get("annotations") or {}), AUTONAMED: "true"}
    return manifest | {"metadata": {**given, "name": chosen, "annotations": marked}}


def timeout_seconds(manifest: Manifest, given_seconds: float) -> float:
    """Return how long to wait for *manifest*: as long as the program gave, the annotation says, or ten minutes."""
    if given_seconds:
        return given_seconds
    said = annotation(manifest, _TIMEOUT)
    return float(said) if said.isdigit() else _DEFAULT_SECONDS


def waits_for(manifest: Manifest) -> list[str]:
    """Return the conditions that the annotation asks to wait for."""
    said = annotation(manifest, WAIT_FOR)
    if not said.startswith("["):
        return [said] if said else []
    return [str(each) for each in json.loads(said)]


def in_foreground(manifest: Manifest) -> bool:
    """Whether what an object owns is deleted before it."""
    return annotation(manifest, _PROPAGATION).lower() not in ("background", "orphan")
