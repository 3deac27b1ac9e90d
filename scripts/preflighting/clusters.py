"""Whether ACS makes a cluster in the region; of its pods nothing can be asked."""

from collections.abc import Iterator, Mapping

from scripts.localcloud.kinds import CLUSTER
from scripts.openapi import OpenApi, RefusedError, UnreachableError
from scripts.preflighting.demand import Demand
from scripts.preflighting.finding import Finding, unseen

SERIES = "alibabacloud.com/gpu-model-series"
"""The label by which a pod on ACS asks for a GPU."""


def clusters(api: OpenApi, demand: Demand) -> Iterator[Finding]:
    """Yield a line for every cluster that is made, and for every series of GPUs."""
    for row in demand.resources:
        if row.type == CLUSTER and row.inputs.get("profile") == "Acs":
            yield _version(api, str(row.inputs.get("version") or ""))
    series = {name for row in demand.resources if row.type.startswith("kubernetes:") for name in _series(row.inputs)}
    for name in sorted(series):
        yield Finding(
            "unseen",
            f"{name} GPUs on ACS: no call says whether the account may use them and whether there are any.",
            "Ask for the series in the ACS console before the first `up`.",
        )


def _version(api: OpenApi, wanted: str) -> Finding:
    what = f"ACS cluster in {api.region}"
    asked = {"Region": api.region, "ClusterType": "ManagedKubernetes", "Profile": "Acs"}
    try:
        found = api.call("cs", "DescribeKubernetesVersionMetadata", "/api/v1/metadata/versions", **asked)
    except (RefusedError, UnreachableError) as error:
        return unseen(what, error, "cs:DescribeKubernetesVersionMetadata")
    versions = [str(row["version"]) for row in found]
    if not versions:
        return Finding("stop", f"{what}: none is made here.", "Choose a zoneId in another region.")
    if wanted and wanted not in versions:
        return Finding("stop", f"{what}: no version {wanted}.", f"Set kubernetesVersion to {' or '.join(versions)}.")
    return Finding("ok", f"{what}: {wanted or ' or '.join(versions)}.")


def _series(value: object) -> Iterator[str]:
    match value:
        case Mapping():
            if isinstance(name := value.get(SERIES), str):
                yield name
            for inner in value.values():
                yield from _series(inner)
        case list():
            for inner in value:
                yield from _series(inner)
