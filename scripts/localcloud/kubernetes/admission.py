"""What ACS refuses: what needs a node, pods of sizes it has not, labels in the wrong place."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from scripts.localcloud.check_values import Failure
from scripts.localcloud.errors import suggestion
from scripts.localcloud.kubernetes.objects import Manifest
from scripts.localcloud.kubernetes.pods import Template, pluck, requested, templates
from scripts.localcloud.kubernetes.schemas import written

_PREFIX = "alibabacloud.com/"
_CLASS = f"{_PREFIX}compute-class"
_SERIES = f"{_PREFIX}gpu-model-series"
HPN = f"{_PREFIX}hpn-type"
_GPUS = ("nvidia.com/gpu", f"{_PREFIX}ppu")
_GIB = 1024**3
_GPU_CLASSES = ("gpu", "gpu-hpn")
_OF_A_NODE = ("hostIPC", "hostNetwork", "hostPID")


@cache
def facts() -> Any:  # noqa: ANN401 rows of facts
    """Return what is known about ACS."""
    return json.loads((Path(__file__).parent / "acs.json").read_text(encoding="utf-8"))


def failures(manifest: Manifest) -> list[Failure]:
    """Return why ACS refuses *manifest*, which the API server would take."""
    found = list(_refused(manifest))
    for template in templates(manifest):
        found += [*_privileges(template), *_ports(template), *_labels(template), *_pod_size(template)]
    return found


def _refused(manifest: Manifest) -> Iterator[Failure]:
    if manifest["kind"] == "DaemonSet":
        yield Failure("kind", "ACS has no nodes for a DaemonSet")
    if manifest["kind"] == "Service" and pluck(manifest, ("spec", "type")) == "NodePort":
        yield Failure("spec.type", "ACS has no nodes for a NodePort; use LoadBalancer or ClusterIP")
    for name in pluck(manifest, ("spec", "selector", "matchLabels")) or {}:
        if name.startswith(_PREFIX):
            yield Failure(written(("spec", "selector", "matchLabels", name)), "ACS takes it as a label of the pod only")


def _privileges(template: Template) -> Iterator[Failure]:
    for name in _OF_A_NODE:
        if template.spec.get(name):
            yield Failure(written((*template.path, "spec", name)), "ACS lets no pod share a node")
    for path, container in template.containers():
        if pluck(container, ("securityContext", "privileged")):
            where = written((*path, "securityContext", "privileged"))
            yield Failure(where, "ACS runs privileged pods only for accounts that asked for it in a ticket")


def _ports(template: Template) -> Iterator[Failure]:
    for path, container in template.containers():
        for index, port in enumerate(container.get("ports") or []):
            if port["containerPort"] in facts()["reservedPorts"]:
                where = written((*path, "ports", index, "containerPort"))
                yield Failure(where, f"ACS keeps port {port['containerPort']} for itself")


def _labels(template: Template) -> Iterator[Failure]:
    of_class, classes = template.labels.get(_CLASS), facts()["classes"]
    where = (*template.path, "metadata", "labels")
    if of_class is not None and of_class not in classes:
        message = f"{of_class!r} is not one of {', '.join(classes)}.{suggestion(of_class, classes)}"
        yield Failure(written((*where, _CLASS)), message)
    if _SERIES in template.labels and of_class not in _GPU_CLASSES:
        yield Failure(written((*where, _SERIES)), f"is for pods of {_CLASS} gpu or gpu-hpn, not {of_class!r}")


def series_of(template: Template) -> str:
    """Return the GPU series: a label of the pod, or for reserved nodes (gpu-hpn) their label."""
    chosen: str = (template.spec.get("nodeSelector") or {}).get(_SERIES) or template.labels.get(_SERIES, "")
    return chosen


def _pod_size(template: Template) -> Iterator[Failure]:
    asked = {name: int(requested(template, name)) for name in _GPUS if requested(template, name)}
    if template.labels.get(_CLASS) in _GPU_CLASSES:
        yield from _gpu_pod(template, asked)
        return
    where = written((*template.path, "spec", "containers"))
    for name, count in asked.items():
        yield Failure(where, f"{count} {name} need {_CLASS} gpu or gpu-hpn on the pod")
    most = facts()["cpuPod"]
    vcpus, memory = requested(template, "cpu"), requested(template, "memory") / _GIB
    if vcpus > most["vcpus"] or memory > most["memoryGib"]:
        limit = f"{most['vcpus']} vCPU and {most['memoryGib']} GiB"
        yield Failure(where, f"{_size(vcpus, memory)} is more than the {limit} that ACS gives without a ticket")


def _gpu_pod(template: Template, asked: Mapping[str, int]) -> Iterator[Failure]:
    series, known = series_of(template), facts()["series"]
    labels = written((*template.path, "metadata", "labels"))
    where = written((*template.path, "spec", "containers"))
    if series not in known:
        yield Failure(labels, f"{_SERIES} {series!r} is not one of {', '.join(known)}.{suggestion(series, known)}")
        return
    row = known[series]
    if set(asked) != {row["resource"]}:
        shown = ", ".join(asked) or "none"
        yield Failure(where, f"{series} has its GPUs as {row['resource']}; asked for {shown}")
        return
    count = asked[row["resource"]]
    if count not in row.get("gpus", [count]):
        yield Failure(where, f"{series} has pods of {', '.join(map(str, row['gpus']))} GPUs, not of {count}")
    if template.labels.get(HPN) == "rdma" and count != row.get("rdmaGpus"):
        yield Failure(labels, f"{HPN} rdma is for {series} pods of {row.get('rdmaGpus', 'no')} GPUs, not of {count}")
    yield from _gpu_size(template, row.get("sizes", {}).get(str(count)), where)


def _gpu_size(template: Template, sizes: Any, where: str) -> Iterator[Failure]:  # noqa: ANN401 rows of facts
    vcpus, memory = requested(template, "cpu"), requested(template, "memory") / _GIB
    if sizes is None:
        return
    row = sizes.get(f"{vcpus:g}")
    if row is None:
        yield Failure(where, f"{_size(vcpus, memory)}: such a pod has {', '.join(sizes)} vCPU")
    elif memory not in row.get("allowed", [memory]) or not row.get("min", 0) <= memory <= row.get("max", memory):
        shown = ", ".join(f"{name} {value}" for name, value in row.items())
        yield Failure(where, f"{_size(vcpus, memory)}: such a pod has memory of {shown} GiB")


def _size(vcpus: float, memory: float) -> str:
    return f"{vcpus:g} vCPU with {memory:g} GiB"
