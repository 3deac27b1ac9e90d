"""Data disks and their attachment."""

from scripts.localcloud.errors import CloudError
from scripts.localcloud.facts import regions
from scripts.localcloud.kinds import DISK, DISK_ATTACHMENT, INSTANCE
from scripts.localcloud.laws.law import Ask, Law, record_of
from scripts.localcloud.values import Values, number, text
from scripts.localcloud.world import Record, World, now

_SIZES_GIB = {
    "cloud": (5, 2000),
    "cloud_efficiency": (20, 32768),
    "cloud_ssd": (20, 32768),
    "cloud_essd": (20, 65536),
    "cloud_auto": (1, 65536),
    "cloud_essd_entry": (10, 32768),
}
_ESSD_SMALLEST_GIB = {"PL0": 1, "PL1": 20, "PL2": 461, "PL3": 1261}


def check_size(category: str, level: str, size_gib: int) -> None:
    """
    Check the size of a disk of *category* and performance *level*.

    Raises:
        CloudError: Too small or too large.

    """
    low, high = _SIZES_GIB.get(category, (1, 65536))
    if category == "cloud_essd":
        low = _ESSD_SMALLEST_GIB[level or "PL1"]
    if not low <= size_gib <= high:
        shown = f"{category} {level}".strip()
        raise CloudError("InvalidDiskSize.ValueNotSupported", f"{size_gib} GiB: {shown} has {low} to {high} GiB.")


class EcsDisk(Law):
    """A data disk."""

    type = DISK

    def create(self, ask: Ask) -> Record:
        """Add a blank disk to a zone."""
        zone = text(ask.inputs, "zoneId") or text(ask.inputs, "availabilityZone")
        if "instanceId" in ask.inputs:
            raise CloudError("InvalidParameter", "The local cloud attaches by EcsDiskAttachment, not instanceId.")
        if not regions()[ask.region].has_zone(zone):
            raise CloudError("InvalidZoneId.NotFound", f"Zone {zone!r} does not belong to region {ask.region}.")
        if "snapshotId" in ask.inputs:
            raise CloudError("InvalidSnapshotId.NotFound", "The local cloud has no snapshots.")
        check_size(text(ask.inputs, "category"), text(ask.inputs, "performanceLevel"), number(ask.inputs, "size"))
        disk_id = ask.world.new_id("d", ask.region)
        outputs: Values = {
            "zoneId": zone,
            "availabilityZone": zone,
            "regionId": ask.region,
            "status": "Available",
            "paymentType": "PayAsYouGo",
            "createTime": now(),
            "encrypted": False,
        }
        if text(ask.inputs, "category") == "cloud_essd":
            outputs["performanceLevel"] = "PL1"
        ask.world.then(lambda machines: machines.create_disk(disk_id))
        return ask.world.add(record_of(self.type, ask, disk_id, outputs))

    def update(self, ask: Ask, record: Record, changed: frozenset[str]) -> None:
        """Let a disk grow, never shrink."""
        size = number(ask.inputs, "size")
        if "size" in changed and size < number(record.properties, "size"):
            old = number(record.properties, "size")
            raise CloudError("InvalidDiskSize.TooSmall", f"{record.id} has {old} GiB; a disk cannot shrink to {size}.")
        check_size(text(ask.inputs, "category"), text(ask.inputs, "performanceLevel"), size)

    def delete(self, ask: Ask, record: Record) -> None:
        """Refuse while attached."""
        link = attachment_of(ask.world, record.id)
        if link is not None:
            message = f"{record.id} is attached to {link.text('instanceId')}. Detach it first."
            raise CloudError("IncorrectDiskStatus", message)
        ask.world.then(lambda machines: machines.delete_disk(record.id))

    def read(self, world: World, record: Record) -> Values:
        """Return the disk; its status says whether it is attached."""
        link = attachment_of(world, record.id)
        if link is None:
            return record.properties
        return record.properties | {"status": "In_use", "instanceId": link.text("instanceId")}


def attachment_of(world: World, disk_id: str) -> Record | None:
    """Return the attachment of *disk_id*, if it is attached."""
    return next(iter(world.where(DISK_ATTACHMENT, "diskId", disk_id)), None)


class EcsDiskAttachment(Law):
    """The attachment of one disk to one instance."""

    type = DISK_ATTACHMENT

    def create(self, ask: Ask) -> Record:
        """Attach a disk that is free to an instance of its zone."""
        disk = ask.world.need(DISK, text(ask.inputs, "diskId"), "InvalidDiskId.NotFound")
        instance = ask.world.need(INSTANCE, text(ask.inputs, "instanceId"), "InvalidInstanceId.NotFound")
        link = attachment_of(ask.world, disk.id)
        if link is not None:
            message = f"{disk.id} is attached to {link.text('instanceId')}. A disk has one instance at a time."
            raise CloudError("IncorrectDiskStatus", message)
        if disk.text("zoneId") != instance.text("availabilityZone"):
            zones = f"{disk.id} is in {disk.text('zoneId')}, {instance.id} in {instance.text('availabilityZone')}."
            raise CloudError("ResourcesNotInSameZone", zones)
        size = number(disk.properties, "size")
        ask.world.then(lambda machines: machines.attach_disk(instance.id, disk.id, size))
        count = sum(1 for _ in ask.world.where(DISK_ATTACHMENT, "instanceId", instance.id))
        device = f"/dev/xvd{chr(ord('b') + count)}"
        return ask.world.add(record_of(self.type, ask, f"{disk.id}:{instance.id}", {"device": device}))

    def delete(self, ask: Ask, record: Record) -> None:
        """Detach."""
        instance_id, disk_id = record.text("instanceId"), record.text("diskId")
        if ask.world.find(INSTANCE, instance_id) is not None:
            ask.world.then(lambda machines: machines.detach_disk(instance_id, disk_id))
