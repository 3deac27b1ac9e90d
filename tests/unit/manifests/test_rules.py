"""What ACS and the pods themselves need of the objects, which no schema says."""

import ast
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from components import manifests
from components.manifests import Manifest
from components.manifests.base import NAME, answering
from scripts.localcloud.kubernetes import admission, validation
from tests.unit.manifests.cases import CASES, arguments, objects

all_cases = pytest.mark.parametrize("case", CASES)


def deployed(case: str) -> list[Manifest]:
    """Return all that is deployed for *case*."""
    args = arguments(case)
    return [manifests.files(args), *objects(args)]


def templates(case: str) -> Iterator[tuple[Manifest, Manifest]]:
    """Yield each pod template that is deployed for *case*, after the object it is of."""
    for manifest in deployed(case):
        spec = manifest.get("spec", {})
        groups = spec.get("leaderWorkerTemplate", {})
        for template in (spec.get("template"), groups.get("leaderTemplate"), groups.get("workerTemplate")):
            if template:
                yield manifest, template


def containers(case: str) -> Iterator[tuple[Manifest, Manifest]]:
    """Yield each container that is deployed for *case*, after its pod's spec."""
    return ((pod["spec"], one) for _, pod in templates(case) for one in pod["spec"]["containers"])


def named(case: str, kind: str) -> dict[str, Manifest]:
    """Return the objects of *kind* by their names."""
    return {one["metadata"]["name"]: one for one in deployed(case) if one["kind"] == kind}


@all_cases
def test_names_and_labels_are_short_enough(case: str) -> None:
    """Every name is one of a DNS label, every label's value fits."""
    for manifest in deployed(case):
        assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", manifest["metadata"]["name"])
        assert all(len(value) < 64 for value in manifest["metadata"]["labels"].values())


@all_cases
def test_claims_share_no_name(case: str) -> None:
    """No claim has the name of a Dataset, for which Fluid makes one."""
    assert not named(case, "PersistentVolumeClaim").keys() & named(case, "Dataset").keys()


@all_cases
def test_selectors_find_the_pods(case: str) -> None:
    """What selects pods selects those that serve and no others, and no label of ACS is among its own."""
    pods = {id(pod): pod["metadata"]["labels"] for _, pod in templates(case)}
    for manifest in deployed(case):
        spec = manifest.get("spec", {})
        selector = spec.get("selector", {}) if manifest["kind"] != "PersistentVolumeClaim" else {}
        wanted = selector.get("matchLabels", {}) if "matchLabels" in selector else selector
        assert not any("alibabacloud.com" in key for key in wanted)
        if wanted and "matchExpressions" not in selector:
            found = [labels for labels in pods.values() if wanted.items() <= labels.items()]
            assert [answering(arguments(case))] == [labels["app.kubernetes.io/component"] for labels in found]


@all_cases
def test_acs_gets_the_shape_it_sells(case: str) -> None:
    """The containers of each pod that serves add up to the pod's shape, and ask for no more than they may have."""
    args = arguments(case)
    for _, pod in templates(case):
        amounts = [one["resources"] for one in pod["spec"]["containers"]]
        assert all(one["requests"] == one["limits"] for one in amounts)
        if pod["metadata"]["labels"]["app.kubernetes.io/component"] in ("engine", "leader", "worker"):
            total = [one["limits"] for one in amounts]
            assert args.pod.vcpus * 1000 == sum(int(one["cpu"].removesuffix("m")) for one in total)
            assert args.pod.memory_gib == sum(int(one["memory"].removesuffix("Gi")) for one in total)
            assert args.pod.gpus == sum(one.get(args.series.resource, 0) for one in total)


@all_cases
def test_nothing_is_refused(case: str) -> None:
    """The API takes every object beyond its shape, and so does ACS: sizes, labels, ports and privileges."""
    for manifest in deployed(case):
        assert [] == [*validation.failures(manifest), *admission.failures(manifest)]
    assert all("alibabacloud.com/compute-class" in pod["metadata"]["labels"] for _, pod in templates(case))


@all_cases
def test_no_container_gains_privileges(case: str) -> None:
    """Every container drops what it can do, but for what the gate and RDMA need."""
    for _, one in containers(case):
        allowed = {"gate": {"NET_BIND_SERVICE"}, "engine": {"IPC_LOCK"}}.get(one["name"], set())
        context = one["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert ["ALL"] == context["capabilities"]["drop"]
        assert allowed >= set(context["capabilities"].get("add", []))


@all_cases
def test_what_pods_name_is_there(case: str) -> None:
    """Every account, claim, Secret, ConfigMap and key that a pod names is deployed, every mount has its volume."""
    claims = named(case, "PersistentVolumeClaim").keys() | named(case, "Dataset").keys()
    for _, pod in templates(case):
        spec = pod["spec"]
        assert spec.get("serviceAccountName", f"{NAME}-engine") in named(case, "ServiceAccount")
        volumes = {one["name"]: one for one in spec["volumes"]}
        for volume in volumes.values():
            _there(case, volume, claims)
        for one in spec["containers"]:
            assert {mount["name"] for mount in one["volumeMounts"]} <= volumes.keys()
            for variable in one.get("env", []):
                _there(case, variable.get("valueFrom", {}), claims)


def _there(case: str, source: dict[str, Any], claims: set[str]) -> None:
    if "persistentVolumeClaim" in source:
        assert source["persistentVolumeClaim"]["claimName"] in claims
    if "configMap" in source:
        data = named(case, "ConfigMap")[source["configMap"]["name"]]["data"]
        assert {item["key"] for item in source["configMap"].get("items", [])} <= data.keys()
    if "secret" in source:
        assert source["secret"]["secretName"] in named(case, "Secret")
    if "secretKeyRef" in source:
        reference = source["secretKeyRef"]
        assert reference["key"] in named(case, "Secret")[reference["name"]]["stringData"]


@all_cases
def test_programs_are_shipped(case: str) -> None:
    """Every program that a pod runs is in its files, and so is all that they import."""
    data = named(case, "ConfigMap")[f"{NAME}-files"]["data"]
    commands = re.findall(r"/opt/llm/(\w+\.py)", str(deployed(case)[1:]))
    assert {"started.py", "alive.py", "drain.py", "ready.py"} <= set(commands)
    assert set(commands) <= data.keys()
    here = {path.removesuffix(".py") for path in data}
    for path in data:
        if path.endswith(".py"):
            assert set(_imports(data[path])) - sys.stdlib_module_names <= here, path


def _imports(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            yield str(node.module).partition(".")[0]
        elif isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
