"""The component plugin, called as the engine calls it; its resources land in a local cloud."""

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import alias_pb2, provider_pb2, provider_pb2_grpc, resource_pb2

from scripts.localcloud.inprocess.events import Journal
from scripts.localcloud.inprocess.face import served
from scripts.localcloud.values import UNKNOWN
from tests.stack.engine import SIGNATURE, STACK, VPC, Engine, monitor_at, output
from tests.stack.project import SENTINEL

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "tests" / "golden" / "schema.json").read_text())


@pytest.fixture(scope="module")
def journal() -> Journal:
    """Return what the plugin tells the engine, all tests' together."""
    return Journal()


@pytest.fixture(scope="module")
def plugin(
    tmp_path_factory: pytest.TempPathFactory, journal: Journal
) -> Iterator[provider_pb2_grpc.ResourceProviderStub]:
    """Return the plugin, started as `pulumi-language-python` starts it."""
    home = tmp_path_factory.mktemp("engine")
    with served(monitor_at(home, journal)) as address:
        command = [sys.executable, str(ROOT / "components"), address, "--logtostderr"]
        with subprocess.Popen(command, cwd=home, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            with grpc.insecure_channel(f"127.0.0.1:{process.stdout.readline().strip()}") as channel:
                yield provider_pb2_grpc.ResourceProviderStub(channel)
            process.terminate()


@pytest.fixture
def engine(tmp_path: Path, plugin: provider_pb2_grpc.ResourceProviderStub) -> Engine:
    """Return an engine with a local cloud of the test's own."""
    return Engine(tmp_path, plugin)


def test_schema_is_served(plugin: provider_pb2_grpc.ResourceProviderStub) -> None:
    """What the engine gets is the snapshot in git, and its version is the project's."""
    schema = plugin.GetSchema(provider_pb2.GetSchemaRequest()).schema
    info = plugin.GetPluginInfo(empty_pb2.Empty())

    assert SCHEMA == json.loads(schema)
    assert json.loads(schema)["version"] == info.version


@pytest.mark.parametrize(
    ("kind", "child", "inputs"),
    [
        ("SingleEcsLlm", "instance", {}),
        ("DualEcsRayLlm", "head-instance", {"systemImageId": "m-uefi"}),
        ("AcsLlmCluster", "engine", {"apiAccess": "private", "gpuSeries": "GU8TF"}),
    ],
)
def test_each_component_is_made(engine: Engine, kind: str, child: str, inputs: dict[str, object]) -> None:
    """The plugin answers with the component's URN, below which its children are."""
    built = engine.construct(kind.lower(), inputs, kind=kind)

    assert built.response.urn == f"urn:pulumi:dev::llm::alicloud-llm:index:{kind}::{kind.lower()}"
    assert built.resources[f"{kind.lower()}-{child}"].parent == built.response.urn


def test_outputs_are_those_of_the_schema(engine: Engine) -> None:
    """Every output comes; what a preview cannot know is unknown, and the key is a secret."""
    state = engine.construct("outputs", {"apiKey": output(SENTINEL, secret=True)}).state
    described = SCHEMA["resources"]["alicloud-llm:index:SingleEcsLlm"]["properties"]

    assert described.keys() == state.keys()
    assert state["model"] == "Qwen/Qwen3-8B"
    assert state["apiKey"] == {SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "value": SENTINEL}
    assert "value" not in state["endpoint"]


def test_numbers_arrive_as_floats(engine: Engine) -> None:
    """Whole numbers are whole again where they are used."""
    resources = engine.construct(
        "numbers", {"port": 9000, "weightsDiskGib": 120, "gpuMemoryUtilization": 0.89}
    ).resources

    assert resources["numbers-allow-10-0-0-0-16"].inputs["portRange"] == "9000/9000"
    assert resources["numbers-weights"].inputs["size"] == 120
    assert "LLM_PORT=9000\n" in str(resources["numbers-instance"].inputs["userData"])


def test_ids_may_be_known_later(engine: Engine) -> None:
    """An id that is an Output goes to the resources as it is, with what it depends on."""
    network = {"vpcId": output(of=VPC), "vswitchId": output("vsw-own", of=VPC), "privateAllowedCidrs": ["10.0.0.0/16"]}
    resources = engine.construct("later", network).resources

    assert UNKNOWN == resources["later-security-group"].inputs["vpcId"]
    assert resources["later-instance"].inputs["vswitchId"] == "vsw-own"
    request = resources["later-instance"].request
    assert isinstance(request, resource_pb2.RegisterResourceRequest)
    assert VPC in request.propertyDependencies["vswitchId"].urns


def test_a_secret_stays_one(engine: Engine) -> None:
    """A key reaches the one parameter that keeps it, as a secret, and nothing else."""
    resources = engine.construct("secret", {"apiKey": output(SENTINEL, secret=True)}).resources

    assert {"secret-api-key"} == {name for name, one in resources.items() if SENTINEL in str(one.inputs)} - {
        "secret-secrets-edition"
    }
    assert "value" in resources["secret-api-key"].secret
    assert "keepers" in resources["secret-secrets-edition"].secret


def test_options_reach_what_it_is_made_of(engine: Engine) -> None:
    """What a program says of the component holds for it, and through the engine for its children."""
    alias = alias_pb2.Alias(spec=alias_pb2.Alias.Spec(name="before", parentUrn=STACK))
    resources = engine.construct("options", {}, protect=True, aliases=[alias], dependencies=[VPC]).resources

    request = resources["options"].request
    assert isinstance(request, resource_pb2.RegisterResourceRequest)
    assert request.protect
    assert ["before"] == [one.spec.name for one in request.aliases]
    assert [VPC] == list(request.dependencies)


def test_components_of_one_stack_are_made_at_the_same_time(engine: Engine) -> None:
    """Each keeps to its own name, although one process makes both."""
    with ThreadPoolExecutor() as pool:
        built = list(pool.map(lambda name: engine.construct(name, {}), ("first", "second", "third")))

    for name, one in zip(("first", "second", "third"), built, strict=True):
        assert all(resource.startswith(name) for resource in one.resources)


def test_an_update_makes_it(engine: Engine, journal: Journal) -> None:
    """What was unknown is known, and a hook in the plugin reports that the machine is there."""
    built = engine.construct("made", {}, preview=False)

    assert str(built.state["endpoint"]).endswith(":8000/v1")
    assert built.resources["made-instance"].id == built.state["instanceId"]
    assert ["made is pretended: no machine boots in this local cloud"] == [
        message.text for message in journal.messages if message.urn == built.response.urn
    ]


def test_a_reviewer_reads_the_verdict(engine: Engine, journal: Journal) -> None:
    """The plan is said in preview, of the component."""
    urn = engine.construct("verdict", {}).response.urn

    [said] = [message for message in journal.messages if message.urn == urn]
    assert said.text.startswith("verdict: Qwen/Qwen3-8B with vLLM on ecs.gn7i-c8g1.2xlarge (1 x A10): fits\n")


PLAIN = "is an Output, and the plan and the checks in `preview` are computed from it. Give a plain value."


@pytest.mark.parametrize(
    ("inputs", "problems"),
    [
        ({"zoneId": None}, ["zoneId: is required, such as 'cn-hangzhou-h'."]),
        ({"instnaceType": "x"}, ["instnaceType: no such argument. Did you mean 'instanceType'?"]),
        ({"port": 8000.5}, ["port: 8000.5 is not a whole number."]),
        ({"model": output("Qwen/Qwen3-8B")}, [f"model: {PLAIN}"]),
        ({"model": output(of=VPC)}, [f"model: {PLAIN}"]),
        ({"tags": {"team": output("a", secret=True)}}, [f"tags: {PLAIN}"]),
        ({"publicAllowedCidrs": [output("1.2.3.4/32", of=VPC)]}, [f"publicAllowedCidrs: {PLAIN}"]),
        ({"apiKey": output("short", secret=True)}, ["apiKey: has 5 characters. Use 16 to 512."]),
        (
            {"zoneId": "cn-shanghai-b"},
            [
                (
                    "zoneId: 'cn-shanghai-b' lies in cn-shanghai, and alicloud:region is 'cn-hangzhou'. "
                    "Give a zone of that region, or change the region."
                )
            ],
        ),
    ],
)
def test_what_is_refused_is_said_as_in_python(engine: Engine, inputs: dict[str, object], problems: list[str]) -> None:
    """The same sentences, with the arguments as other languages spell them, and no traceback."""
    with pytest.raises(grpc.RpcError) as refused:
        engine.construct("refused", inputs)

    said = "\n  ".join([f"SingleEcsLlm: {len(problems)} argument rejected", *problems])
    assert (grpc.StatusCode.INVALID_ARGUMENT, said) == (refused.value.code(), refused.value.details())


def test_one_name_for_two_is_refused(engine: Engine) -> None:
    """The plugin keeps in mind what it made for the stack."""
    engine.construct("twin", {})

    with pytest.raises(grpc.RpcError) as refused:
        engine.construct("twin", {"systemImageId": "m-uefi"}, kind="DualEcsRayLlm")

    assert refused.value.details() == (
        "DualEcsRayLlm: 1 argument rejected\n"
        "  name: SingleEcsLlm 'twin' and DualEcsRayLlm 'twin' of one stack would both have the name 'twin'. "
        "Give one of them another."
    )


def test_a_component_that_is_not_there_is_named(engine: Engine) -> None:
    """A program's SDK may be newer than the plugin."""
    with pytest.raises(grpc.RpcError) as refused:
        engine.construct("refused", {}, kind="SingelEcsLlm")

    assert refused.value.details() == (
        "alicloud-llm:index:SingelEcsLlm: no such component. Did you mean 'alicloud-llm:index:SingleEcsLlm'?"
    )
