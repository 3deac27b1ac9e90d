"""Private DNS: zones, the VPCs that see them, their records."""

from ipaddress import AddressValueError, IPv4Address

from scripts.localcloud.errors import CloudError, LocalCloudError
from scripts.localcloud.kinds import VPC, ZONE, ZONE_ATTACHMENT, ZONE_RECORD
from scripts.localcloud.laws.law import Ask, Law, record_of
from scripts.localcloud.values import Value, Values, strings, text
from scripts.localcloud.world import Record, World


class Zone(Law):
    """A private zone; several may have the same name."""

    type = ZONE

    def create(self, ask: Ask) -> Record:
        """Add a zone that nobody sees yet."""
        name = text(ask.inputs, "zoneName") or text(ask.inputs, "name")
        if not name:
            raise LocalCloudError("zoneName: missing. Give the name of the zone, such as llm.internal.")
        outputs: Values = {"zoneName": name, "name": name, "isPtr": name.endswith(".in-addr.arpa")}
        return ask.world.add(record_of(self.type, ask, f"{ask.world.count('pvtz'):032x}", outputs | {"recordCount": 0}))

    def delete(self, ask: Ask, record: Record) -> None:
        """Refuse while a VPC sees the zone; its records go with it."""
        if ask.world.find(ZONE_ATTACHMENT, record.id) is not None:
            raise CloudError("Zone.VpcExists", f"The zone {record.text('zoneName')!r} is still bound to a VPC.")
        for held in list(ask.world.where(ZONE_RECORD, "zoneId", record.id)):
            ask.world.remove(held)

    def read(self, world: World, record: Record) -> Values:
        """Return the zone with the number of its records."""
        return record.properties | {"recordCount": len(list(world.where(ZONE_RECORD, "zoneId", record.id)))}


class ZoneAttachment(Law):
    """The VPCs that see a zone; a zone has one such list."""

    type = ZONE_ATTACHMENT

    def create(self, ask: Ask) -> Record:
        """Bind the zone to VPCs that exist."""
        zone = ask.world.need(ZONE, text(ask.inputs, "zoneId"), "Zone.NotExists")
        if ask.world.find(self.type, zone.id) is not None:
            raise LocalCloudError(
                f"zoneId: {zone.id!r} has an attachment, which names all VPCs of the zone. Add to it."
            )
        return ask.world.add(record_of(self.type, ask, zone.id, _bound(ask)))

    def update(self, ask: Ask, record: Record, changed: frozenset[str]) -> None:  # noqa: ARG002
        """Bind the zone to other VPCs instead."""
        ask.inputs.update(_bound(ask) | ask.inputs)


def _bound(ask: Ask) -> Values:
    """Return the VPCs that *ask* names in either way, in both."""
    rows = ask.inputs.get("vpcs")
    named = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    regions = {text(row, "vpcId"): text(row, "regionId") or ask.region for row in named}
    regions = regions or dict.fromkeys(strings(ask.inputs, "vpcIds"), ask.region)
    for vpc_id in regions:
        ask.world.need(VPC, vpc_id, "ZoneVpc.NotExists.VpcId")
    ids: list[Value] = [*regions]
    vpcs: list[Value] = [{"regionId": region, "vpcId": vpc_id} for vpc_id, region in regions.items()]
    return {"vpcIds": ids, "vpcs": vpcs}


class ZoneRecord(Law):
    """One record of a zone."""

    type = ZONE_RECORD

    def create(self, ask: Ask) -> Record:
        """Add a record to a zone."""
        zone = ask.world.need(ZONE, text(ask.inputs, "zoneId"), "Zone.NotExists")
        prefix = text(ask.inputs, "rr") or text(ask.inputs, "resourceRecord")
        if not prefix:
            raise LocalCloudError("rr: missing. Give the name before that of the zone, or @ for the zone itself.")
        _check_value(ask.inputs)
        number = str(ask.world.count("pvtz-record"))
        outputs: Values = {"recordId": number, "rr": prefix, "resourceRecord": prefix}
        return ask.world.add(record_of(self.type, ask, f"{number}:{zone.id}", outputs))

    def update(self, ask: Ask, record: Record, changed: frozenset[str]) -> None:  # noqa: ARG002
        """Check the new value."""
        _check_value(ask.inputs)


def _check_value(inputs: Values) -> None:
    if text(inputs, "type") != "A":
        return
    try:
        IPv4Address(text(inputs, "value"))
    except AddressValueError:
        said = f"value: {text(inputs, 'value')!r} is no IPv4 address, which a record of type A leads to."
        raise LocalCloudError(said) from None
