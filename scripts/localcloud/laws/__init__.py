"""The behaviour of every resource type, one small module for each service."""

from collections.abc import Mapping

from scripts.localcloud.laws import (
    address,
    command,
    deployment,
    disk,
    egress,
    instance,
    interface,
    network,
    oss,
    ram,
    randomness,
    secrets,
    security,
)
from scripts.localcloud.laws.law import Law

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
    oss.BucketObject(),
    randomness.RandomPassword(),
    randomness.RandomId(),
)

LAWS: Mapping[str, Law] = {law.type: law for law in _ALL}
"""By resource type; a test holds this to the types in the rules."""
