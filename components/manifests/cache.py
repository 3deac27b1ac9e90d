"""The weights once more in memory, near the pods that load them: Fluid's objects."""

from components.args import AcsLlmClusterArgs
from components.manifests.base import NAME, Later, Manifest, metadata, resources
from components.manifests.storage import Bucket, endpoint, weights_name
from components.plan.cache import CLASS, MASTER_GIB, MASTER_VCPUS

_API = "data.fluid.io/v1alpha1"

_CACHE_POD = {"alibabacloud.com/compute-class": CLASS, "alibabacloud.com/compute-qos": "default"}
"""
Labels of the cache's pods on ACS.

Source: GitHub aliyun-computenest/quickstart-vllm-ack docs/index-acs.md, 2026-08-20.
"""


def dataset(args: AcsLlmClusterArgs, bucket: Bucket) -> Manifest:
    """
    Return what is cached: the volume of the bucket by its role, or the bucket itself by the access key.

    Fluid makes a claim of the Dataset's name, so no other claim may have it. JindoCache mounts claims:
    GitHub fluid-cloudnative/fluid pkg/ddc/jindocache/transform.go, v1.0.5 to v1.0.8; with a claim of OSS by a role
    on ACS it was not tried.
    """
    mount: Manifest = {"name": "weights", "path": "/", "readOnly": True, "mountPoint": _volume(args)}
    if args.oss_access == "access-key":
        mount |= _bucket(args, bucket.url)
    return {
        "apiVersion": _API,
        "kind": "Dataset",
        "metadata": metadata(args, "weights", weights_name(args, "weights")),
        "spec": {"accessModes": ["ReadOnlyMany"], "mounts": [mount], "placement": "Shared"},
    }


def runtime(args: AcsLlmClusterArgs) -> Manifest:
    """Return the cache's own pods."""
    cache = args.fluid_cache
    assert cache is not None  # noqa: S101 - nobody asks for it with fluidEnabled: false
    level = {
        "mediumtype": "MEM",
        "volumeType": "emptyDir",
        "path": "/dev/shm",  # noqa: S108 - in the pod, of its own memory
        "quota": f"{cache.quota_gib}Gi",
        "high": "0.99",
        "low": "0.95",
    }
    return {
        "apiVersion": _API,
        "kind": "JindoRuntime",
        "metadata": metadata(args, "weights", weights_name(args, "weights")),
        "spec": {
            "networkmode": "ContainerNetwork",
            "replicas": cache.workers,
            "master": {
                "podMetadata": {"labels": _CACHE_POD},
                "resources": resources(str(MASTER_VCPUS), f"{MASTER_GIB}Gi"),
            },
            "worker": {
                "podMetadata": {
                    "labels": _CACHE_POD,
                    "annotations": {"kubernetes.io/resource-type": "serverless"},
                },
                "resources": resources(str(cache.vcpus), f"{cache.memory_gib}Gi"),
            },
            "tieredstore": {"levels": [level]},
        },
    }


def load(args: AcsLlmClusterArgs) -> Manifest:
    """Return the order to fill the cache."""
    full_name = weights_name(args, "weights")
    return {
        "apiVersion": _API,
        "kind": "DataLoad",
        "metadata": metadata(args, "weights", full_name),
        "spec": {
            "dataset": {"name": full_name, "namespace": args.namespace},
            "loadMetadata": True,
            "target": [{"path": "/", "replicas": 1}],
            "podMetadata": {"labels": _CACHE_POD},
            "resources": resources("2", "4Gi"),
        },
    }


def _volume(args: AcsLlmClusterArgs) -> str:
    return f"pvc://{weights_name(args, 'oss')}"


def _bucket(args: AcsLlmClusterArgs, url: Later) -> Manifest:
    pair = {"fs.oss.accessKeyId": "akId", "fs.oss.accessKeySecret": "akSecret"}
    return {
        "mountPoint": url,
        "options": {"fs.oss.endpoint": endpoint(args)},
        "encryptOptions": [
            {"name": option, "valueFrom": {"secretKeyRef": {"name": f"{NAME}-oss", "key": key}}}
            for option, key in pair.items()
        ],
    }
