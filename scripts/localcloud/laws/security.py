"""Security groups and their rules."""

from scripts.localcloud.errors import CloudError
from scripts.localcloud.kinds import CLUSTER, INSTANCE, NETWORK_INTERFACE, SECURITY_GROUP, SECURITY_RULE, VPC
from scripts.localcloud.laws.law import Ask, Law, record_of
from scripts.localcloud.laws.network import network_of
from scripts.localcloud.values import Values, strings, text
from scripts.localcloud.world import Record, now


class SecurityGroup(Law):
    """A security group."""

    type = SECURITY_GROUP

    def create(self, ask: Ask) -> Record:
        """Add a group to a VPC."""
        ask.world.need(VPC, text(ask.inputs, "vpcId"), "InvalidVpcId.NotFound")
        outputs: Values = {"createTime": now(), "innerAccessPolicy": "Accept", "securityGroupType": "normal"}
        return ask.world.add(record_of(self.type, ask, ask.world.new_id("sg", ask.region), outputs))

    def delete(self, ask: Ask, record: Record) -> None:
        """Refuse while an instance, an interface or a cluster is in it or another group's rule names it."""
        holders = (holder for type_ in (INSTANCE, NETWORK_INTERFACE) for holder in ask.world.all(type_))
        members = [holder.id for holder in holders if record.id in strings(holder.properties, "securityGroups")]
        if members:
            raise CloudError("DependencyViolation", f"{record.id} still holds {', '.join(members)}.")
        clusters = [cluster.id for cluster in ask.world.where(CLUSTER, "securityGroupId", record.id)]
        if clusters:
            raise CloudError("DependencyViolation", f"{record.id} is that of {', '.join(clusters)}.")
        named = [rule.id for rule in ask.world.where(SECURITY_RULE, "sourceSecurityGroupId", record.id)]
        if named:
            raise CloudError("DependencyViolation", f"{record.id} is still named by {', '.join(named)}.")


class SecurityGroupRule(Law):
    """A rule of a security group."""

    type = SECURITY_RULE

    def create(self, ask: Ask) -> Record:
        """Add a rule that the group does not have yet."""
        group = ask.world.need(SECURITY_GROUP, text(ask.inputs, "securityGroupId"), "InvalidSecurityGroupId.NotFound")
        if text(ask.inputs, "nicType") == "internet":
            raise CloudError("InvalidNicType.ValueNotSupported", f"{group.id} is in a VPC: nicType is intranet there.")
        if text(ask.inputs, "cidrIp"):
            network_of(text(ask.inputs, "cidrIp"), "InvalidSourceCidrIp.Malformed")
        if text(ask.inputs, "sourceSecurityGroupId"):
            ask.world.need(SECURITY_GROUP, text(ask.inputs, "sourceSecurityGroupId"), "InvalidSourceGroupId.NotFound")
        resource_id = self._id(ask.inputs)
        if ask.world.find(self.type, resource_id) is not None:
            raise CloudError("InvalidPermission.Duplicate", f"The rule {resource_id} already exists.")
        outputs: Values = {"nicType": "intranet", "securityGroupRuleId": ask.world.new_id("sgr", ask.region)}
        return ask.world.add(record_of(self.type, ask, resource_id, outputs))

    def _id(self, inputs: Values) -> str:
        peers = ("cidrIp", "ipv6CidrIp", "prefixListId", "sourceSecurityGroupId")
        peer = next((text(inputs, name) for name in peers if text(inputs, name)), "")
        group, kind, protocol = (text(inputs, name) for name in ("securityGroupId", "type", "ipProtocol"))
        ports, policy, priority = text(inputs, "portRange"), text(inputs, "policy"), inputs.get("priority")
        return f"{group}:{kind}:{protocol}:{ports}:intranet:{peer}:{policy}:{priority}"
