"""What the API server writes into an object that left it out, as far as anybody looks at it afterwards."""

import base64
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, TypeAlias

from scripts.localcloud.kubernetes.objects import Manifest
from scripts.localcloud.kubernetes.pods import Template, templates
from scripts.localcloud.kubernetes.resources import Resource

Defaults: TypeAlias = Mapping[str, Any]
"""Values by path, as in `resources.Rows`; each is for objects whose part before it exists."""

_PROBE = {"failureThreshold": 3, "httpGet.path": "/", "httpGet.scheme": "HTTP", "periodSeconds": 10}
_PROBE |= {"successThreshold": 1, "timeoutSeconds": 1}
_CONTAINER: dict[str, Any] = {
    "ports[].protocol": "TCP",
    "resources": {},
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "env[].valueFrom.fieldRef.apiVersion": "v1",
}
_CONTAINER |= {
    f"{probe}.{name}": value
    for probe in ("livenessProbe", "readinessProbe", "startupProbe")
    for name, value in _PROBE.items()
}
_POD: Defaults = {
    "spec.dnsPolicy": "ClusterFirst",
    "spec.restartPolicy": "Always",
    "spec.schedulerName": "default-scheduler",
    "spec.securityContext": {},
    "spec.terminationGracePeriodSeconds": 30,
    "spec.volumes[].configMap.defaultMode": 0o644,
    "spec.volumes[].projected.defaultMode": 0o644,
    "spec.volumes[].projected.sources[].serviceAccountToken.expirationSeconds": 3600,
    "spec.volumes[].secret.defaultMode": 0o644,
} | {
    f"spec.{group}[].{path}": value for group in ("containers", "initContainers") for path, value in _CONTAINER.items()
}
_KINDS: Mapping[str, Defaults] = {
    "Deployment": {
        "spec.progressDeadlineSeconds": 600,
        "spec.replicas": 1,
        "spec.revisionHistoryLimit": 10,
        "spec.strategy": {"type": "RollingUpdate"},
        "spec.strategy.type": "RollingUpdate",
    },
    "HorizontalPodAutoscaler": {"spec.minReplicas": 1},
    "Job": {
        "spec.backoffLimit": 6,
        "spec.completionMode": "NonIndexed",
        "spec.completions": 1,
        "spec.parallelism": 1,
        "spec.suspend": False,
    },
    "Namespace": {"spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}},
    "PersistentVolume": {"spec.persistentVolumeReclaimPolicy": "Retain", "spec.volumeMode": "Filesystem"},
    "PersistentVolumeClaim": {"spec.volumeMode": "Filesystem", "status": {"phase": "Pending"}},
    "Pod": {"spec.serviceAccountName": "default", "status": {"phase": "Pending"}},
    "Secret": {"type": "Opaque"},
    "Service": {
        "spec.internalTrafficPolicy": "Cluster",
        "spec.ports[].protocol": "TCP",
        "spec.sessionAffinity": "None",
        "spec.type": "ClusterIP",
        "status": {"loadBalancer": {}},
    },
    "StorageClass": {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"},
}


def filled(manifest: Manifest, resource: Resource) -> Manifest:
    """Return *manifest*, an object of kind *resource*, as the API server keeps it."""
    full = deepcopy(manifest)
    if resource.rows is not None:
        _fill(full, {path: row["default"] for path, row in resource.rows.items() if "default" in row})
        return full
    _fill(full, _KINDS.get(resource.kind, {}))
    for template in templates(full):
        _fill(template.body, _POD)
        _complete(template)
    match resource.kind:
        case "Deployment" if full["spec"]["strategy"]["type"] == "RollingUpdate":
            rolling = {"maxSurge": "25%", "maxUnavailable": "25%"} | full["spec"]["strategy"].get("rollingUpdate", {})
            full["spec"]["strategy"]["rollingUpdate"] = rolling
        case "Namespace":
            name = full["metadata"]["name"]
            full["metadata"]["labels"] = {"kubernetes.io/metadata.name": name, **full["metadata"].get("labels", {})}
        case "Secret":
            _encode(full)
        case "Service":
            for port in full["spec"].get("ports", []):
                port.setdefault("targetPort", port["port"])
    return full


def _complete(template: Template) -> None:
    for _, container in template.containers():
        image = container.get("image", "").rpartition("/")[2]
        latest = image.endswith(":latest") or (":" not in image and "@" not in image)
        container.setdefault("imagePullPolicy", "Always" if latest else "IfNotPresent")
        limits = container["resources"].get("limits")
        if limits:
            container["resources"]["requests"] = {**limits, **container["resources"].get("requests", {})}


def _encode(secret: Manifest) -> None:
    plain = secret.pop("stringData", None) or {}
    encoded = {name: base64.b64encode(value.encode()).decode() for name, value in plain.items()}
    if encoded:
        secret["data"] = {**secret.get("data", {}), **encoded}


def _fill(manifest: Manifest, defaults: Defaults) -> None:
    for path, value in defaults.items():
        *parents, name = path.split(".")
        for parent in _parents([manifest], parents):
            parent.setdefault(name, deepcopy(value))


def _parents(found: list[Manifest], steps: list[str]) -> Iterator[Manifest]:
    if not steps:
        yield from found
        return
    name = steps[0].removesuffix("[]")
    inner = [item[name] for item in found if item.get(name) is not None]
    yield from _parents([each for item in inner for each in item] if steps[0].endswith("[]") else inner, steps[1:])
