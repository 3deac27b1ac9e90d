"""What the API server and ACS refuse although the shape is right."""

from typing import Any

import pytest

from scripts.localcloud.kubernetes import admission, validation
from scripts.localcloud.kubernetes.objects import Manifest
from tests.localcloud.kubernetes.things import (
    CLAIM,
    VOLUME,
    changed,
    config_map,
    deployment,
    gpu_template,
    group,
    job,
    of,
    pod_template,
    service,
)

POD = "spec.template.spec"
CONTAINER = f"{POD}.containers.0"
LABELS = "spec.template.metadata.labels"
SERIES = f"{LABELS}.alibabacloud~com/gpu-model-series"
GPUS = f"{CONTAINER}.resources.limits"
ENGINE = deployment(gpu_template())
SCALER = of("autoscaling/v2", "HorizontalPodAutoscaler", "llm", maxReplicas=2, minReplicas=1)
BUDGET = of("policy/v1", "PodDisruptionBudget", "llm", maxUnavailable=1)

INVALID: list[tuple[Manifest, str, Any, str]] = [
    (
        deployment(),
        "metadata.name",
        "My_App",
        (
            "metadata.name: Invalid value: 'My_App': must be an RFC 1123 subdomain: "
            "lower-case letters, digits, '-' and '.'"
        ),
    ),
    (
        service(),
        "metadata.name",
        "1",
        "metadata.name: Invalid value: '1': must be a DNS-1035 label: lower-case letters, digits and '-'",
    ),
    (
        service(),
        "metadata.name",
        "a" * 64,
        f"metadata.name: Invalid value: '{'a' * 64}': must be no more than 63 characters",
    ),
    (service(), "spec.ports", [], "spec.ports: Required value"),
    (service(), "spec.ports", [{"port": 1, "name": "a"}, {"port": 2}], "spec.ports[1].name: Required value"),
    (deployment(), f"{CONTAINER}.image", None, "spec.template.spec.containers[0].image: Required value"),
    (
        deployment(),
        f"{POD}.initContainers",
        [{"name": "engine", "image": "i"}],
        "spec.template.spec.containers[0].name: Duplicate value: 'engine'",
    ),
    (
        deployment(),
        f"{CONTAINER}.resources.requests",
        {"cpu": "2500m"},
        (
            "spec.template.spec.containers[0].resources.requests: "
            "Invalid value: '2500m': must be less than or equal to cpu limit of 2"
        ),
    ),
    (
        ENGINE,
        f"{CONTAINER}.resources.requests",
        {"nvidia.com/gpu": "4"},
        (
            'spec.template.spec.containers[0].resources.requests["nvidia.com/gpu"]: '
            "Invalid value: '4': must be equal to nvidia.com/gpu limit of 8"
        ),
    ),
    (
        ENGINE,
        f"{GPUS}.nvidia~com/gpu",
        "500m",
        (
            'spec.template.spec.containers[0].resources.requests["nvidia.com/gpu"]: '
            "Invalid value: '500m': must be an integer"
        ),
    ),
    (
        deployment(),
        f"{CONTAINER}.resources",
        {"requests": {"nvidia.com/gpu": 1}},
        (
            "spec.template.spec.containers[0].resources.limits: "
            "Required value: Limit must be set for non overcommitable nvidia.com/gpu"
        ),
    ),
    (
        deployment(),
        f"{CONTAINER}.volumeMounts",
        [{"name": "key", "mountPath": "/run"}],
        "spec.template.spec.containers[0].volumeMounts[0].name: Not found: 'key'",
    ),
    (
        deployment(),
        f"{POD}.volumes",
        [{"name": "a", "emptyDir": {}}, {"name": "a", "emptyDir": {}}],
        "spec.template.spec.volumes: Duplicate value: 'a'",
    ),
    (
        deployment(),
        f"{POD}.restartPolicy",
        "Never",
        "spec.template.spec.restartPolicy: Unsupported value: 'Never': supported values: 'Always'",
    ),
    (
        job(),
        f"{POD}.restartPolicy",
        None,
        "spec.template.spec.restartPolicy: Required value: valid values: 'OnFailure', 'Never'",
    ),
    (
        deployment(),
        LABELS,
        {"app": "other"},
        "spec.template.metadata.labels: Invalid value: {'app': 'other'}: `selector` does not match template `labels`",
    ),
    (
        deployment(),
        "spec.selector",
        {},
        "spec.selector: Invalid value: {}: empty selector is invalid for deployment",
    ),
    (
        config_map(a="b"),
        "data.a",
        "x" * 1024 * 1024 + "y",
        "data: Too long: may not be more than 1048576 bytes, 1048577 are given",
    ),
    (
        of("v1", "Secret", "keys") | {"data": {"a": "YQ=="}},
        "data.a",
        "not base64",
        "data.a: Invalid value: a Secret's data is Base64",
    ),
    (CLAIM, "spec.accessModes", None, "spec.accessModes: Required value: at least 1 access mode is required"),
    (CLAIM, "spec.resources", None, 'spec.resources["storage"]: Required value'),
    (VOLUME, "spec.accessModes", None, "spec.accessModes: Required value: at least 1 access mode is required"),
    (VOLUME, "spec.capacity", None, "spec.capacity: Required value"),
    (VOLUME, "spec.csi", None, "spec: Required value: must specify a volume type"),
    (
        SCALER,
        "spec.minReplicas",
        3,
        "spec.maxReplicas: Invalid value: 2: must be greater than or equal to `minReplicas`",
    ),
    (BUDGET, "spec.minAvailable", 1, "spec: Invalid value: minAvailable and maxUnavailable cannot be both set"),
    (
        group(),
        "spec.leaderWorkerTemplate.size",
        0,
        "spec.leaderWorkerTemplate.size: Invalid value: 0: size must be equal or greater than 1",
    ),
    (
        of("keda.sh/v1alpha1", "ScaledObject", "llm", minReplicaCount=1),
        "spec.maxReplicaCount",
        0,
        "spec: Invalid value: minReplicaCount must be less than or equal to maxReplicaCount",
    ),
]


@pytest.mark.parametrize(("manifest", "path", "value", "message"), INVALID)
def test_what_no_api_server_takes(manifest: Manifest, path: str, value: object, message: str) -> None:
    """One wrong place in a good object is one message."""
    assert [] == validation.failures(manifest)
    assert [message] == [str(failure) for failure in validation.failures(changed(manifest, path, value))]


WHERE = "spec.template.spec.containers"
REFUSED: list[tuple[Manifest, str, Any, str]] = [
    (deployment(), "kind", "DaemonSet", "kind: ACS has no nodes for a DaemonSet"),
    (
        service(type="LoadBalancer"),
        "spec.type",
        "NodePort",
        "spec.type: ACS has no nodes for a NodePort; use LoadBalancer or ClusterIP",
    ),
    (
        deployment(),
        "spec.selector.matchLabels.alibabacloud~com/compute-class",
        "gpu",
        ('spec.selector.matchLabels["alibabacloud.com/compute-class"]: ACS takes it as a label of the pod only'),
    ),
    (deployment(), f"{POD}.hostNetwork", True, "spec.template.spec.hostNetwork: ACS lets no pod share a node"),
    (
        deployment(),
        f"{CONTAINER}.securityContext",
        {"privileged": True},
        (
            "spec.template.spec.containers[0].securityContext.privileged: "
            "ACS runs privileged pods only for accounts that asked for it in a ticket"
        ),
    ),
    (
        deployment(),
        f"{CONTAINER}.ports.0.containerPort",
        10250,
        "spec.template.spec.containers[0].ports[0].containerPort: ACS keeps port 10250 for itself",
    ),
    (
        deployment(),
        f"{LABELS}.alibabacloud~com/compute-class",
        "gpus",
        (
            'spec.template.metadata.labels["alibabacloud.com/compute-class"]: '
            "'gpus' is not one of general-purpose, performance, gpu, gpu-hpn. Did you mean 'gpu'?"
        ),
    ),
    (
        deployment(),
        SERIES,
        "GU8TF",
        (
            'spec.template.metadata.labels["alibabacloud.com/gpu-model-series"]: '
            "is for pods of alibabacloud.com/compute-class gpu or gpu-hpn, not None"
        ),
    ),
    (
        deployment(),
        f"{GPUS}.nvidia~com/gpu",
        "1",
        f"{WHERE}: 1 nvidia.com/gpu need alibabacloud.com/compute-class gpu or gpu-hpn on the pod",
    ),
    (
        deployment(),
        f"{GPUS}.memory",
        "129Gi",
        f"{WHERE}: 2 vCPU with 129 GiB is more than the 16 vCPU and 128 GiB that ACS gives without a ticket",
    ),
    (
        ENGINE,
        SERIES,
        "GU8TG",
        (
            "spec.template.metadata.labels: alibabacloud.com/gpu-model-series 'GU8TG' is not one of GU8TF, GU8TEF, "
            "GX8SF, L20X, P16EN, GN8IS, L20, A10, T4, G49E, G59. Did you mean 'GU8TF'?"
        ),
    ),
    (
        ENGINE,
        SERIES,
        "P16EN",
        f"{WHERE}: P16EN has its GPUs as alibabacloud.com/ppu; asked for nvidia.com/gpu",
    ),
    (
        changed(ENGINE, f"{LABELS}.alibabacloud~com/hpn-type", None),
        f"{GPUS}.nvidia~com/gpu",
        "3",
        f"{WHERE}: GU8TF has pods of 1, 2, 4, 8 GPUs, not of 3",
    ),
    (
        changed(ENGINE, f"{GPUS}.cpu", "64"),
        f"{GPUS}.nvidia~com/gpu",
        "4",
        ("spec.template.metadata.labels: alibabacloud.com/hpn-type rdma is for GU8TF pods of 8 GPUs, not of 4"),
    ),
    (ENGINE, f"{GPUS}.cpu", "16", f"{WHERE}: 16 vCPU with 920 GiB: such a pod has 64, 128, 184 vCPU"),
    (
        ENGINE,
        f"{GPUS}.memory",
        "512G",
        f"{WHERE}: 184 vCPU with 476.837 GiB: such a pod has memory of allowed [256, 512, 920] GiB",
    ),
]


@pytest.mark.parametrize(("manifest", "path", "value", "message"), REFUSED)
def test_what_acs_refuses(manifest: Manifest, path: str, value: object, message: str) -> None:
    """One wrong place is one message that says what ACS has instead."""
    assert message in [str(failure) for failure in admission.failures(changed(manifest, path, value))]


def test_what_acs_takes() -> None:
    """A whole node of GPUs, a small CPU pod, a reserved node by its label, a group."""
    reserved = changed(ENGINE, f"{LABELS}.alibabacloud~com/compute-class", "gpu-hpn")
    by_node = {"alibabacloud.com/gpu-model-series": "GU8TF"}
    reserved = changed(changed(reserved, SERIES, None), f"{POD}.nodeSelector", by_node)

    assert [[]] * 4 == [admission.failures(each) for each in (ENGINE, deployment(), reserved, group())]


def test_both_pods_of_a_group() -> None:
    """A LeaderWorkerSet's leader is looked at as well as its workers."""
    led = changed(group(), "spec.leaderWorkerTemplate.leaderTemplate", pod_template())
    hostile = changed(led, "spec.leaderWorkerTemplate.leaderTemplate.spec.hostPID", value=True)

    assert ["spec.leaderWorkerTemplate.leaderTemplate.spec.hostPID: ACS lets no pod share a node"] == [
        str(failure) for failure in admission.failures(hostile)
    ]
