"""What the API server refuses although the shape is right: names, references inside an object, amounts."""

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping

from scripts.localcloud.check_values import Failure
from scripts.localcloud.kubernetes.objects import Manifest
from scripts.localcloud.kubernetes.pods import Path, Template, pluck, resources, templates
from scripts.localcloud.kubernetes.quantities import amount
from scripts.localcloud.kubernetes.schemas import written

_SUBDOMAIN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_NAMES = {
    "Service": (63, r"[a-z]([-a-z0-9]*[a-z0-9])?", "a DNS-1035 label: lower-case letters, digits and '-'"),
    "Namespace": (63, r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", "an RFC 1123 label: lower-case letters, digits and '-'"),
}
_OTHER_NAMES = (253, _SUBDOMAIN, "an RFC 1123 subdomain: lower-case letters, digits, '-' and '.'")
_MOST_BYTES = 1024 * 1024
_WHOLE = re.compile(r"[0-9]+")


def failures(manifest: Manifest) -> list[Failure]:
    """Return why the API server refuses *manifest*."""
    found = [*_name(manifest)]
    if manifest["kind"] in _RULES:
        found += _RULES[manifest["kind"]](manifest)
    for template in templates(manifest):
        found += [*_containers(template), *_volumes(template), *_restarts(manifest, template)]
    return found


def _name(manifest: Manifest) -> Iterator[Failure]:
    name = manifest["metadata"]["name"]
    longest, pattern, words = _NAMES.get(manifest["kind"], _OTHER_NAMES)
    if re.fullmatch(pattern, name) is None:
        yield Failure("metadata.name", f"Invalid value: {name!r}: must be {words}")
    elif len(name) > longest:
        yield Failure("metadata.name", f"Invalid value: {name!r}: must be no more than {longest} characters")


def _containers(template: Template) -> Iterator[Failure]:
    names = set()
    for path, container in template.containers():
        if container["name"] in names:
            yield Failure(written((*path, "name")), f"Duplicate value: {container['name']!r}")
        names.add(container["name"])
        if not container.get("image"):
            yield Failure(written((*path, "image")), "Required value")
        yield from _amounts((*path, "resources"), container)


def _amounts(path: Path, container: Manifest) -> Iterator[Failure]:
    limits, requests = resources(container, "limits"), resources(container, "requests")
    for name, value in requests.items():
        if "/" in name:
            yield from _whole((*path, "requests", name), name, value, limits.get(name))
        elif name in limits and amount(value) > amount(limits[name]):
            message = f"Invalid value: {value!r}: must be less than or equal to {name} limit of {limits[name]}"
            yield Failure(written((*path, "requests")), message)


def _whole(path: Path, name: str, value: str | float, limit: str | float | None) -> Iterator[Failure]:
    if _WHOLE.fullmatch(str(value)) is None:
        yield Failure(written(path), f"Invalid value: {str(value)!r}: must be an integer")
    elif limit is None:
        yield Failure(
            written((*path[:-2], "limits")), f"Required value: Limit must be set for non overcommitable {name}"
        )
    elif str(value) != str(limit):
        yield Failure(written(path), f"Invalid value: {str(value)!r}: must be equal to {name} limit of {limit}")


def _volumes(template: Template) -> Iterator[Failure]:
    volumes = [volume["name"] for volume in template.spec.get("volumes") or []]
    for name in sorted({name for name in volumes if volumes.count(name) > 1}):
        yield Failure(written((*template.path, "spec", "volumes")), f"Duplicate value: {name!r}")
    for path, container in template.containers():
        for index, mount in enumerate(container.get("volumeMounts") or []):
            if mount["name"] not in volumes:
                yield Failure(written((*path, "volumeMounts", index, "name")), f"Not found: {mount['name']!r}")


def _restarts(manifest: Manifest, template: Template) -> Iterator[Failure]:
    policy = template.spec.get("restartPolicy", "Always")
    path = written((*template.path, "spec", "restartPolicy"))
    if manifest["kind"] == "Job" and policy == "Always":
        yield Failure(path, "Required value: valid values: 'OnFailure', 'Never'")
    if manifest["kind"] in ("DaemonSet", "Deployment", "ReplicaSet") and policy != "Always":
        yield Failure(path, f"Unsupported value: {policy!r}: supported values: 'Always'")


def _selector(manifest: Manifest) -> Iterator[Failure]:
    wanted = pluck(manifest, ("spec", "selector", "matchLabels")) or {}
    labels = pluck(manifest, ("spec", "template", "metadata", "labels")) or {}
    if not wanted:
        yield Failure("spec.selector", "Invalid value: {}: empty selector is invalid for " + manifest["kind"].lower())
    elif not wanted.items() <= labels.items():
        message = f"Invalid value: {labels}: `selector` does not match template `labels`"
        yield Failure("spec.template.metadata.labels", message)


def _size(manifest: Manifest) -> Iterator[Failure]:
    data = manifest.get("data") or {}
    if manifest["kind"] == "Secret":
        for name, value in data.items():
            try:
                base64.b64decode(value, validate=True)
            except (binascii.Error, TypeError):
                yield Failure(f"data.{name}", "Invalid value: a Secret's data is Base64")
    size = sum(len(str(value).encode()) for value in data.values())
    if size > _MOST_BYTES:
        yield Failure("data", f"Too long: may not be more than {_MOST_BYTES} bytes, {size} are given")


def _service(manifest: Manifest) -> Iterator[Failure]:
    ports = pluck(manifest, ("spec", "ports")) or []
    if not ports and pluck(manifest, ("spec", "clusterIP")) != "None":
        yield Failure("spec.ports", "Required value")
    for index, port in enumerate(ports):
        if len(ports) > 1 and not port.get("name"):
            yield Failure(f"spec.ports[{index}].name", "Required value")


def _claim(manifest: Manifest) -> Iterator[Failure]:
    if not pluck(manifest, ("spec", "accessModes")):
        yield Failure("spec.accessModes", "Required value: at least 1 access mode is required")
    if pluck(manifest, ("spec", "resources", "requests", "storage")) is None:
        yield Failure('spec.resources["storage"]', "Required value")


def _volume(manifest: Manifest) -> Iterator[Failure]:
    spec = manifest.get("spec") or {}
    if not spec.get("accessModes"):
        yield Failure("spec.accessModes", "Required value: at least 1 access mode is required")
    if not (spec.get("capacity") or {}).get("storage"):
        yield Failure("spec.capacity", "Required value")
    if not {"csi", "hostPath", "local", "nfs"} & set(spec):
        yield Failure("spec", "Required value: must specify a volume type")


def _scaler(manifest: Manifest) -> Iterator[Failure]:
    least, most = (manifest["spec"].get(name, 1) for name in ("minReplicas", "maxReplicas"))
    if most < least:
        message = f"Invalid value: {most}: must be greater than or equal to `minReplicas`"
        yield Failure("spec.maxReplicas", message)


def _budget(manifest: Manifest) -> Iterator[Failure]:
    if {"minAvailable", "maxUnavailable"} <= set(manifest.get("spec") or {}):
        yield Failure("spec", "Invalid value: minAvailable and maxUnavailable cannot be both set")


def _group(manifest: Manifest) -> Iterator[Failure]:
    size = pluck(manifest, ("spec", "leaderWorkerTemplate", "size"))
    if size is not None and size < 1:
        message = f"Invalid value: {size}: size must be equal or greater than 1"
        yield Failure("spec.leaderWorkerTemplate.size", message)


def _scaled(manifest: Manifest) -> Iterator[Failure]:
    if manifest["spec"].get("minReplicaCount", 0) > manifest["spec"].get("maxReplicaCount", 100):
        yield Failure("spec", "Invalid value: minReplicaCount must be less than or equal to maxReplicaCount")


_RULES: Mapping[str, Callable[[Manifest], Iterator[Failure]]] = {
    "ConfigMap": _size,
    "DaemonSet": _selector,
    "Deployment": _selector,
    "HorizontalPodAutoscaler": _scaler,
    "LeaderWorkerSet": _group,
    "PersistentVolume": _volume,
    "PersistentVolumeClaim": _claim,
    "PodDisruptionBudget": _budget,
    "ReplicaSet": _selector,
    "ScaledObject": _scaled,
    "Secret": _size,
    "Service": _service,
}
