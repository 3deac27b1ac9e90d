"""What a test does in a controller's place, and how it waits for what comes of it."""

from threading import Event
from typing import Any

import pytest

from scripts.localcloud.kubernetes import waiting
from scripts.localcloud.kubernetes.api import Api
from scripts.localcloud.kubernetes.objects import Manifest
from scripts.localcloud.kubernetes.waiting import NotReadyError, Patience
from tests.localcloud.kubernetes.things import changed, of

NOW = Patience(0, Event())


def put(api: Api, manifest: Manifest, **status: Any) -> Manifest:  # noqa: ANN401 any part of a manifest
    """Keep *manifest* with a status, as a controller does."""
    with api.objects.transaction() as contents:
        return contents.put(manifest | ({"status": status} if status else {}))


def owned(owner: Manifest, kind: str, name: str) -> Manifest:
    """Return an object that *owner* owns."""
    manifest = of("v1", kind, name, replicas=1)
    return changed(manifest, "metadata.ownerReferences", [{"uid": owner["metadata"]["uid"]}])


def failure(api: Api, manifest: Manifest, patience: Patience = NOW) -> tuple[str, list[str]]:
    """Return what is said of *manifest*, which does not become ready."""
    with pytest.raises(NotReadyError) as raised:
        waiting.until_ready(api.objects, manifest, manifest, patience)
    return str(raised.value), raised.value.details


def ready(api: Api, manifest: Manifest) -> Manifest:
    """Return *manifest*, which is ready."""
    return waiting.until_ready(api.objects, manifest, manifest, NOW)
