"""Data disks: they come late, keep their content, and go where the cloud puts them."""

import pytest

from scripts.localcloud.machines import MachineError
from tests.localcloud.machines.booted import Site

pytestmark = pytest.mark.machine

FORMAT = (
    "mkfs.ext4 -q -L llm-weights /dev/vdb && mkdir -p /srv/llm && mount /dev/vdb /srv/llm && echo kept >/srv/llm/file\n"
)
COLUMNS = "lsblk -dnP -o NAME,SERIAL,FSTYPE,LABEL,MOUNTPOINT /dev/vdb\n"


def test_a_disk_attached_to_a_running_machine_appears_blank(site: Site) -> None:
    """Its serial number is the disk's id without the prefix; formatting and mounting it show."""
    site.boot()
    site.machines.create_disk("d-bp1x")
    before = site.run("ls /dev/vdb; blkid /dev/vdb; echo $?").output

    site.machines.attach_disk("i-one", "d-bp1x", 500)

    assert "ls: cannot access '/dev/vdb': No such file or directory\n2\n" == before
    assert 'NAME="vdb" SERIAL="bp1x" FSTYPE="" LABEL="" MOUNTPOINT=""\n' == site.output(COLUMNS)
    assert 'NAME="vdb" SERIAL="bp1x" FSTYPE="ext4" LABEL="llm-weights" MOUNTPOINT="/srv/llm"\n' == site.output(
        FORMAT + COLUMNS
    )


def test_a_disk_keeps_its_content_on_another_machine(site: Site) -> None:
    """Detaching takes the mount along; the file system is found by its label elsewhere."""
    site.machines.create_disk("d-bp1x")
    site.boot()
    site.machines.attach_disk("i-one", "d-bp1x", 500)
    site.output(FORMAT)

    site.machines.detach_disk("i-one", "d-bp1x")
    site.boot(instance_id="i-two", private_ip="127.254.0.6")
    site.machines.attach_disk("i-two", "d-bp1x", 500)

    assert "gone\n" == site.output("ls /srv/llm; test -e /dev/vdb || echo gone")
    assert "kept\n" == site.output("mkdir /mnt/w; mount LABEL=llm-weights /mnt/w; cat /mnt/w/file", on="i-two")


def test_a_disk_survives_the_machine_and_a_grown_one_can_be_resized(site: Site) -> None:
    """Deleting the machine leaves the disk; resize2fs takes the new size."""
    site.machines.create_disk("d-bp1x")
    site.boot()
    site.machines.attach_disk("i-one", "d-bp1x", 500)
    site.output(FORMAT)
    site.machines.delete("i-one")

    site.boot()
    site.machines.attach_disk("i-one", "d-bp1x", 600)

    same = "The filesystem is already the full size. Nothing to do!\n"
    assert same == site.output(
        "resize2fs /dev/vdb; resize2fs /dev/vdb; test $(lsblk -bdno SIZE /dev/vdb) = 644245094400"
    )


def test_formatting_needs_a_disk_that_is_blank_and_not_in_use(site: Site) -> None:
    """Mkfs refuses a mounted disk and one that holds a file system; mount refuses a blank one."""
    site.machines.create_disk("d-bp1x")
    site.boot()
    site.machines.attach_disk("i-one", "d-bp1x", 500)

    assert 32 == site.run("mount /dev/vdb /mnt").exit_code
    assert 1 == site.run(FORMAT + "mkfs.ext4 /dev/vdb").exit_code
    assert 1 == site.run("umount /srv/llm; mkfs.ext4 /dev/vdb").exit_code


def test_a_disk_must_exist(site: Site) -> None:
    """Attaching an unknown disk is refused in a sentence."""
    site.boot()

    with pytest.raises(MachineError, match="disk_id: no such disk, 'd-none'"):
        site.machines.attach_disk("i-one", "d-none", 500)
