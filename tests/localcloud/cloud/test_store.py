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
    before = (cloud.home / "state.json").read_text()
    with pytest.raises(LocalCloudError):
        region.vpc(cidrBlock="8.0.0.0/8")

    assert before == (cloud.home / "state.json").read_text()


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

    (tmp_path / "late" / "state.json").write_text(f'"type": "{EIP}"')
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
