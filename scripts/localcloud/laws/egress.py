"""NAT gateways and the SNAT entries that give switches a way out."""

from ipaddress import ip_network

from scripts.localcloud.errors import CloudError
from scripts.localcloud.kinds import EIP, EIP_ASSOCIATION, NAT_GATEWAY, SNAT_ENTRY, SWITCH, VPC
from scripts.localcloud.laws.law import Ask, Law, record_of
from scripts.localcloud.values import Values, text
from scripts.localcloud.world import Record, World


class NatGateway(Law):
    """A NAT gateway."""

    type = NAT_GATEWAY

    def create(self, ask: Ask) -> Record:
        """Add a gateway with one SNAT and one forward table."""
        ask.world.need(VPC, text(ask.inputs, "vpcId"), "InvalidVpcId.NotFound")
        if ask.inputs.get("natType") != "Enhanced":
            raise CloudError("InvalidNatType.NotSupport", "Only NAT gateways of natType Enhanced are sold.")
        switch = ask.world.need(SWITCH, text(ask.inputs, "vswitchId"), "InvalidVSwitchId.NotFound")
        if switch.text("vpcId") != text(ask.inputs, "vpcId"):
            message = f"{switch.id} belongs to {switch.text('vpcId')}, not to {text(ask.inputs, 'vpcId')}."
            raise CloudError("InvalidVSwitchId.NotFound", message)
        outputs: Values = {
            "snatTableIds": ask.world.new_id("stb", ask.region),
            "forwardTableIds": ask.world.new_id("ftb", ask.region),
            "networkType": "internet",
            "paymentType": "PayAsYouGo",
            "internetChargeType": "PayByLcu",
            "status": "Available",
        }
        return ask.world.add(record_of(self.type, ask, ask.world.new_id("ngw", ask.region), outputs))

    def delete(self, ask: Ask, record: Record) -> None:
        """Refuse while protected, or while it has SNAT entries or addresses."""
        if record.properties.get("deletionProtection") is True:
            raise CloudError("OperationDenied.DeletionProtection", f"{record.id} has deletionProtection on.")
        entries = [entry.id for entry in ask.world.where(SNAT_ENTRY, "snatTableId", record.text("snatTableIds"))]
        bound = [link.id for link in ask.world.where(EIP_ASSOCIATION, "instanceId", record.id)]
        if (entries or bound) and record.properties.get("force") is not True:
            left = ", ".join([*entries, *bound])
            raise CloudError("DependencyViolation.BandwidthPackages", f"{record.id} still has {left}.")


class SnatEntry(Law):
    """A SNAT entry: the address under which a switch reaches the internet."""

    type = SNAT_ENTRY

    def create(self, ask: Ask) -> Record:
        """Add an entry whose addresses are bound to its gateway and whose source is free."""
        gateway = self._gateway(ask.world, text(ask.inputs, "snatTableId"))
        self._addresses(ask.world, gateway, text(ask.inputs, "snatIp"))
        source = text(ask.inputs, "sourceCidr")
        switch_id = text(ask.inputs, "sourceVswitchId")
        if switch_id:
            switch = ask.world.need(SWITCH, switch_id, "InvalidVSwitchId.NotFound")
            source = switch.text("cidrBlock")
        self._free(ask.world, text(ask.inputs, "snatTableId"), source)
        entry_id = ask.world.new_id("snat", ask.region)
        outputs: Values = {"snatEntryId": entry_id, "sourceCidr": source, "status": "Available"}
        resource_id = f"{text(ask.inputs, 'snatTableId')}:{entry_id}"
        return ask.world.add(record_of(self.type, ask, resource_id, outputs))

    def update(self, ask: Ask, record: Record, changed: frozenset[str]) -> None:
        """Check new addresses as for a new entry."""
        if "snatIp" in changed:
            self._addresses(ask.world, self._gateway(ask.world, record.text("snatTableId")), text(ask.inputs, "snatIp"))

    def _gateway(self, world: World, table: str) -> Record:
        gateway = next(iter(world.where(NAT_GATEWAY, "snatTableIds", table)), None)
        if gateway is None:
            raise CloudError("InvalidSnatTableId.NotFound", f"The specified SNAT table {table!r} does not exist.")
        return gateway

    def _addresses(self, world: World, gateway: Record, wanted: str) -> None:
        bound = {
            eip.text("ipAddress")
            for link in world.where(EIP_ASSOCIATION, "instanceId", gateway.id)
            for eip in world.all(EIP)
            if eip.id == link.text("allocationId")
        }
        for address in wanted.split(","):
            if address not in bound:
                message = f"{address} is not an EIP bound to {gateway.id}. Make the entry depend on the EipAssociation."
                raise CloudError("InvalidIp.NotInNatgw", message)

    def _free(self, world: World, table: str, source: str) -> None:
        for other in world.where(SNAT_ENTRY, "snatTableId", table):
            if ip_network(source) == ip_network(other.text("sourceCidr")):
                raise CloudError("Forbidden.SourceCidr.Duplicated", f"{source} already has {other.id}.")
