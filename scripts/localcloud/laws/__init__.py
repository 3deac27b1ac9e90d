"""The behaviour of every resource type, one small module for each service."""

from collections.abc import Callable, Mapping

from scripts.localcloud.kinds import GET_CLUSTERS, GET_CREDENTIAL, GET_INVOCATIONS, GET_MANAGED_CLUSTERS
from scripts.localcloud.laws import (
    acl,
    addon,
    address,
    cluster,
    cluster_functions,
    command,
    deployment,
    disk,
    egress,
    execution,
    instance,
    interface,
    logs,
    network,
    oss,
    private_dns,
    ram,
    ram_user,
    randomness,
    secrets,
    security,
)
from scripts.localcloud.laws.law import Law
from scripts.localcloud.values import Values
from scripts.localcloud.world import World

_ALL: tuple[Law, ...] = (
    network.Network(),
    network.Switch(),
    egress.NatGateway(),
    egress.SnatEntry(),
    address.EipAddress(),
    address.EipAssociation(),
    security.SecurityGroup(),
    security.SecurityGroupRule(),
    deployment.EcsDeploymentSet(),
    instance.Instance(),
    interface.EcsNetworkInterface(),
    interface.EcsNetworkInterfaceAttachment(),
    disk.EcsDisk(),
    disk.EcsDiskAttachment(),
    ram.Role(),
    ram.Policy(),
    ram.RolePolicyAttachment(),
    ram.RamRoleAttachment(),
    command.Command(),
    command.EcsInvocation(),
    secrets.SecretParameter(),
    oss.Bucket(),
    oss.ACCESS_BLOCK,
    oss.ENCRYPTION,
    oss.VERSIONING,
    oss.BucketObject(),
    cluster.ManagedKubernetes(),
    addon.KubernetesAddon(),
    acl.Acl(),
    acl.AclEntryAttachment(),
    execution.Execution(),
    ram_user.User(),
    ram_user.AccessKey(),
    ram_user.UserPolicyAttachment(),
    logs.Project(),
    private_dns.Zone(),
    private_dns.ZoneAttachment(),
    private_dns.ZoneRecord(),
    randomness.RandomPassword(),
    randomness.RandomId(),
)

LAWS: Mapping[str, Law] = {law.type: law for law in _ALL}
"""By resource type; a test holds this to the types in the rules."""

FUNCTIONS: Mapping[str, Callable[[World, str, Values], Values]] = {
    GET_INVOCATIONS: command.invocations,
    GET_CREDENTIAL: cluster_functions.cluster_credential,
    GET_CLUSTERS: cluster_functions.clusters,
    GET_MANAGED_CLUSTERS: cluster_functions.managed_clusters,
}
"""What answers a provider function about a region; a test holds this to the functions in the rules."""
