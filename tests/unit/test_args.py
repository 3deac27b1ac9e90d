"""The arguments as a whole: two spellings, all problems at once, what they turn into."""

import subprocess
import sys

import pulumi
import pytest

from components.args import ArgsError, DualEcsRayLlmArgs, SingleEcsLlmArgs, argument_table


def test_all_problems_at_once_in_the_spelling_of_a_stack_file() -> None:
    """One run tells everything that is wrong, fields in their order, unknown names last."""
    with pytest.raises(ArgsError) as error:
        SingleEcsLlmArgs.from_config(
            {
                "zoneId": "cn-hangzhou-h",
                "instnaceType": "x",
                "model": "Qwen/Qwen3-32B",
                "port": 80,
                "publicAllowedCidrs": ["10.0.0.1", "10.0.0.2"],
                "spotPriceLimit": 3,
                "apiKey": "short",
            }
        )

    assert (
        "SingleEcsLlm: 6 arguments rejected\n"
        "  instanceType: Qwen/Qwen3-32B does not fit 1 x A10: weights 61.02 GiB + activations 2.00 GiB + CUDA and NCCL "
        "1.00 GiB = 64.02 GiB per GPU, and 90% of an A10's 22.20 GiB is 19.98 GiB. Nearest that works: "
        "ecs.gn7e-c16g1.4xlarge (1 x A100-80, context 29,696), ecs.gn8v.4xlarge (1 x H20-96, context 40,960), "
        "ecs.gn8is-2x.8xlarge (2 x L20, context 40,960).\n"
        "  instanceType: ecs.gn7i-c8g1.2xlarge has 1 x A10 = 24 GB, and the vLLM recipe for Qwen/Qwen3-32B asks for 77 "
        "GB.\n"
        "  port: 80 is not within 1024 to 65535. Ports below 1024 are the system's; the usual one is 8000.\n"
        "  publicAllowedCidrs.0: '10.0.0.1' has no prefix length. Did you mean '10.0.0.1/32'?\n"
        "  publicAllowedCidrs.1: '10.0.0.2' has no prefix length. Did you mean '10.0.0.2/32'?\n"
        "  apiKey: has 5 characters. Use 16 to 512.\n"
        "  spotPriceLimit: 3.0 has no meaning with spotStrategy 'NoSpot'. Leave it out.\n"
        "  instnaceType: no such argument. Did you mean 'instanceType'?"
    ) == str(error.value)


def test_the_spelling_of_python() -> None:
    """Who writes snake_case reads snake_case, in the way out too."""
    with pytest.raises(ArgsError) as error:
        SingleEcsLlmArgs(zone_id="cn-hangzhou-h", vpc_id="vpc-1", vpc_cidr="10.0.0.0/16", wieghts_source="oss")  # type: ignore[call-arg]

    assert (
        "SingleEcsLlm: 3 arguments rejected",
        "  vswitch_id: is required with vpc_id: the zone's vSwitch is not known without a look-up.",
        "  vpc_cidr: is the network of a VPC to create, and you gave one of your own. Leave one out.",
        "  wieghts_source: no such argument. Did you mean 'weights_source'?",
    ) == tuple(str(error.value).split("\n"))


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "SingleEcsLlm: 1 argument rejected\n  zoneId: is required, such as 'cn-hangzhou-h'."),
        ([], "SingleEcsLlm: 1 argument rejected\n  args: [] is not a map of argument names to values."),
        (
            {"zoneId": "cn-hangzhou-h", "zone_id": "cn-hangzhou-i"},
            "SingleEcsLlm: 1 argument rejected\n  zoneId: given twice, also as zone_id. Leave one out.",
        ),
        (
            {"zoneId": "cn-hangzhou-h", "quux": 1},
            "SingleEcsLlm: 1 argument rejected\n  quux: no such argument.",
        ),
    ],
)
def test_shape_of_the_whole(given: object, text: str) -> None:
    """Missing, doubled and unknown names, and a config value that is no object."""
    with pytest.raises(ArgsError) as error:
        SingleEcsLlmArgs.from_config(given)

    assert text == str(error.value)


def test_the_error_is_one_that_pulumi_prints_without_a_traceback() -> None:
    """A RunError, with no pydantic error in its context that could repeat a secret."""
    with pytest.raises(pulumi.RunError) as error:
        SingleEcsLlmArgs.from_config({"zoneId": "cn-hangzhou-h", "apiKey": "not-to-be-repeated here"})

    assert (None, None) == (error.value.__cause__, error.value.__context__)
    assert "not-to-be-repeated" not in str(error.value)


def test_what_the_least_arguments_turn_into() -> None:
    """A zone alone is enough."""
    args = SingleEcsLlmArgs(zone_id="cn-hangzhou-h")

    assert {
        "region": "cn-hangzhou",
        "engine_image": "vllm/vllm-openai:v0.32.0",
        "gate_image": "caddy:2.11.7",
        "served_model_name": "Qwen/Qwen3-8B",
        "weights_model": "Qwen/Qwen3-8B",
        "system_image_id": "ubuntu_24_04_x64_100G_with_gpu_driver_and_cuda_alibase_20260519.vhd",
        "allowed_private": ("10.0.0.0/16",),
        "ready_timeout_minutes": 74,
        "needs_internet": True,
        "nat_gateway": True,
        "public": False,
        "tls": False,
    } == {
        "region": args.region,
        "engine_image": args.engine_image,
        "gate_image": args.gate_image,
        "served_model_name": args.served_model_name,
        "weights_model": args.weights_model,
        "system_image_id": args.system_image_id,
        "allowed_private": args.allowed_private,
        "ready_timeout_minutes": args.ready_timeout_minutes,
        "needs_internet": args.needs_internet,
        "nat_gateway": args.nat_gateway,
        "public": args.public,
        "tls": args.tls,
    }


OWN_REGISTRY = "team-registry-vpc.cn-hangzhou.cr.aliyuncs.com/llm"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, True),
        ({"createNatGateway": False}, False),
        ({"publicAllowedCidrs": ["203.0.113.0/24"]}, False),
        ({"vpcId": "vpc-1", "vswitchId": "vsw-1", "privateAllowedCidrs": ["10.0.0.0/8"]}, False),
        (
            {
                "weightsSource": "oss",
                "ossBucket": "weights",
                "engineImage": f"{OWN_REGISTRY}/vllm:v0.32.0",
                "gateImage": f"{OWN_REGISTRY}/caddy:2.11.7",
            },
            False,
        ),
    ],
)
def test_when_a_nat_gateway_is_bought(change: dict[str, object], *, expected: bool) -> None:
    """Only when the boot needs the internet and nothing else leads there."""
    assert expected == SingleEcsLlmArgs.from_config({"zoneId": "cn-hangzhou-h", **change}).nat_gateway


def test_inputs_for_the_state_hold_no_secret() -> None:
    """What was set, in camelCase, without key and private key."""
    args = SingleEcsLlmArgs(zone_id="cn-hangzhou-h", api_key="open-sesame-12345", max_model_len=4096)

    assert {"zoneId": "cn-hangzhou-h", "maxModelLen": 4096} == args.inputs()


def test_arguments_are_frozen() -> None:
    """What was checked stays what it was."""
    args = SingleEcsLlmArgs(zone_id="cn-hangzhou-h")

    with pytest.raises(ValueError, match="frozen"):
        args.port = 9000


def test_every_argument_has_one_line_of_meaning() -> None:
    """The table is generated, so a field without a description would be a hole in it."""
    table = argument_table(SingleEcsLlmArgs).split("\n")

    assert "| argument | kind | default | meaning |" == table[0]
    assert len(SingleEcsLlmArgs.model_fields) == len(table) - 3
    assert "| `port` | whole number | `8000` | TCP port of the endpoint, 1024 to 32767 or 61000 to 65535. |" in table
    assert [] == [row for row in table[2:-1] if row.count("|") != 5 or row.endswith("|  |")]


def test_table_of_what_differs() -> None:
    """The pair's table holds what one machine's does not say."""
    rows = argument_table(DualEcsRayLlmArgs, SingleEcsLlmArgs).split("\n")[2:-1]
    own = ["interconnect", "rdmaInterfaces", "ncclEnv", "launcher", "workerTimeoutMinutes"]

    assert ["model", "tensorParallel", "instanceType", "eipBandwidthMbps", *own] == [row.split("`")[1] for row in rows]


def test_importing_the_arguments_is_cheap() -> None:
    """Neither the provider's SDK nor an HTTP client is loaded for a check, and no catalog file is read."""
    code = (
        "import sys, components.args, components.catalog as c; "
        "print(sorted({'pulumi_alicloud', 'pulumi_random', 'httpx'} & set(sys.modules)), c._read.cache_info().currsize)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "[] 0\n" == done.stdout
