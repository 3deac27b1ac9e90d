"""Faults on request: each one happens, and one that nobody knows is an error."""

import json

import pytest

from scripts.localcloud import faults
from scripts.localcloud.cloud import Cloud, Target
from scripts.localcloud.errors import InitFailedError, LocalCloudError
from scripts.localcloud.kinds import DISK, INSTANCE, VPC
from scripts.localcloud.values import Values
from tests.localcloud.cloud.test_network_laws import refusal
from tests.localcloud.cloud.world import TARGET, ZONE, RecordedMachines, Region


def ask(cloud: Cloud, document: object) -> None:
    """Write *document* where the cloud looks for faults."""
    cloud.home.mkdir(exist_ok=True)
    (cloud.home / "faults.json").write_text(json.dumps(document))


def test_no_stock(region: Region, cloud: Cloud) -> None:
    """A create fails with the vendor's code and sentence, and nothing exists."""
    ask(cloud, {"create": {INSTANCE: "OperationDenied.NoStock"}})

    assert refusal(region.machine) == (
        "OperationDenied.NoStock: The requested resource is sold out in the specified zone; "
        "try other types of resources or other regions and zones."
    )
    assert not list(cloud.store.read().all(INSTANCE))


def test_updates_and_deletes_fail_too(region: Region, cloud: Cloud) -> None:
    """Each call has its own faults."""
    vpc = region.vpc()
    ask(cloud, {"update": {VPC: "Forbidden.RAM"}, "delete": {VPC: "ServiceUnavailable"}})

    assert refusal(lambda: region.update(vpc, description="new")).startswith("Forbidden.RAM")
    assert refusal(lambda: region.delete(vpc)).startswith("ServiceUnavailable")


@pytest.mark.parametrize(("times", "fails"), [(3, False), (8, True)])
def test_throttling_is_survived_for_a_while(region: Region, cloud: Cloud, times: int, fails: bool) -> None:  # noqa: FBT001
    """The provider repeats a throttled call eight times and no more."""
    ask(cloud, {"throttle": {VPC: times}})

    assert fails == (fails and refusal(region.vpc).startswith("Throttling: Request was denied"))
    assert region.vpc().id.startswith("vpc-")


def test_a_slow_create_ends_at_its_timeout(cloud: Cloud) -> None:
    """What takes longer than the create timeout exists and failed."""
    ask(cloud, {"slow": {DISK: 60}})
    asked: Values = {"zoneId": ZONE, "category": "cloud_essd", "size": 100}
    with pytest.raises(InitFailedError) as failed:
        cloud.create(DISK, asked, frozenset(), Target(TARGET.region, 0.01))

    assert "timeout while waiting for the resource." == str(failed.value)
    assert cloud.read(DISK, failed.value.id, {}) is not None


def test_machine_faults_reach_the_machine(region: Region, cloud: Cloud, machines: RecordedMachines) -> None:
    """What goes wrong on a machine is handed to it as it boots."""
    ask(cloud, {"machine": {"truncate_shard": 1}})
    region.machine()

    assert {"truncate_shard": 1} == machines.specs[0].faults


def test_one_machine_may_have_faults_of_its_own(region: Region, cloud: Cloud, machines: RecordedMachines) -> None:
    """Faults by the end of an instance's name go before those of all machines."""
    ask(cloud, {"machine": {"mtu": 1500, "no_gpu": True}, "machines": {"-worker": {"mtu": 9000}}})
    head = region.machine(instanceName="llm-head")
    region.machine_beside(head, instanceName="llm-worker")
    region.machine_beside(head, instanceName="llm-worker-2")

    everybody = {"mtu": 1500, "no_gpu": True}
    assert [everybody, everybody | {"mtu": 9000}, everybody] == [spec.faults for spec in machines.specs]


def test_a_zone_sells_only_what_it_has(region: Region, cloud: Cloud) -> None:
    """Of a type that is scarce each zone has so many, and one that is given back can be had again."""
    ask(cloud, {"stock": {"ecs.gn7i-c8g1.2xlarge": 1}})
    vpc = region.vpc()
    far, group = region.switch(vpc, zoneId="cn-hangzhou-i", cidrBlock="10.0.2.0/24"), region.group(vpc)
    first = region.instance(region.switch(vpc), group)

    assert refusal(lambda: region.machine_beside(first)).startswith("OperationDenied.NoStock: The requested resource")
    region.machine_beside(first, vswitchId=far.id)
    region.machine_beside(first, instanceType="ecs.gn7i-c16g1.4xlarge")
    region.delete(first)
    region.machine_beside(first)


def test_the_environment_goes_first(region: Region, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Faults may come in an environment variable."""
    ask(cloud, {})
    monkeypatch.setenv(faults.VARIABLE, json.dumps({"create": {VPC: "InternalError"}}))

    assert refusal(region.vpc).startswith("InternalError")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "here: must be an object with create, update, delete, throttle, slow, stock, machine, machines, cluster."),
        (
            {"craete": {}},
            (
                "here: 'craete' is no fault. One of create, update, delete, throttle, slow, stock, machine, machines, "
                "cluster. Did you mean 'create'?"
            ),
        ),
        (
            {"cluster": {"load_balancer": 1}},
            (
                "here: cluster: 'load_balancer' is no fault. One of load_balancers, data_load_fails. "
                "Did you mean 'load_balancers'?"
            ),
        ),
        ({"cluster": {"load_balancers": True}}, "here: cluster.load_balancers: True is no int."),
        (
            {"create": {"alicloud:vpc/netwrok:Network": "InternalError"}},
            (
                "alicloud:vpc/netwrok:Network: this resource type is not in the local cloud. Did you mean "
                "'alicloud:vpc/network:Network'?"
            ),
        ),
        (
            {"stock": {"ecs.ebmgn8v.24xlarge": 1}},
            "here: stock: no instance type 'ecs.ebmgn8v.24xlarge'. Did you mean 'ecs.ebmgn8v.48xlarge'?",
        ),
        ({"machine": {"no_gpus": True}}, "here: machine: faults: no such fault, 'no_gpus'. Did you mean 'no_gpu'?"),
        (
            {"machines": {"worker": {"mtu": "9000"}}},
            "here: machines.worker: faults.mtu: wrong kind of value, '9000'. Give int.",
        ),
        ({"machines": {"worker": "no_rdma"}}, "here: machines.worker must be an object with faults."),
        (
            {"create": {VPC: "NoStock"}},
            (
                "here: NoStock is no error code known here. One of BucketAlreadyExists, Forbidden.RAM, "
                "IncorrectInstanceStatus, InternalError, InvalidAccountStatus.NotEnoughBalance, "
                "InvalidResourceType.NotSupported, "
                "OperationDenied.NoStock, QuotaExceed.ElasticQuota, ServiceUnavailable, Throttling."
            ),
        ),
    ],
)
def test_unknown_faults_are_errors(document: object, message: str) -> None:
    """A misspelt fault would test nothing."""
    with pytest.raises(LocalCloudError) as refused:
        faults.parse(document, "here")

    assert message == str(refused.value)


def test_a_fault_file_that_is_not_json(region: Region, cloud: Cloud) -> None:
    """A broken file is named."""
    cloud.home.mkdir()
    (cloud.home / "faults.json").write_text("{")
    with pytest.raises(LocalCloudError, match=r"faults\.json: not JSON"):
        region.vpc()
