"""The objects that a person could apply are taken by the local API server, and by ACS."""

from pathlib import Path

import pytest
import yaml

from scripts.localcloud.kubernetes.api import Api
from scripts.localcloud.kubernetes.resources import definition
from tests.conftest import GOLDEN

FILES = sorted((GOLDEN / "manifests").glob("*.yaml"))
CUSTOM = ("DataLoad", "Dataset", "JindoRuntime", "LeaderWorkerSet", "ScaledObject")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_golden_manifests(api: Api, path: Path) -> None:
    """Each object of the file can be made, in the order of the file."""
    manifests = [each for each in yaml.safe_load_all(path.read_text()) if each]
    namespaces = {each["metadata"].get("namespace") for each in manifests} - {None}
    with api.objects.transaction() as contents:
        for kind in CUSTOM:
            contents.put(definition(kind))
        for name in namespaces - {each["metadata"]["name"] for each in manifests if each["kind"] == "Namespace"}:
            contents.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        for manifest in manifests:
            contents.put(api.created(contents, manifest))

    assert len(manifests) + len(CUSTOM) <= len(api.objects.read().everything())
