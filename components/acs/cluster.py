"""The ACS cluster an endpoint runs in, made here or the user's own, and the provider that talks to it."""

import dataclasses
import re
from collections.abc import Iterable
from typing import Any

import pulumi
import pulumi_alicloud as alicloud
import pulumi_kubernetes as kubernetes

from components.acs.api_access import Door, api_door, open_api
from components.args import AcsLlmClusterArgs, ArgsError
from components.names import Name
from components.network import Subnet
from components.order import after

_PROFILE = "Acs"

_DNS = "managed-coredns"
"""
A cluster of ACS has no DNS of its own unless it is asked for.

Source: https://www.alibabacloud.com/help/en/document_detail/2584549.html, 2026-11-21; the add-on's name is in the
provider's documentation of the resource.
"""

_GOES_WITH_IT = ("SLB", "ALB", "SLS_Data", "SLS_ControlPlane", "PrivateZone")
"""What the cluster's controllers make in the account; left behind, it is billed on and keeps the VPC from going."""


@dataclasses.dataclass(frozen=True)
class Oidc:
    """As whom RAM knows the cluster's service accounts (RRSA)."""

    provider_arn: pulumi.Input[str]
    issuer_url: pulumi.Input[str] | None = None
    """None where only the provider was named."""


@dataclasses.dataclass(frozen=True)
class Cluster:
    """A cluster that can be talked to."""

    provider: kubernetes.Provider
    kubeconfig: pulumi.Output[str]
    """Secret."""
    oidc: Oidc | None
    """None where the bucket is reached by a key pair."""
    own: alicloud.cs.ManagedKubernetes | None
    """The cluster where it was made here: what is in it goes with it."""
    id: pulumi.Input[str] | None
    vpc_id: pulumi.Input[str] | None
    security_group_id: pulumi.Input[str] | None
    """These three are None where only a kubeconfig names the cluster."""
    vswitch_id: pulumi.Input[str] | None
    """None in a cluster of the user's, which may have several."""


def cluster(
    name: Name,
    args: AcsLlmClusterArgs,
    net: Subnet | None,
    outlive: Iterable[pulumi.Resource],
    opts: pulumi.ResourceOptions,
) -> Cluster:
    """
    Return the cluster of *args*, making it in *net* when none is given.

    What is in a cluster made here goes with it, and until then uses the resources in *outlive*.
    """
    if net is None:
        return _given(name, args, opts)
    door = api_door(name, args, opts)
    made = _made(name, args, net, door, after(opts, (*net.egress, *door.allowed.resources, *outlive)))
    kubeconfig = _kubeconfig(made.id, open_api(name, made, door, opts), opts)
    rrsa = made.rrsa_metadata
    return Cluster(
        provider=_provider(name, made.id, kubeconfig, opts),
        kubeconfig=kubeconfig,
        oidc=Oidc(rrsa.ram_oidc_provider_arn, rrsa.rrsa_oidc_issuer_url) if args.oss_access == "rrsa" else None,
        own=made,
        id=made.id,
        vpc_id=made.vpc_id,
        security_group_id=made.security_group_id,
        vswitch_id=net.vswitch_id,
    )


def _made(
    name: Name, args: AcsLlmClusterArgs, net: Subnet, door: Door, opts: pulumi.ResourceOptions
) -> alicloud.cs.ManagedKubernetes:
    return alicloud.cs.ManagedKubernetes(
        f"{name}-cluster",
        name=name.physical,
        profile=_PROFILE,
        cluster_spec="ack.pro.small",
        version=args.kubernetes_version,
        vswitch_ids=[net.vswitch_id],
        security_group_id=args.security_group_id,
        service_cidr=args.service_cidr,
        ip_stack="ipv4",
        new_nat_gateway=False,
        slb_internet_enabled=False,
        custom_san=door.address.ip_address if door.address else None,
        enable_rrsa=True,
        addons=[{"name": _DNS}],
        encryption_provider_key=args.kms_key_id,
        disable_encryption=False if args.kms_key_id else None,
        audit_log_config={"enabled": True} if args.audit_log else None,
        # The administrator's key would else lie in the state, in the clear.
        skip_set_certificate_authority=True,
        deletion_protection=args.deletion_protection,
        delete_options=[{"resource_type": kind, "delete_mode": "delete"} for kind in _GOES_WITH_IT],
        tags=args.tags,
        opts=opts,
    )


def _given(name: Name, args: AcsLlmClusterArgs, opts: pulumi.ResourceOptions) -> Cluster:
    by_role = args.oss_access == "rrsa"
    oidc = Oidc(args.oidc_provider_arn) if by_role and args.oidc_provider_arn else None
    found = _checked(args, opts) if args.cluster_id else None
    cluster_id = found.id if found else pulumi.Output.from_input(name.physical)
    if by_role and oidc is None:
        oidc = _rrsa(args, cluster_id, opts)
    given = args.kubeconfig
    kubeconfig = _kubeconfig(cluster_id, None, opts) if given is None else pulumi.Output.secret(given)
    provider = _provider(name, cluster_id, kubeconfig, opts)
    return Cluster(
        provider=provider,
        kubeconfig=kubeconfig,
        oidc=oidc,
        own=None,
        id=found.id if found else None,
        vpc_id=found.vpc_id if found else None,
        security_group_id=found.security_group_id if found else None,
        vswitch_id=None,
    )


def _checked(args: AcsLlmClusterArgs, opts: pulumi.ResourceOptions) -> Any:  # noqa: ANN401 - an Output
    """Return what the provider knows of the user's cluster, if it is one of ACS."""

    def check(cluster_id: str, listed: list[Any]) -> Any:  # noqa: ANN401 - what the provider describes
        if not listed:
            text = (
                f"{cluster_id!r} is no ACS cluster of {args.region} in this account. Give one of profile {_PROFILE!r}"
            )
            raise ArgsError(args.COMPONENT, [f"clusterId: {text}, or leave it out to have one made."])
        return listed[0]

    cluster_id = pulumi.Output.from_input(args.cluster_id or "")
    found = alicloud.cs.get_clusters_output(
        ids=cluster_id.apply(lambda known: [known]), profile=_PROFILE, opts=_look(opts)
    )
    # Not both at once: what the provider describes would come out as plain maps.
    return cluster_id.apply(lambda known: found.clusters.apply(lambda listed: check(known, listed)))


def _rrsa(args: AcsLlmClusterArgs, cluster_id: pulumi.Output[str], opts: pulumi.ResourceOptions) -> Oidc:
    def check(clusters: list[Any]) -> Any:  # noqa: ANN401 - what the provider describes
        config = clusters[0].rrsa_config if clusters else None
        if config is None or not config.enabled:
            text = (
                "the cluster has RRSA off, and ossAccess 'rrsa' needs it. Turn it on (for good), or use 'access-key'."
            )
            raise ArgsError(args.COMPONENT, [f"clusterId: {text}"])
        return config

    found = alicloud.cs.get_managed_kubernetes_clusters_output(
        ids=cluster_id.apply(lambda known: [known]), enable_details=True, opts=_look(opts)
    ).clusters.apply(check)
    return Oidc(found.ram_oidc_provider_arn, found.rrsa_oidc_issuer_url)


def _kubeconfig(
    cluster_id: pulumi.Input[str], server: pulumi.Output[str] | None, opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    """Return the administrator's kubeconfig, the same from run to run, with *server* in it when given."""
    text = alicloud.cs.get_cluster_credential_output(cluster_id=cluster_id, opts=_look(opts)).kube_config
    if server is not None:
        text = pulumi.Output.all(text, server).apply(
            lambda known: re.sub(r"(?m)^(\s*server:).*", rf"\1 {known[1]}", known[0])
        )
    return pulumi.Output.secret(text)


def _provider(
    name: Name, cluster_id: pulumi.Input[str], kubeconfig: pulumi.Output[str], opts: pulumi.ResourceOptions
) -> kubernetes.Provider:
    return kubernetes.Provider(
        f"{name}-kubernetes",
        kubeconfig=kubeconfig,
        # Without it a kubeconfig that a preview does not know yet would replace everything in the cluster.
        cluster_identifier=cluster_id,
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
        opts=opts,
    )


def _look(opts: pulumi.ResourceOptions) -> pulumi.InvokeOutputOptions:
    return pulumi.InvokeOutputOptions(parent=opts.parent, depends_on=opts.depends_on)
