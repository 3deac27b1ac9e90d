"""Elastic IP addresses and what they are bound to."""

from scripts.localcloud import addresses
from scripts.localcloud.errors import CloudError
from scripts.localcloud.kinds import EIP, EIP_ASSOCIATION, INSTANCE, NAT_GATEWAY
from scripts.localcloud.laws.law import Ask, Law, record_of
from scripts.localcloud.values import Values, text
from scripts.localcloud.world import Record, World, now

_KINDS = {"ngw": "Nat", "lb": "SlbInstance"}
"""What an id that begins so belongs to."""


class EipAddress(Law):
    """An elastic IP address."""

    type = EIP

    def create(self, ask: Ask) -> Record:
        """Add an address that no other resource of this cloud has had."""
        if "ipAddress" in ask.inputs or "allocationId" in ask.inputs:
            raise CloudError("InvalidParameter", "The local cloud gives addresses out; it takes no ipAddress.")
        outputs: Values = {
            "ipAddress": addresses.public(addresses.site_of(ask.home), ask.world.count("public")),
            "bandwidth": "5",
            "internetChargeType": "PayByBandwidth",
            "paymentType": "PayAsYouGo",
            "isp": "BGP",
            "status": "Available",
            "createTime": now(),
        }
        return ask.world.add(record_of(self.type, ask, ask.world.new_id("eip", ask.region), outputs))

    def delete(self, ask: Ask, record: Record) -> None:
        """Refuse while protected or bound."""
        if record.properties.get("deletionProtection") is True:
            raise CloudError("OperationDenied.DeletionProtection", f"{record.id} has deletionProtection on.")
        bound = _binding(ask.world, record.id)
        if bound is not None:
            raise CloudError("IncorrectEipStatus", f"{record.id} is bound to {bound.text('instanceId')}.")

    def read(self, world: World, record: Record) -> Values:
        """Return the address; its status says whether it is bound."""
        return record.properties | {"status": "Available" if _binding(world, record.id) is None else "InUse"}


def _binding(world: World, allocation_id: str) -> Record | None:
    return next(iter(world.where(EIP_ASSOCIATION, "allocationId", allocation_id)), None)


class EipAssociation(Law):
    """The binding of an address to an instance, a NAT gateway or a load balancer."""

    type = EIP_ASSOCIATION

    def create(self, ask: Ask) -> Record:
        """Bind an address that is free to a thing that has none."""
        eip = ask.world.need(EIP, text(ask.inputs, "allocationId"), "InvalidAllocationId.NotFound")
        taken = _binding(ask.world, eip.id)
        if taken is not None:
            message = f"{eip.id} is bound to {taken.text('instanceId')}. An EIP is bound to one thing at a time."
            raise CloudError("IncorrectEipStatus", message)
        target_id = text(ask.inputs, "instanceId")
        kind = text(ask.inputs, "instanceType") or _KINDS.get(target_id.partition("-")[0], "EcsInstance")
        self._target(ask.world, target_id, kind)
        resource_id = f"{eip.id}:{target_id}"
        return ask.world.add(record_of(self.type, ask, resource_id, {"instanceType": kind, "mode": "NAT"}))

    def _target(self, world: World, target_id: str, kind: str) -> None:
        if kind == "Nat":
            world.need(NAT_GATEWAY, target_id, "InvalidNatGatewayId.NotFound")
            return
        if kind == "SlbInstance":
            self._balancer(world, target_id)
            return
        if kind != "EcsInstance":
            known = ", ".join(["EcsInstance", *_KINDS.values()])
            raise CloudError("InvalidInstanceType", f"The local cloud binds an EIP to {known}, not {kind!r}.")
        instance = world.need(INSTANCE, target_id, "InvalidInstanceId.NotFound")
        if instance.text("publicIp") or any(world.where(EIP_ASSOCIATION, "instanceId", target_id)):
            raise CloudError("InvalidParams.AlreadyBound", f"{target_id} already has a public address.")

    def _balancer(self, world: World, target_id: str) -> None:
        balancer = next((each for each in world.balancers if each.id == target_id), None)
        if balancer is None:
            raise CloudError("InvalidInstanceId.NotFound", f"The load balancer {target_id!r} does not exist.")
        if not balancer.vswitch_id or any(world.where(EIP_ASSOCIATION, "instanceId", target_id)):
            raise CloudError("InvalidParams.AlreadyBound", f"{target_id} already has a public address.")
