"""The laws of private zones, of the VPCs that see them, and of their records."""

from collections.abc import Callable

import pytest

from scripts.localcloud.errors import LocalCloudError
from scripts.localcloud.kinds import ZONE, ZONE_ATTACHMENT, ZONE_RECORD
from scripts.localcloud.values import Values
from scripts.localcloud.world import Record
from tests.localcloud.cloud.world import RecordedMachines, Region

NOWHERE = "0" * 31 + "9"


def _zone(region: Region) -> Record:
    return region.make(ZONE, zoneName="llm.internal")


def _record(region: Region, zone: Record, **inputs: str) -> Record:
    given: Values = {"zoneId": zone.id, "rr": "chat", "type": "A", "value": "10.0.1.5"}
    return region.make(ZONE_RECORD, **(given | inputs))


def _refusal(call: Callable[[], object]) -> str:
    with pytest.raises(LocalCloudError) as refused:
        call()
    return str(refused.value)


def test_a_zone_counts_its_records_and_takes_them_along(region: Region) -> None:
    """A record's id names its zone; deleting the zone deletes its records."""
    zone = _zone(region)
    record = _record(region, zone)

    assert f"1:{zone.id}" == record.id
    assert 1 == region.read(zone)["recordCount"]
    region.delete(zone)
    assert [] == region.cloud.store.read().records


def test_a_zone_stays_while_a_vpc_sees_it(region: Region) -> None:
    """The VPCs of a zone are one list, which may change; without it the zone may go."""
    zone, first, second = _zone(region), region.vpc(), region.vpc()
    attachment = region.make(ZONE_ATTACHMENT, zoneId=zone.id, vpcIds=[first.id])

    assert "Zone.VpcExists: The zone 'llm.internal' is still bound to a VPC." == _refusal(lambda: region.delete(zone))
    assert [{"regionId": "cn-hangzhou", "vpcId": first.id}] == attachment.properties["vpcs"]
    moved = region.update(attachment, vpcIds=None, vpcs=[{"vpcId": second.id}])
    assert [second.id] == moved.properties["vpcIds"]
    region.delete(attachment)
    region.delete(zone)


def test_machines_of_the_vpc_find_the_names(region: Region, machines: RecordedMachines) -> None:
    """Those of a VPC that sees the zone are told of its enabled addresses, and told again when they change."""
    machine, other, zone = region.machine(), region.machine(), _zone(region)
    region.make(ZONE_ATTACHMENT, zoneId=zone.id, vpcIds=[machine.text("vpcId")])
    chat = _record(region, zone)
    _record(region, zone, rr="@", value="10.0.1.6")
    _record(region, zone, rr="off", status="DISABLE")
    _record(region, zone, rr="text", type="TXT", value="hello")
    region.update(chat, rr="Talk")
    region.delete(chat)

    told = [call[1:] for call in machines.calls if call[0] == "set_names"]
    apex = {"llm.internal": "10.0.1.6"}
    assert [
        (machine.id, {"chat.llm.internal": "10.0.1.5"}),
        (machine.id, {"chat.llm.internal": "10.0.1.5"} | apex),
        (machine.id, {"talk.llm.internal": "10.0.1.5"} | apex),
        (machine.id, apex),
    ] == told
    assert other.id not in {call[1] for call in machines.calls if call[0] == "set_names"}


def test_what_private_dns_refuses(region: Region) -> None:
    """Names, zones and VPCs must be there, and an address must be one."""
    zone, vpc = _zone(region), region.vpc()
    region.make(ZONE_ATTACHMENT, zoneId=zone.id, vpcIds=[vpc.id])
    record = _record(region, zone)

    assert [
        "zoneName: missing. Give the name of the zone, such as llm.internal.",
        f"Zone.NotExists: The specified Zone '{NOWHERE}' does not exist.",
        f"zoneId: '{zone.id}' has an attachment, which names all VPCs of the zone. Add to it.",
        "ZoneVpc.NotExists.VpcId: The specified Network 'vpc-2' does not exist.",
        f"Zone.NotExists: The specified Zone '{NOWHERE}' does not exist.",
        "rr: missing. Give the name before that of the zone, or @ for the zone itself.",
        "value: 'https://10.0.1.5' is no IPv4 address, which a record of type A leads to.",
        "value: '' is no IPv4 address, which a record of type A leads to.",
    ] == [
        _refusal(lambda: region.make(ZONE)),
        _refusal(lambda: region.make(ZONE_ATTACHMENT, zoneId=NOWHERE, vpcIds=[vpc.id])),
        _refusal(lambda: region.make(ZONE_ATTACHMENT, zoneId=zone.id, vpcIds=[vpc.id])),
        _refusal(lambda: region.make(ZONE_ATTACHMENT, zoneId=_zone(region).id, vpcIds=["vpc-2"])),
        _refusal(lambda: _record(region, zone, zoneId=NOWHERE)),
        _refusal(lambda: region.make(ZONE_RECORD, zoneId=zone.id, type="A", value="10.0.1.5")),
        _refusal(lambda: _record(region, zone, value="https://10.0.1.5")),
        _refusal(lambda: region.update(record, value="")),
    ]


def test_other_records_lead_anywhere(region: Region) -> None:
    """Only the value of an A record is an address."""
    assert "chat.example" == _record(region, _zone(region), type="CNAME", value="chat.example").text("value")
