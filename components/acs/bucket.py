"""The bucket that holds the weights, and who in the cluster may read it and write it."""

import dataclasses
import json

import pulumi
import pulumi_alicloud as alicloud
import pulumi_random as random

from components.acs.cluster import Oidc
from components.args import AcsLlmClusterArgs
from components.manifests import Bucket
from components.manifests.base import NAME
from components.names import Name
from components.policy import trust_account, weights_policy

_READER = "system:serviceaccount:ack-csi-fuse:csi-fuse-ossfs"
"""
The service account that mounts OSS volumes.

Source: GitHub kubernetes-sigs/alibaba-cloud-csi-driver pkg/mounter/fuse_pod_manager/oss, 2026-11-21.
"""


@dataclasses.dataclass(frozen=True)
class Weights:
    """The bucket with the weights, and as whom the cluster reads and writes it."""

    bucket: Bucket
    access_key: alicloud.ram.AccessKey | None
    """Only where roles are not used."""
    ready: tuple[pulumi.Resource, ...]
    """What must be there before anybody reads or writes."""


def weights(name: Name, args: AcsLlmClusterArgs, oidc: Oidc | None, opts: pulumi.ResourceOptions) -> Weights:
    """Return the bucket of *args*, making it where none is given, with what the cluster may do in it."""
    store, settings = (args.oss_bucket, ()) if args.oss_bucket else _made(name, args, opts)
    if oidc is None:
        key, granted = _user(name, args, store, opts)
        return Weights(Bucket(store, _url(args, store)), key, (*settings, granted))
    bucket, grants = _roles(name, args, store, oidc, opts)
    return Weights(bucket, None, (*settings, *grants))


def _url(args: AcsLlmClusterArgs, store: pulumi.Input[str]) -> pulumi.Output[str]:
    return pulumi.Output.concat("oss://", store, f"/{args.oss_prefix}/")


def _made(
    name: Name, args: AcsLlmClusterArgs, opts: pulumi.ResourceOptions
) -> tuple[pulumi.Output[str], tuple[pulumi.Resource, ...]]:
    # Bucket names are one namespace for all accounts, where another team's project and stack may be called the same.
    suffix = random.RandomId(f"{name}-bucket-suffix", byte_length=4, opts=opts).hex
    store = alicloud.oss.Bucket(
        f"{name}-bucket",
        bucket=suffix.apply(lambda text: f"{name.physical.lower()}-{text}"),
        storage_class="Standard",
        lifecycle_rules=[
            # What an interrupted upload left behind is billed and shown nowhere.
            {"id": "unfinished", "prefix": "", "enabled": True, "abort_multipart_uploads": [{"days": 7}]}
        ],
        # Only copies of published weights are in it.
        force_destroy=True,
        tags=args.tags,
        opts=opts,
    )
    settings = (
        alicloud.oss.BucketPublicAccessBlock(
            f"{name}-bucket-private", bucket=store.bucket, block_public_access=True, opts=opts
        ),
        alicloud.oss.BucketServerSideEncryption(
            f"{name}-bucket-encryption", bucket=store.bucket, sse_algorithm="AES256", opts=opts
        ),
    )
    return store.bucket, settings


def _roles(
    name: Name, args: AcsLlmClusterArgs, store: pulumi.Input[str], oidc: Oidc, opts: pulumi.ResourceOptions
) -> tuple[Bucket, tuple[pulumi.Resource, ...]]:
    reads = _policy(name.part("weights-reader"), args, store, opts, write=False)
    reader, may_read = _role(name.part("weights-reader"), _trust(oidc, _READER), reads, opts)
    if args.weights_source == "oss":
        return Bucket(store, _url(args, store), oidc.provider_arn, reader), (may_read,)
    account = f"system:serviceaccount:{args.namespace}:{NAME}-stage"
    writes = _policy(name.part("weights-writer"), args, store, opts, write=True)
    writer, may_write = _role(name.part("weights-writer"), _trust(oidc, account), writes, opts)
    return Bucket(store, _url(args, store), oidc.provider_arn, reader, writer), (may_read, may_write)


def _trust(oidc: Oidc, account: str) -> pulumi.Output[str]:
    return pulumi.Output.all(oidc.provider_arn, oidc.issuer_url).apply(
        lambda known: json.dumps(trust_account(known[0], known[1], account))
    )


def _role(
    name: Name, trust: pulumi.Output[str], policy: alicloud.ram.Policy, opts: pulumi.ResourceOptions
) -> tuple[pulumi.Output[str], pulumi.Resource]:
    role = alicloud.ram.Role(str(name), role_name=name.physical, assume_role_policy_document=trust, opts=opts)
    granted = alicloud.ram.RolePolicyAttachment(
        f"{name}-policy-attachment",
        role_name=role.role_name,
        policy_name=policy.policy_name,
        policy_type="Custom",
        opts=opts,
    )
    return role.arn, granted


def _user(
    name: Name, args: AcsLlmClusterArgs, store: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> tuple[alicloud.ram.AccessKey, pulumi.Resource]:
    own = name.part("weights-user")
    user = alicloud.ram.User(str(own), name=own.physical, force=True, opts=opts)
    policy = _policy(own, args, store, opts, write=args.weights_source == "modelscope")
    granted = alicloud.ram.UserPolicyAttachment(
        f"{own}-policy-attachment",
        user_name=user.name,
        policy_name=policy.policy_name,
        policy_type="Custom",
        opts=opts,
    )
    return alicloud.ram.AccessKey(f"{own}-key", user_name=user.name, opts=opts), granted


def _policy(
    name: Name, args: AcsLlmClusterArgs, store: pulumi.Input[str], opts: pulumi.ResourceOptions, *, write: bool
) -> alicloud.ram.Policy:
    document = pulumi.Output.from_input(store).apply(
        lambda bucket: json.dumps(weights_policy(bucket, args.oss_prefix, write=write))
    )
    return alicloud.ram.Policy(
        f"{name}-policy",
        policy_name=name.physical,
        policy_document=document,
        rotate_strategy="DeleteOldestNonDefaultVersionWhenLimitExceeded",
        opts=opts,
    )
