"""The weights in the bucket, as a volume."""

import dataclasses
import math

from components.args import AcsLlmClusterArgs
from components.manifests.base import NAME, Later, Manifest, digest, labels, metadata
from components.sizing import GIB


@dataclasses.dataclass(frozen=True)
class Bucket:
    """The bucket, where the weights lie in it (`oss://NAME/FOLDER/`), and the roles where these are used."""

    name: Later
    url: Later
    oidc_provider_arn: Later = None
    reader_role_arn: Later = None
    writer_role_arn: Later = None


def weights_name(args: AcsLlmClusterArgs, noun: str) -> str:
    """
    Return the name of the *noun*, `oss` or `weights`, that holds these very weights.

    Other weights, or a cache of another size, come under another name beside the old, which pods still use.
    """
    cache = args.fluid_cache
    held = [args.oss_bucket, args.oss_prefix, args.weights_model, args.weights_revision]
    return f"{NAME}-{noun}-{digest([held, cache and [cache.quota_gib, cache.memory_gib, cache.vcpus]])}"


def volume(args: AcsLlmClusterArgs, bucket: Bucket) -> Manifest:
    """
    Return the bucket's folder as a volume of the cluster, read-only.

    Sources: GitHub kubernetes-sigs/alibaba-cloud-csi-driver pkg/oss/utils.go @8aacf900, 2026-08-20;
    https://help.aliyun.com/en/oss/developer-reference/guidelines-for-upgrading-v1-signatures-to-v4-signatures.
    """
    claim_name = weights_name(args, "oss")
    full_name = f"{args.namespace}-{claim_name}"
    source = {
        "bucket": bucket.name,
        "url": endpoint(args),
        "path": f"/{args.oss_prefix}",
        # Buckets made since September 2025 take no older signature, and the mount's client signs with the oldest.
        "sigVersion": "v4",
        "region": args.region,
    }
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": full_name, "labels": labels("oss")},
        "spec": {
            "accessModes": ["ReadOnlyMany"],
            "capacity": {"storage": _size(args)},
            "claimRef": {"namespace": args.namespace, "name": claim_name},
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": "",
            "csi": {
                "driver": "ossplugin.csi.alibabacloud.com",
                "volumeHandle": full_name,
                "readOnly": True,
                **_access(args, bucket, source),
            },
        },
    }


def claim(args: AcsLlmClusterArgs) -> Manifest:
    """Return the claim by which pods mount that volume."""
    full_name = weights_name(args, "oss")
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": metadata(args, "oss", full_name),
        "spec": {
            "accessModes": ["ReadOnlyMany"],
            "resources": {"requests": {"storage": _size(args)}},
            "storageClassName": "",
            "volumeName": f"{args.namespace}-{full_name}",
        },
    }


def endpoint(args: AcsLlmClusterArgs) -> str:
    """Return the address of OSS inside the region, where traffic is free."""
    return f"oss-{args.region}-internal.aliyuncs.com"


def _access(args: AcsLlmClusterArgs, bucket: Bucket, source: dict[str, Later]) -> Manifest:
    if args.oss_access == "access-key":
        secret = {"name": f"{NAME}-oss", "namespace": args.namespace}
        return {"volumeAttributes": source, "nodePublishSecretRef": secret}
    role = {"roleArn": bucket.reader_role_arn, "oidcProviderArn": bucket.oidc_provider_arn}
    return {"volumeAttributes": {**source, "authType": "rrsa", **role}}


def _size(args: AcsLlmClusterArgs) -> str:
    """Return the weights' own size: a bucket has no other, and nothing enforces it."""
    return f"{math.ceil(args.model_row.weights_bytes / GIB)}Gi"
