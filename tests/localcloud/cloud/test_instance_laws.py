"""The laws of instances and disks."""

import base64

import pytest

from scripts.localcloud.kinds import DISK_ATTACHMENT, ROLE_ATTACHMENT
from scripts.localcloud.machines.spec import MachineError
from scripts.localcloud.values import Value
from tests.localcloud.cloud.test_network_laws import refusal
from tests.localcloud.cloud.world import IMAGE, TRUST, RecordedMachines, Region

REFUSED: list[tuple[dict[str, Value], str]] = [
    ({"imageId": "ubuntu"}, "InvalidImageId.NotFound: No image 'ubuntu'."),
    (
        {"imageId": IMAGE.replace("519", "518")},
        f"InvalidImageId.NotFound: No image '{IMAGE.replace('519', '518')}'. Did you mean '{IMAGE}'?",
    ),
    (
        {"instanceType": "ecs.gn7i-c8g1.3xlarge"},
        (
            "InvalidInstanceType.ValueNotSupported: No instance type 'ecs.gn7i-c8g1.3xlarge'. Did you mean "
            "'ecs.gn7i-c8g1.2xlarge'?"
        ),
    ),
    ({"systemDiskSize": 40}, "InvalidSystemDiskSize.LessThanImageSize: systemDiskSize is 40 GiB, the image needs 100."),
    ({"vswitchId": "vsw-9"}, "InvalidVSwitchId.NotFound: The specified Switch 'vsw-9' does not exist."),
    ({"securityGroups": None}, "MissingParameter: securityGroups: at least one is needed in a VPC."),
    (
        {"securityGroups": ["sg-9"]},
        "InvalidSecurityGroupId.NotFound: The specified SecurityGroup 'sg-9' does not exist.",
    ),
    (
        {"availabilityZone": "cn-hangzhou-i"},
        "ResourcesNotInSameZone: availabilityZone is cn-hangzhou-i, but vsw-bp100000000000000001 is in cn-hangzhou-k.",
    ),
    ({"spotStrategy": "SpotWithPriceLimit"}, "MissingParameter: spotStrategy SpotWithPriceLimit needs spotPriceLimit."),
    (
        {"spotStrategy": "SpotAsPriceGo", "deletionProtection": True},
        "InvalidParameter: deletionProtection does not work on spot instances.",
    ),
    ({"instanceChargeType": "PrePaid"}, "MissingParameter: instanceChargeType PrePaid needs period."),
    ({"systemDiskKmsKeyId": "key"}, "InvalidParameter: systemDiskKmsKeyId needs systemDiskEncrypted."),
    (
        {"userData": "#" * 32769},
        "InvalidUserData.SizeExceeded: userData has 32769 bytes before Base64; 32768 are allowed.",
    ),
    (
        {"dataDisks": [{"size": 20}]},
        "InvalidParameter: The local cloud does not take dataDisks: use EcsDisk and EcsDiskAttachment.",
    ),
    (
        {"privateIp": "10.0.9.9"},
        "InvalidPrivateIpAddress.Malformed: privateIp 10.0.9.9 is not a free host of 10.0.1.0/24.",
    ),
    ({"privateIp": "10.0.1.x"}, "InvalidPrivateIpAddress.Malformed: privateIp '10.0.1.x' is not an address."),
]


@pytest.mark.parametrize(("change", "message"), REFUSED)
def test_instances_that_cannot_be(region: Region, change: dict[str, Value], message: str) -> None:
    """Each thing the service does not sell is refused in these words."""
    vpc = region.vpc()
    switch, group = region.switch(vpc), region.group(vpc)

    assert message == refusal(lambda: region.instance(switch, group, **change))


def test_an_address_is_taken_once(region: Region) -> None:
    """Two instances never have one address; a chosen one must be free."""
    vpc = region.vpc()
    switch, group = region.switch(vpc), region.group(vpc)
    first = region.instance(switch, group)
    second = region.instance(switch, group, privateIp="10.0.1.77")

    assert (first.text("privateIp"), second.text("primaryIpAddress")) == ("127.64.1.4", "127.64.1.77")
    assert refusal(lambda: region.instance(switch, group, privateIp="10.0.1.77")) == (
        "InvalidPrivateIpAddress.Duplicated: 10.0.1.77 is taken in vsw-bp100000000000000001."
    )


def test_what_the_machine_is_started_from(region: Region, machines: RecordedMachines) -> None:
    """User data arrives decoded, whether it was given plain or as base64, with the facts of the type."""
    encoded = base64.b64encode(b"#cloud-config\n").decode()
    region.machine(userData=encoded, httpTokens="required", hostName="llm")

    spec = machines.specs[0]
    assert ("#cloud-config\n", "required", "llm", 1, "A10", 22731, "127.64.1.4", False) == (
        spec.user_data,
        spec.http_tokens,
        spec.hostname,
        spec.gpu_count,
        spec.gpu_name,
        spec.gpu_memory_mib,
        spec.private_ip,
        spec.internet,
    )


def test_an_instance_that_does_not_boot_does_not_exist(region: Region, machines: RecordedMachines) -> None:
    """A machine that cannot start takes its instance with it."""
    machines.start_problem = MachineError("no room")

    assert refusal(region.machine) == "InternalError: no room"
    assert not [record for record in region.cloud.store.read().records if record.id.startswith("i-")]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (
            {"deletionProtection": True},
            (
                "InvalidOperation.DeletionProtection: i-bp100000000000000001 has deletionProtection on. Switch "
                "it off first."
            ),
        ),
        (
            {"instanceChargeType": "PrePaid", "period": 1},
            (
                "ChargeTypeViolation: i-bp100000000000000001 is PrePaid. Set forceDelete to give it up before "
                "its term ends."
            ),
        ),
    ],
)
def test_instances_that_stay(region: Region, inputs: dict[str, Value], message: str) -> None:
    """Protected and prepaid instances are not deleted by accident."""
    instance = region.machine(**inputs)

    assert message == refusal(lambda: region.delete(instance))


UPDATES: list[tuple[dict[str, Value], list[str]]] = [
    ({"instanceName": "llm"}, []),
    ({"tags": {"team": "a"}}, []),
    ({"keyName": "k"}, ["reboot"]),
    ({"userData": "#cloud-config\n# new\n"}, ["stop", "start"]),
    ({"instanceType": "ecs.gn7i-c16g1.4xlarge"}, ["stop", "start"]),
    ({"status": "Stopped"}, ["stop"]),
    ({"imageId": "m-bp1customimage"}, ["detach_disk", "delete", "start", "attach_disk"]),
]


@pytest.mark.parametrize(("change", "expected"), UPDATES)
def test_what_an_update_does_to_the_machine(
    region: Region, machines: RecordedMachines, change: dict[str, Value], expected: list[str]
) -> None:
    """Names change quietly, boot facts by stop and start, an image by losing the system disk."""
    instance = region.machine()
    region.make(DISK_ATTACHMENT, diskId=region.disk().id, instanceId=instance.id)
    machines.calls.clear()
    region.update(instance, **change)

    quiet = {"set_ingress", "set_rdma_devices", "set_listeners", "set_internet"}
    assert expected == [call[0] for call in machines.calls if call[0] not in quiet]


def test_a_disk_has_one_instance_at_a_time(region: Region, machines: RecordedMachines) -> None:
    """Attached once, in its zone, detached before it goes."""
    vpc = region.vpc()
    switch, group = region.switch(vpc), region.group(vpc)
    first, second = region.instance(switch, group), region.instance(switch, group)
    disk, far = region.disk(), region.disk(zoneId="cn-hangzhou-i")
    link = region.make(DISK_ATTACHMENT, diskId=disk.id, instanceId=first.id)

    assert ("attach_disk", first.id, disk.id, 100) in machines.calls
    assert "/dev/xvdb" == link.properties["device"]
    assert ("In_use", first.id) == (region.read(disk)["status"], region.read(disk)["instanceId"])
    assert refusal(lambda: region.make(DISK_ATTACHMENT, diskId=disk.id, instanceId=second.id)) == (
        f"IncorrectDiskStatus: {disk.id} is attached to {first.id}. A disk has one instance at a time."
    )
    assert refusal(lambda: region.make(DISK_ATTACHMENT, diskId=far.id, instanceId=first.id)).startswith(
        "ResourcesNotInSameZone"
    )
    assert refusal(lambda: region.delete(disk)) == (
        f"IncorrectDiskStatus: {disk.id} is attached to {first.id}. Detach it first."
    )
    region.delete(link)
    region.make(DISK_ATTACHMENT, diskId=disk.id, instanceId=second.id)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (
            {"zoneId": "cn-beijing-k"},
            "InvalidZoneId.NotFound: Zone 'cn-beijing-k' does not belong to region cn-hangzhou.",
        ),
        ({"size": 10}, "InvalidDiskSize.ValueNotSupported: 10 GiB: cloud_essd has 20 to 65536 GiB."),
        (
            {"size": 400, "performanceLevel": "PL2"},
            "InvalidDiskSize.ValueNotSupported: 400 GiB: cloud_essd PL2 has 461 to 65536 GiB.",
        ),
    ],
)
def test_disks_that_cannot_be(region: Region, inputs: dict[str, Value], message: str) -> None:
    """A disk has a zone of the region and a size its category has."""
    assert message == refusal(lambda: region.disk(**inputs))


def test_a_disk_grows_and_never_shrinks(region: Region) -> None:
    """The service has no smaller."""
    disk = region.disk()

    assert 200 == region.update(disk, size=200).properties["size"]
    assert refusal(lambda: region.update(disk, size=50)) == (
        f"InvalidDiskSize.TooSmall: {disk.id} has 200 GiB; a disk cannot shrink to 50."
    )


def test_an_instance_has_one_role(region: Region, machines: RecordedMachines) -> None:
    """One role at a time, and only one that ECS may take."""
    instance = region.machine()
    region.role("a")
    region.role("b")
    region.role("c", assumeRolePolicyDocument=TRUST.replace("ecs", "oss"))
    link = region.make(ROLE_ATTACHMENT, instanceId=instance.id, ramRoleName="a")

    assert refusal(lambda: region.make(ROLE_ATTACHMENT, instanceId=instance.id, ramRoleName="b")) == (
        f"Operation.Conflict: {instance.id} has the role a. An instance has one role."
    )
    region.delete(link)
    assert refusal(lambda: region.make(ROLE_ATTACHMENT, instanceId=instance.id, ramRoleName="c")) == (
        "Forbidden.RamRoleNotTrusted: c does not let ecs.aliyuncs.com take it."
    )
    assert [("set_role", instance.id, "a"), ("set_role", instance.id, None)] == [
        call for call in machines.calls if call[0] == "set_role"
    ]
