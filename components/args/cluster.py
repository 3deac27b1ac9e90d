"""The cluster: one to create, or one of the user's own."""

import ipaddress
from collections.abc import Iterable
from typing import Annotated, Literal

import pydantic

from components.args.base import ResourceId, rule
from components.args.network import NetworkArgs
from components.args.values import Cidr, Kubeconfig, VpcCidr, is_whole_internet, matching
from components.plan import Problem

_OF_A_NEW_CLUSTER = (
    "vpc_id",
    "vswitch_id",
    "security_group_id",
    "vpc_cidr",
    "create_nat_gateway",
    "kubernetes_version",
    "api_access",
    "api_allowed_cidrs",
    "service_cidr",
    "kms_key_id",
    "audit_log",
    "deletion_protection",
)


class ClusterArgs(NetworkArgs):
    """Which cluster, how its API is reached, and what protects it."""

    security_group_id: ResourceId | None = None
    """Id of an existing security group for the cluster's pods. Default: the cluster makes one."""

    cluster_id: ResourceId | None = None
    """Id of an existing ACS cluster. Default: one is created."""

    kubeconfig: Kubeconfig = pydantic.Field(default=None, repr=False)
    """Kubeconfig of an existing cluster, a secret; with it the cluster is not looked up."""

    kubernetes_version: (
        Annotated[str, matching(r"1\.\d{2}\.\d+-aliyun\.\d+", "a version such as '1.34.3-aliyun.1'")] | None
    ) = None
    """Version of the cluster to create; default: the newest that ACS has then. Raising it upgrades the cluster."""

    api_access: Literal["private", "public"] | None = None
    """From where the API is reached: `private` if `up` runs inside the VPC, else `public`. Required to create."""

    api_allowed_cidrs: tuple[Cidr, ...] | None = None
    """Networks on the internet from which `up` runs; required with `apiAccess: public`, and only then."""

    service_cidr: VpcCidr = "172.21.0.0/20"
    """Network of the cluster's Services, outside the VPC's."""

    kms_key_id: ResourceId | None = None
    """Id of the KMS key that encrypts the cluster's Secrets. Default: they are not encrypted with a key of yours."""

    audit_log: bool = False
    """Write the cluster's audit log to Simple Log Service."""

    deletion_protection: bool = False
    """Refuse to delete the cluster, also in `destroy`, until this is false again."""

    oidc_provider_arn: (
        Annotated[str, matching(r"acs:ram::\d+:oidc-provider/[\w.-]{1,128}", "the ARN of an OIDC provider")] | None
    ) = None
    """ARN of the cluster's OIDC provider (RRSA); required with `kubeconfig` alone and `ossAccess: rrsa`."""

    @property
    def create_cluster(self) -> bool:
        """Say whether a cluster is created."""
        return self.cluster_id is None and self.kubeconfig is None

    @property
    def own_network(self) -> bool:
        """Say whether the pods run in a network of the user's."""
        return super().own_network or not self.create_cluster

    @rule("cluster_id", "kubeconfig")
    def _own_cluster_is_left_alone(self) -> Iterable[Problem]:
        if self.create_cluster:
            return
        given = "clusterId" if self.cluster_id is not None else "kubeconfig"
        for name in self.model_fields_set.intersection(_OF_A_NEW_CLUSTER):
            yield Problem(name, f"is for a cluster to create, and you gave one of your own ({given}). Leave one out.")

    @rule("cluster_id", "kubeconfig", "api_access", "api_allowed_cidrs")
    def _api_is_reached(self) -> Iterable[Problem]:
        if not self.create_cluster:
            return
        networks = self.api_allowed_cidrs
        if self.api_access is None:
            text = "is required: 'private' where `up` runs inside the VPC, 'public' with apiAllowedCidrs elsewhere."
            yield Problem("api_access", text)
        elif self.api_access == "private" and networks is not None:
            yield Problem(
                "api_allowed_cidrs", "has no meaning with apiAccess 'private'. Use 'public', or leave it out."
            )
        elif self.api_access == "public" and not networks:
            text = "is required with apiAccess 'public': the networks from which `up` runs, such as ['203.0.113.7/32']."
            yield Problem("api_allowed_cidrs", text)
        elif networks and is_whole_internet(networks):
            text = f"{', '.join(networks)} lets the whole internet at the cluster's API. Name your networks."
            yield Problem("api_allowed_cidrs", text)

    @rule("service_cidr", "vpc_cidr")
    def _services_are_outside(self) -> Iterable[Problem]:
        services, network = map(ipaddress.IPv4Network, (self.service_cidr, self.vpc_cidr))
        if self.create_cluster and not self.own_network and services.overlaps(network):
            yield Problem("service_cidr", f"{services} overlaps the VPC's {network}. Use another private network.")

    @rule("cluster_id", "kubeconfig", "oidc_provider_arn")
    def _provider_is_of_an_own_cluster(self) -> Iterable[Problem]:
        if self.create_cluster and self.oidc_provider_arn is not None:
            yield Problem("oidc_provider_arn", "is made with the cluster. Leave it out.")
