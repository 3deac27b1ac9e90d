"""Programs run against the monitor in this process: what is registered, refused, retried, remembered."""

from threading import Event

import pulumi
import pulumi_alicloud as alicloud
import pulumi_random as random
from pulumi.runtime.proto import resource_pb2

from scripts.localcloud.cloud import Cloud
from scripts.localcloud.machines.spec import CommandResult
from scripts.localcloud.values import UNKNOWN
from tests.localcloud.cloud.programs import Program, Runs, invocation, network
from tests.localcloud.cloud.world import IMAGE, RecordedMachines, Region


def test_a_preview_knows_what_it_can(runs: Runs, cloud: Cloud) -> None:
    """Inputs are known, the service's values are not, and nothing is made."""

    def program() -> None:
        vpc = network()
        pulumi.export("cidr", vpc.cidr_block)
        pulumi.export("id", vpc.id)
        pulumi.export("table", vpc.route_table_id)

    assert runs(program, preview=True)
    assert {"cidr": "10.0.0.0/8", "id": UNKNOWN, "table": UNKNOWN} == runs.monitor.outputs
    assert cloud.store.read().records == []


def test_an_update_and_the_same_again(runs: Runs, cloud: Cloud) -> None:
    """The first run makes everything, the second changes nothing, in the cloud and in the outputs."""

    def program() -> None:
        vpc = network()
        alicloud.ecs.SecurityGroup("group", vpc_id=vpc.id)
        pulumi.export("id", vpc.id)

    assert runs(program)
    first = (runs.steps(), runs.monitor.outputs, len(cloud.store.read().records))
    assert runs(program)

    created = {"project-dev": "create", "net": "create", "group": "create"}
    assert (created, {"id": "vpc-bp100000000000000001"}, 2) == first
    assert (dict.fromkeys(created, "same"), first[1]) == (runs.steps(), runs.monitor.outputs)


def test_a_change_of_what_exists_is_refused_here(runs: Runs) -> None:
    """This door only makes new resources; a preview says what the change would be."""
    assert runs(network)

    def changed() -> None:
        alicloud.vpc.Network("net", cidr_block="10.0.0.0/16")

    assert runs(changed, preview=True)
    assert runs.steps()["net"] == "update"
    assert not runs(changed)
    assert [
        (
            "would need update (cidrBlock). Without the pulumi command the local cloud only makes new resources. "
            "Run destroy first, or use the pulumi command."
        )
    ] == runs.errors()


def test_options_are_recorded(runs: Runs) -> None:
    """Every option of a registration can be looked at afterwards."""

    def program() -> None:
        parent = pulumi.ComponentResource("acme:index:Thing", "thing")
        network(
            parent=parent,
            protect=True,
            delete_before_replace=True,
            replace_on_changes=["cidr_block"],
            additional_secret_outputs=["route_table_id"],
            custom_timeouts=pulumi.CustomTimeouts(create="45m"),
        )

    assert runs(program, preview=True)
    thing, net = runs.monitor.journal.registrations[1:]
    asked = net.request
    assert isinstance(asked, resource_pb2.RegisterResourceRequest)
    assert (thing.urn, True, True, ["cidrBlock"], ["routeTableId"], "45m") == (
        net.parent,
        asked.protect,
        asked.deleteBeforeReplace,
        list(asked.replaceOnChanges),
        list(asked.additionalSecretOutputs),
        asked.customTimeouts.create,
    )
    assert net.urn == "urn:pulumi:dev::project::acme:index:Thing$alicloud:vpc/network:Network::net"


def test_secrets_are_known_as_such(runs: Runs) -> None:
    """A generated key and what is made of it are secret in inputs and outputs."""

    def program() -> None:
        key = random.RandomPassword("key", length=20)
        alicloud.oos.SecretParameter("parameter", secret_parameter_name="llm-key", value=key.result)  # noqa: S106
        pulumi.export("key", key.result)

    assert runs(program)
    parameter = runs.monitor.journal.registrations[-1]
    assert ({"value"}, {"key"}) == (set(parameter.secret), set(runs.monitor.secret_outputs))


def test_a_refusal_ends_the_program_without_a_traceback(runs: Runs) -> None:
    """What the provider refuses is the only error, and what exists is remembered."""

    def program() -> None:
        vpc = network()
        alicloud.vpc.Switch("switch", vpc_id=vpc.id, zone_id="cn-beijing-k", cidr_block="10.0.0.0/24")

    assert not runs(program)
    assert ["InvalidZoneId.NotFound: Zone 'cn-beijing-k' does not belong to region cn-hangzhou."] == runs.errors()
    assert ["project-dev", "net"] == [known.name for known in runs.monitor.known.resources.values()]


def test_errors_of_the_program(runs: Runs) -> None:
    """A RunError is its own sentence; anything else is a traceback to the program."""

    def unhappy() -> None:
        raise pulumi.RunError("model: no such model, 'x'. Did you mean 'y'?")

    def broken() -> None:
        raise ValueError("oops")

    assert (False, ["model: no such model, 'x'. Did you mean 'y'?"]) == (runs(unhappy), runs.errors())
    assert not runs(broken)
    assert runs.errors()[0].startswith("Program failed with an unhandled exception:\nTraceback")


def test_names_are_given_once(runs: Runs) -> None:
    """Two resources of one URN are an error."""
    assert not runs(lambda: (network(), network()))
    assert [
        (
            "Duplicate resource URN 'urn:pulumi:dev::project::alicloud:vpc/network:Network::net'; "
            "try giving it a unique name"
        )
    ] == runs.errors()


def test_the_region(runs: Runs) -> None:
    """A missing region is named; an explicit provider brings its own."""
    assert not runs(network, region="")
    missing = "alicloud:region: missing. Set alicloud:region in the stack's configuration, such as cn-hangzhou."
    assert [missing] == runs.errors()

    def elsewhere() -> None:
        provider = alicloud.Provider("beijing", region="cn-beijing")
        alicloud.vpc.Network("far", opts=pulumi.ResourceOptions(provider=provider))

    assert runs(elsewhere)
    assert runs.monitor.journal.registrations[-1].id == "vpc-2ze00000000000000001"


def test_others_proceed_while_a_run_waits(runs: Runs, region: Region, machines: RecordedMachines) -> None:
    """A waiting invocation holds up nothing that does not depend on it."""
    hold = machines.hold = Event()
    ready = invocation(region)

    def release(_: object) -> bool:
        hold.set()
        return True

    def program() -> None:
        ready()
        network().id.apply(release)

    assert runs(program)
    assert {"project-dev": "create", "ready": "create", "net": "create"} == runs.steps()


def test_a_failed_run_is_replaced_only_when_asked(runs: Runs, region: Region, machines: RecordedMachines) -> None:
    """As with the engine, a failed resource would be updated next time, or replaced with replace_on_changes."""
    machines.result = CommandResult(1, "")
    plain = invocation(region)
    assert not runs(plain)
    assert runs(plain, preview=True)
    assert runs.steps()["ready"] == "update"

    assert runs(lambda: plain(replace_on_changes=["*"]), preview=True)
    assert runs.steps()["ready"] == "replace"


def test_looking_up_what_exists(runs: Runs, region: Region) -> None:
    """``get`` finds a resource by id, and says so when there is none."""
    vpc = region.vpc()

    def program(resource_id: str) -> Program:
        return lambda: pulumi.export("table", alicloud.vpc.Network.get("found", resource_id).route_table_id)

    assert runs(program(vpc.id))
    assert {"table": vpc.properties["routeTableId"]} == runs.monitor.outputs
    assert (False, ["resource 'vpc-9' does not exist"]) == (runs(program("vpc-9")), runs.errors())


def test_an_instance_type_is_checked_by_the_service(runs: Runs, region: Region) -> None:
    """The program's typed arguments reach the cloud under the provider's names."""
    vpc = region.vpc()
    switch, group = region.switch(vpc), region.group(vpc)

    def program() -> None:
        alicloud.ecs.Instance(
            "machine",
            vswitch_id=switch.id,
            security_groups=[group.id],
            image_id=IMAGE,
            instance_type="ecs.gn9-unknown",
            system_disk_size=100,
        )

    assert not runs(program)
    assert runs.errors()[0].startswith("InvalidInstanceType.ValueNotSupported: No instance type 'ecs.gn9-unknown'.")
