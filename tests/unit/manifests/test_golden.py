"""The objects as files that `kubectl apply` would take."""

from collections.abc import Callable

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from components import manifests
from components.manifests import Manifest
from scripts.localcloud.kubernetes.resources import resource_of
from scripts.localcloud.kubernetes.schemas import failures
from tests.unit.manifests.cases import CASES, arguments, objects

Golden = Callable[[str, str], None]
VERSIONS = ("1.31", "1.34")
"""The oldest and the newest Kubernetes that the objects are checked for."""


class Dumper(yaml.SafeDumper):
    """Writes what a person would: no references, and long texts as blocks."""

    def ignore_aliases(self, _: object) -> bool:
        """Write what is used twice twice."""
        return True


def _text(dumper: Dumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


Dumper.add_representer(str, _text)


def written(documents: list[Manifest]) -> str:
    """Return *documents* as one file."""
    return yaml.dump_all(documents, Dumper=Dumper, sort_keys=False, width=120, allow_unicode=True)


@pytest.mark.parametrize("case", CASES)
def test_golden(case: str, golden: Golden) -> None:
    """Each case is deployed by exactly the objects of its file."""
    golden(f"manifests/{case}.yaml", written(objects(arguments(case))))


def test_golden_files(golden: Golden) -> None:
    """All cases share the file with the programs."""
    golden("manifests/files.yaml", written([manifests.files(arguments("qwq_32b_on_h20"))]))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("case", CASES)
def test_strictly_valid(case: str, version: str) -> None:
    """Every object has only fields its kind has, of the right types, and all that are required."""
    args = arguments(case)
    for manifest in [manifests.files(args), *objects(args)]:
        validate(manifest, version)


def validate(manifest: Manifest, version: str) -> None:
    """Check the shape of *manifest* strictly, by the API's own schemas or by facts of its definition."""
    kind = resource_of(manifest)
    if kind is not None and kind.crd:
        assert [] == failures(kind, manifest, version)
    else:
        kubernetes_validate.validate(manifest, version, strict=True)
