"""State on disk, shared by processes; addresses, shared by local clouds."""

import subprocess
import sys
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from scripts.localcloud import addresses
from scripts.localcloud.cloud import Cloud, Target
from scripts.localcloud.errors import LocalCloudError
from scripts.localcloud.kinds import EIP, VPC
from scripts.localcloud.store import Store, kept_at
from tests.localcloud.cloud.world import Region

ROOT = Path(__file__).parents[3]
WRITER = """
import sys
from pathlib import Path
from scripts.localcloud.cloud import Cloud, Target
cloud = Cloud(Path(sys.argv[1]))
for _ in range(10):
    cloud.create("alicloud:vpc/network:Network", {}, frozenset(), Target("cn-hangzhou"))
"""


def test_several_processes_write_at_once(cloud: Cloud) -> None:
    """No write is lost and no id is given twice."""
    command = [sys.executable, "-c", WRITER, str(cloud.home)]
    writers = [subprocess.Popen(command, cwd=ROOT) for _ in range(3)]
    assert [0, 0, 0] == [writer.wait() for writer in writers]

    ids = [record.id for record in cloud.store.read().all(VPC)]
    assert [f"vpc-bp1{number:017d}" for number in range(1, 31)] == ids


def test_a_refused_call_leaves_no_trace(region: Region, cloud: Cloud) -> None:
    """What was refused half-way is not kept."""
    region.vpc()
    before = kept_at(cloud.home).read_text()
    with pytest.raises(LocalCloudError):
        region.vpc(cidrBlock="8.0.0.0/8")

    assert before == kept_at(cloud.home).read_text()


def test_a_write_costs_the_same_however_much_exists(region: Region, cloud: Cloud) -> None:
    """A call adds one line; the past goes when it is half of the file, and another process reads the same."""
    group = region.group(region.vpc())
    rules = [region.rule(group, portRange=f"{port}/{port}") for port in range(1, 200)]
    before = kept_at(cloud.home).read_bytes()
    region.vpc()
    assert kept_at(cloud.home).read_bytes().startswith(before)

    for rule in rules:
        region.delete(rule)
    assert len(kept_at(cloud.home).read_text().splitlines()) < 30
    assert cloud.store.read().records == Store(cloud.home).read().records


def test_a_killed_writer_leaves_what_was_before(region: Region, cloud: Cloud) -> None:
    """Half of a line is none, and the next one follows well."""
    first = region.vpc()
    with kept_at(cloud.home).open("a") as file:
        file.write('{"records": [{"type": "alicloud:vpc')
    second = region.vpc()

    assert [first.id, second.id] == [record.id for record in Store(cloud.home).read().records]


def test_what_is_looked_at_changes_nothing(region: Region, cloud: Cloud) -> None:
    """What a caller does with what it was given is its own affair."""
    vpc = region.vpc(tags={"a": "1"})
    vpc.properties["tags"] = {"a": "2"}
    found = cloud.store.read().find(VPC, vpc.id)
    assert found
    found.properties.clear()

    assert {"a": "1"} == cloud.store.read().records[0].properties["tags"]


def test_two_clouds_have_different_addresses(cloud: Cloud, tmp_path: Path) -> None:
    """Each home claims its own part of the loopback network, keeps it, and gives it back."""
    cloud.home.mkdir()
    sites = [addresses.site_of(home) for home in (cloud.home, tmp_path, cloud.home)]
    assert [0, 1, 0] == sites

    addresses.release(cloud.home)
    (tmp_path / "other").mkdir()
    assert addresses.site_of(tmp_path / "other") == 0


def test_a_full_host_takes_from_clouds_without_addresses(
    region: Region, cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When every number is taken, a cloud that gave no address out loses its own; one that did keeps it."""
    monkeypatch.setattr(addresses, "SITES", 2)
    region.eip()
    for name in ("idle", "late"):
        (tmp_path / name).mkdir()
    assert [1, 1] == [addresses.site_of(tmp_path / name) for name in ("idle", "late")]

    kept_at(tmp_path / "late").write_text(f'"type": "{EIP}"')
    with pytest.raises(LocalCloudError, match="2 local clouds of this host have machines"):
        addresses.site_of(tmp_path / "idle")
    assert addresses.site_of(cloud.home) == 0


def test_addresses_are_mapped_to_this_host() -> None:
    """Private and public addresses lie in different parts of the site."""
    assert addresses.private(3, IPv4Address("10.9.2.7")) == "127.67.2.7"
    assert addresses.public(3, 5) == "127.67.255.5"
    assert addresses.is_public("127.67.255.5")
    assert ["10.0.0.4", "10.0.0.5", "10.0.0.6"] == [str(host) for host in addresses.hosts(IPv4Network("10.0.0.0/29"))]
    with pytest.raises(LocalCloudError, match="254 public addresses"):
        addresses.public(3, 255)


def test_the_region_must_be_one(cloud: Cloud) -> None:
    """A region that the cloud does not have is refused with the nearest one."""
    with pytest.raises(LocalCloudError) as refused:
        cloud.create(VPC, {}, frozenset(), Target("cn-hangzou"))

    assert str(refused.value) == (
        "alicloud:region: 'cn-hangzou' is not a region of the local cloud. Did you mean 'cn-hangzhou'?"
    )
