"""ECS instances: what may be created, what an update does to the machine, what may be deleted."""

import re

from scripts.localcloud import addresses, exposure
from scripts.localcloud.errors import CloudError, suggestion
from scripts.localcloud.facts import error_codes, family, images, instance_types
from scripts.localcloud.faults import Faults
from scripts.localcloud.interfaces import rdma_devices
from scripts.localcloud.kinds import (
    DISK,
    DISK_ATTACHMENT,
    EIP_ASSOCIATION,
    INSTANCE,
    INVOCATION,
    NETWORK_INTERFACE,
    NETWORK_INTERFACE_ATTACHMENT,
    ROLE_ATTACHMENT,
    SWITCH,
)
from scripts.localcloud.laws import instance_network, instance_terms
from scripts.localcloud.laws.law import Ask, Law, Waiting, record_of
from scripts.localcloud.laws.placement import free_address
from scripts.localcloud.laws.ram import role_name_of
from scripts.localcloud.machine import Machines
from scripts.localcloud.machines.spec import MachineSpec
from scripts.localcloud.rules import rule
from scripts.localcloud.values import Values, number, strings, text
from scripts.localcloud.world import Record, World, now

_CUSTOM_IMAGE = re.compile(r"m-[a-z0-9]{8,}")


class Instance(Law):
    """An ECS instance."""

    type = INSTANCE

    def create(self, ask: Ask) -> Record:
        """Add an instance to a switch; the machine boots in `settle`."""
        instance_terms.check(ask)
        switch = ask.world.need(SWITCH, text(ask.inputs, "vswitchId"), "InvalidVSwitchId.NotFound")
        _check_sold(ask.inputs)
        instance_network.check(ask.world, ask.inputs, switch)
        instance_network.check_frames(ask.inputs)
        zone = text(ask.inputs, "availabilityZone") or switch.text("zoneId")
        if zone != switch.text("zoneId"):
            message = f"availabilityZone is {zone}, but {switch.id} is in {switch.text('zoneId')}."
            raise CloudError("ResourcesNotInSameZone", message)
        _check_stock(ask, zone)
        instance_id = ask.world.new_id("i", ask.region)
        outputs = _outputs(ask, switch, instance_id)
        record = record_of(self.type, ask, instance_id, outputs)
        record.properties["status"] = "Starting"
        return ask.world.add(record)

    def settle(self, record: Record, waiting: Waiting) -> Values:
        """Boot the machine."""
        waiting.machines().start(spec_of(waiting.look(), record, waiting.faults))
        return {"status": "Running"}

    def update(self, ask: Ask, record: Record, changed: frozenset[str]) -> None:
        """Change the instance in place; some changes stop and start the machine, a new image empties it."""
        instance_terms.check(ask)
        _check_sold(ask.inputs)
        if changed & {"vswitchId", "vpcId", "privateIp"}:
            _move(ask, record)
        wanted = record.properties | ask.inputs
        switch = ask.world.need(SWITCH, text(wanted, "vswitchId"), "InvalidVSwitchId.NotFound")
        instance_network.check(ask.world, wanted, switch, record.id)
        instance_network.check_frames(ask.inputs)
        if "systemDiskSize" in changed and number(ask.inputs, "systemDiskSize") < number(
            record.properties, "systemDiskSize"
        ):
            raise CloudError("InvalidDiskSize.TooSmall", f"The system disk of {record.id} cannot shrink.")
        _machine_effects(ask, record, changed)

    def delete(self, ask: Ask, record: Record) -> None:
        """Refuse protected and prepaid instances; let go of what was bound to others."""
        if record.properties.get("deletionProtection") is True:
            message = f"{record.id} has deletionProtection on. Switch it off first."
            raise CloudError("InvalidOperation.DeletionProtection", message)
        if record.text("instanceChargeType") == "PrePaid" and record.properties.get("forceDelete") is not True:
            message = f"{record.id} is PrePaid. Set forceDelete to give it up before its term ends."
            raise CloudError("ChargeTypeViolation", message)
        _release_interfaces(ask.world, record.id)
        for type_ in (DISK_ATTACHMENT, EIP_ASSOCIATION, ROLE_ATTACHMENT, NETWORK_INTERFACE_ATTACHMENT):
            for link in list(ask.world.where(type_, "instanceId", record.id)):
                ask.world.remove(link)
        for run in list(ask.world.all(INVOCATION)):
            if strings(run.properties, "instanceIds") == [record.id]:
                ask.world.remove(run)
        ask.world.then(lambda machines: machines.delete(record.id))

    def read(self, world: World, record: Record) -> Values:
        """Return the instance with the address and role that other resources gave it."""
        public, role = exposure.public_address(world, record), role_name_of(world, record.id)
        return record.properties | {"publicIp": public, "roleName": role or ""}


def _release_interfaces(world: World, instance_id: str) -> None:
    """Let the interfaces that were asked to go with their instance go."""
    for link in world.where(NETWORK_INTERFACE_ATTACHMENT, "instanceId", instance_id):
        interface = world.find(NETWORK_INTERFACE, link.text("networkInterfaceId"))
        if interface is not None and interface.properties.get("deleteOnRelease") is True:
            world.remove(interface)


def spec_of(world: World, record: Record, faults: Faults) -> MachineSpec:
    """Return what the machine of *record* is started from."""
    kind = instance_types()[record.text("instanceType")]
    return MachineSpec(
        instance_id=record.id,
        region=record.region,
        zone=record.text("availabilityZone"),
        instance_type=record.text("instanceType"),
        gpu_count=kind.gpu_count,
        gpu_name=kind.gpu_name,
        gpu_memory_mib=kind.gpu_memory_mib,
        image_id=record.text("imageId"),
        user_data=instance_terms.plain_user_data(record.text("userData")),
        private_ip=record.text("primaryIpAddress"),
        role_name=role_name_of(world, record.id),
        hostname=record.text("hostName"),
        http_tokens=record.text("httpTokens"),
        internet=exposure.internet(world, record),
        mtu=instance_network.mtu(record),
        rdma_devices=rdma_devices(world, record),
        faults=faults.of_machine(record.text("instanceName")),
    )


def _check_sold(inputs: Values) -> None:
    image, kind = text(inputs, "imageId"), text(inputs, "instanceType")
    if image not in images() and _CUSTOM_IMAGE.fullmatch(image) is None:
        raise CloudError("InvalidImageId.NotFound", f"No image {image!r}.{suggestion(image, images())}")
    if kind not in instance_types():
        message = f"No instance type {kind!r}.{suggestion(kind, instance_types())}"
        raise CloudError("InvalidInstanceType.ValueNotSupported", message)
    size = number(inputs, "systemDiskSize", 40)
    if image in images() and size < images()[image].size_gib:
        message = f"systemDiskSize is {size} GiB, the image needs {images()[image].size_gib}."
        raise CloudError("InvalidSystemDiskSize.LessThanImageSize", message)


def _check_stock(ask: Ask, zone: str) -> None:
    kind = text(ask.inputs, "instanceType")
    sold = sum(other.text("availabilityZone") == zone for other in ask.world.where(INSTANCE, "instanceType", kind))
    if sold >= ask.faults.stock.get(kind, sold + 1):
        raise CloudError("OperationDenied.NoStock", error_codes()["OperationDenied.NoStock"])


def _outputs(ask: Ask, switch: Record, instance_id: str) -> Values:
    kind = instance_types()[text(ask.inputs, "instanceType")]
    image = images().get(text(ask.inputs, "imageId"))
    address = free_address(ask.world, ask.home, switch, text(ask.inputs, "privateIp"))
    outputs: Values = {
        "availabilityZone": switch.text("zoneId"),
        "vpcId": switch.text("vpcId"),
        "privateIp": address,
        "primaryIpAddress": address,
        "publicIp": "",
        "cpu": kind.vcpus,
        "memory": kind.memory_gib * 1024,
        "osType": "linux",
        "osName": image.os_name if image else "Linux 64-bit",
        "hostName": f"iZ{instance_id.removeprefix('i-')}Z",
        "instanceName": f"ECS-{instance_id}",
        "httpEndpoint": "enabled",
        "httpTokens": "optional",
        "instanceChargeType": "PostPaid",
        "spotStrategy": "NoSpot",
        "systemDiskCategory": "cloud_essd",
        "systemDiskSize": 40,
        "systemDiskEncrypted": False,
        "systemDiskId": ask.world.new_id("d", ask.region),
        "networkInterfaceId": ask.world.new_id("eni", ask.region),
        "networkInterfaceTrafficMode": "Standard",
        "enableJumboFrame": family(text(ask.inputs, "instanceType")).jumbo_frames,
        "createTime": now(),
        "startTime": now(),
    }
    if number(ask.inputs, "internetMaxBandwidthOut") > 0:
        outputs["publicIp"] = addresses.public(addresses.site_of(ask.home), ask.world.count("public"))
    return outputs


def _move(ask: Ask, record: Record) -> None:
    """Put an instance on another switch of its zone and VPC, or give it another address there."""
    switch_id = text(ask.inputs, "vswitchId") or record.text("vswitchId")
    switch = ask.world.need(SWITCH, switch_id, "InvalidVSwitchId.NotFound")
    for name, wanted in (("availabilityZone", "zoneId"), ("vpcId", "vpcId")):
        if record.text(name) != switch.text(wanted):
            message = f"{record.id} is in {record.text(name)}, {switch.id} in {switch.text(wanted)}."
            raise CloudError("InvalidVSwitchId.NotSupported", message)
    address = free_address(ask.world, ask.home, switch, text(ask.inputs, "privateIp"))
    ask.inputs["primaryIpAddress"] = address
    ask.inputs.setdefault("privateIp", address)


def _machine_effects(ask: Ask, record: Record, changed: frozenset[str]) -> None:
    effects = rule(INSTANCE).update_effects
    faults, world = ask.faults, ask.world

    def start(machines: Machines) -> None:
        machines.start(spec_of(world, record, faults))

    if changed & set(effects["systemDiskLost"]):
        world.then(lambda machines: _fresh_system_disk(machines, world, record))
        world.then(start)
        world.then(lambda machines: _attach_again(machines, world, record))
    elif "status" in changed and ask.inputs.get("status") == "Stopped":
        world.then(lambda machines: machines.stop(record.id))
    elif changed & set(effects["inPlaceWithStopStart"]):
        world.then(lambda machines: machines.stop(record.id))
        world.then(start)
    elif changed & set(effects["inPlaceWithReboot"]):
        world.then(lambda machines: machines.reboot(record.id))
    world.exposed.pop(record.id, None)


def _attached(world: World, record: Record) -> list[tuple[str, int]]:
    links = world.where(DISK_ATTACHMENT, "instanceId", record.id)
    disks = [world.find(DISK, link.text("diskId")) for link in links]
    return [(disk.id, number(disk.properties, "size")) for disk in disks if disk is not None]


def _fresh_system_disk(machines: Machines, world: World, record: Record) -> None:
    for disk_id, _ in _attached(world, record):
        machines.detach_disk(record.id, disk_id)
    machines.delete(record.id)


def _attach_again(machines: Machines, world: World, record: Record) -> None:
    for disk_id, size_gib in _attached(world, record):
        machines.attach_disk(record.id, disk_id, size_gib)
