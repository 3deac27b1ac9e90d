"""Load balancers: where Services are reached, by whom, and why they are not."""

import pytest

from scripts.localcloud.kinds import ACL
from scripts.localcloud.store import Store, write_json
from scripts.localcloud.values import Value
from scripts.localcloud.world import Record
from tests.localcloud.kubernetes.controllers.site import POD, PREFIX, PRIVATE, REGION, SERVICE, Site

LISTED = f"{PREFIX}acl-status: 'on', {PREFIX}acl-type: white, {PREFIX}acl-id: acl-1"


def test_load_balancer(site: Site) -> None:
    """A Service gets an address that leads to its ready pods; both go with it."""
    site.add(SERVICE, annotations=PRIVATE)
    site.until(site.ingress)
    site.add(POD, name="a", volumes="[]")
    site.ready("a")
    (ingress,) = site.ingress()
    site.until(lambda: len(site.pods.told) == 3)
    site.remove("Service", "qwq")
    site.until(lambda: site.find("Service", "qwq") is None)

    address = ingress["ip"]
    assert address.endswith(".2.4")
    anybody = ["0.0.0.0/0"]
    assert [
        ("listen", address, 80, [], 0, anybody),
        ("start", "a"),
        ("listen", address, 80, ["a"], 8000, anybody),
        ("release", address),
    ] == site.pods.told
    assert [] == Store(site.home).read().balancers


@pytest.mark.parametrize(
    ("annotations", "entries", "sources"),
    [
        (f"{PRIVATE}, {LISTED}", ["10.1.2.0/24", "192.168.0.0/16"], [".2.0/24", ".0.0/16"]),
        (f"{PRIVATE}, {LISTED}", ["203.0.113.0/24"], []),
        (LISTED, ["203.0.113.0/24"], ["0.0.0.0/0"]),
        (LISTED, ["10.0.0.0/8"], []),
    ],
)
def test_white_list(site: Site, annotations: str, entries: list[str], sources: list[str]) -> None:
    """A list lets in whom it names: nobody listens where it leaves out whoever runs the program."""
    with Store(site.home).transaction() as world:
        rows: list[Value] = [{"entry": entry} for entry in entries]
        world.add(Record(ACL, "acl-1", REGION, {"entryLists": rows}))
    site.add(SERVICE, annotations=annotations)
    site.until(site.ingress)

    (heard,) = (told[-1] for told in site.pods.told if told[0] == "listen")
    assert sources == [entry[entry.find(".", 4) :] if entry[0] == "1" else entry for entry in heard]
    (balancer,) = Store(site.home).read().balancers
    assert {"80": "acl-1"} == balancer.acls


@pytest.mark.parametrize(
    ("fault", "annotations", "message"),
    [
        (
            {"load_balancers": 0},
            PRIVATE,
            "QuotaExceeded: slb_quota_instances_num: the account may have 0 CLB instances.",
        ),
        ({}, LISTED, "AclNotExist: The specified Acl 'acl-1' does not exist."),
    ],
)
def test_refused_load_balancer(site: Site, fault: dict[str, int], annotations: str, message: str) -> None:
    """A Service for which there is no load balancer has no address, and an event says why."""
    write_json(site.home / "faults.json", {"cluster": fault})
    site.add(SERVICE, annotations=annotations)
    site.until(lambda: site.objects.read().all("Event"))

    (event,) = site.objects.read().all("Event")
    assert ("Service", "SyncLoadBalancerFailed") == (event["involvedObject"]["kind"], event["reason"])
    assert event["message"].startswith(f"Error syncing load balancer: {message}")
    assert [] == site.ingress()


def test_taken_port(site: Site) -> None:
    """A port that another program of this host has is named, and the Service has no address until it is free."""
    site.pods.taken_ports.add(80)
    site.add(SERVICE, annotations=PRIVATE)
    site.until(lambda: site.objects.read().all("Event"))
    (event,) = site.objects.read().all("Event")
    before = site.ingress()
    site.pods.taken_ports.clear()
    site.until(site.ingress)

    assert event["message"].endswith(":80: Address already in use")
    assert [] == before


def test_changed_service(site: Site) -> None:
    """A port that a Service gives up, or whose list lets nobody in any more, leads nowhere."""
    site.add(SERVICE, annotations=PRIVATE)
    site.add(POD, name="a", volumes="[]")
    site.ready("a")
    site.until(lambda: site.pods.told[-1][3:4] == (["a"],))
    site.add(SERVICE.replace("port: 80,", "port: 81,"), annotations=PRIVATE)
    site.until(lambda: len(site.pods.told) == 5)

    address = site.ingress()[0]["ip"]
    assert [
        ("listen", address, 80, [], 0, []),
        ("listen", address, 81, ["a"], 8000, ["0.0.0.0/0"]),
    ] == site.pods.told[-2:]
