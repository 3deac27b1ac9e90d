"""Objects that the API server takes, to be changed by a test in one place."""

from copy import deepcopy
from typing import Any

from scripts.localcloud.backend import Call
from scripts.localcloud.kubernetes.objects import Manifest

CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
GROUP = "kubernetes:leaderworkerset.x-k8s.io/v1:LeaderWorkerSet"
JOB = "kubernetes:batch/v1:Job"
SECRET = "kubernetes:core/v1:Secret"  # noqa: S105 a type's name
SERVICE = "kubernetes:core/v1:Service"
RELEASE = "kubernetes:helm.sh/v3:Release"
LABELS = {"app.kubernetes.io/name": "llm", "app.kubernetes.io/component": "engine"}


def call(type_: str, timeout_seconds: float = 0.01) -> Call:
    """Return a call about a resource called thing."""
    return Call(type_, "thing", "urn:thing", timeout_seconds)


def config_map(**data: str) -> Manifest:
    """Return a ConfigMap with *data*."""
    return of("v1", "ConfigMap", "files") | {"data": data}


def of(api_version: str, kind: str, name: str, **spec: Any) -> Manifest:  # noqa: ANN401 any part of a manifest
    """Return an object with a spec, in the default namespace."""
    manifest: Manifest = {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": "default"}}
    return manifest | ({"spec": spec} if spec else {})


def pod_template(**labels: str) -> Manifest:
    """Return a pod template with one container."""
    container = {
        "name": "engine",
        "image": "example/engine:1",
        "resources": {"limits": {"cpu": "2", "memory": "4Gi"}},
        "ports": [{"containerPort": 8000}],
    }
    return {"metadata": {"labels": LABELS | labels}, "spec": {"containers": [container]}}


def gpu_template() -> Manifest:
    """Return a pod template for all GPUs of a GU8TF node."""
    template = pod_template(
        **{
            "alibabacloud.com/compute-class": "gpu",
            "alibabacloud.com/gpu-model-series": "GU8TF",
            "alibabacloud.com/hpn-type": "rdma",
        }
    )
    limits = {"cpu": "184", "memory": "920Gi", "nvidia.com/gpu": "8"}
    template["spec"]["containers"][0]["resources"]["limits"] = limits
    return template


def deployment(template: Manifest | None = None) -> Manifest:
    """Return a Deployment of *template*."""
    return of("apps/v1", "Deployment", "llm", selector={"matchLabels": LABELS}, template=template or pod_template())


def job() -> Manifest:
    """Return a Job."""
    template = pod_template()
    template["spec"]["restartPolicy"] = "Never"
    return of("batch/v1", "Job", "llm-ready", template=template)


def service(**spec: Any) -> Manifest:  # noqa: ANN401 any part of a manifest
    """Return a Service of the engine's pods."""
    return of("v1", "Service", "llm", **({"ports": [{"port": 8000}], "selector": LABELS} | spec))


def group(size: int = 2) -> Manifest:
    """Return a LeaderWorkerSet."""
    template = {"size": size, "workerTemplate": pod_template()}
    return of("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", "llm", leaderWorkerTemplate=template)


def changed(manifest: Manifest, path: str, value: Any) -> Manifest:  # noqa: ANN401 any part of a manifest
    """Return *manifest* with *value* at *path*, such as ``spec.template.spec.containers.0.image``; None removes."""
    copy = deepcopy(manifest)
    target: Any = copy
    *parents, last = [int(step) if step.isdigit() else step.replace("~", ".") for step in path.split(".")]
    for step in parents:
        target = target[step] if isinstance(step, int) else target.setdefault(step, {})
    if value is None:
        del target[last]
    else:
        target[last] = value
    return copy


CLAIM = of(
    "v1", "PersistentVolumeClaim", "oss", accessModes=["ReadOnlyMany"], resources={"requests": {"storage": "1Gi"}}
)
VOLUME = of(
    "v1",
    "PersistentVolume",
    "oss",
    accessModes=["ReadOnlyMany"],
    capacity={"storage": "1Gi"},
    csi={"driver": "ossplugin.csi.alibabacloud.com", "volumeHandle": "oss"},
)
