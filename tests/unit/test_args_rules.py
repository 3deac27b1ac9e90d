"""Arguments that exclude, need or limit one another."""

from collections.abc import Callable

import pulumi
import pytest

from components.args import ArgsError, SingleEcsLlmArgs

GOOD: dict[str, object] = {"zoneId": "cn-hangzhou-h"}
OWN: dict[str, object] = {"vpcId": "vpc-1", "vswitchId": "vsw-1", "privateAllowedCidrs": ["172.16.0.0/12"]}
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nQQ==\n-----END CERTIFICATE-----"
PRIVATE = "-----BEGIN " + "PRIVATE KEY-----\nQQ==\n-----END PRIVATE KEY-----"
MINE: dict[str, object] = {
    "model": "team/mine",
    "modelWeightsGib": 8,
    "modelLayers": 32,
    "modelAttentionHeads": 32,
    "modelKvHeads": 8,
    "modelHeadDim": 128,
    "modelMaxContext": 8192,
}


CASES: list[dict[str, object]] = [
    OWN | {"vpcCidr": "10.1.0.0/16"},
    {"vpcId": "vpc-1"},
    {"vswitchId": "vsw-1", "privateAllowedCidrs": ["10.0.0.0/8"]},
    {"securityGroupId": "sg-1"},
    {"vpcId": "vpc-1", "vswitchId": "vsw-1"},
    {
        "vswitchId": "vsw-1",
        "securityGroupId": "sg-1",
        "privateAllowedCidrs": ["10.0.0.0/8"],
        "createNatGateway": True,
    },
    {"privateAllowedCidrs": []},
    {"privateAllowedCidrs": ["0.0.0.0/0"]},
    {"privateAllowedCidrs": ["11.0.0.0/8"], "publicAllowedCidrs": ["203.0.113.0/24"]},
    {"publicAllowedCidrs": []},
    {"publicAllowedCidrs": ["0.0.0.0/0"]},
    {"publicAllowedCidrs": ["0.0.0.0/1", "128.0.0.0/1"]},
    {"allowWholeInternet": True},
    {"tlsCertificate": CERTIFICATE},
    {"tlsPrivateKey": PRIVATE},
    {"domain": "llm.example.com"},
    {"tlsCertificate": "/etc/cert.pem", "tlsPrivateKey": "/etc/key.pem"},
    {"tlsCertificate": CERTIFICATE.replace("QQ==", "Q" * 4096), "tlsPrivateKey": PRIVATE},
    {"weightsSource": "oss"},
    {"ossBucket": "weights"},
    {"ossPrefix": "a/b"},
    {"weightsSource": "oss", "ossBucket": "weights", "weightsRevision": "v1"},
    {"model": "moonshotai/Kimi-K2-Instruct", "instanceType": "ecs.gn8v-8x.48xlarge", "allowUnfit": True},
    {"spotStrategy": "SpotWithPriceLimit"},
    {"spotPriceLimit": 9.5},
    {"instanceType": "ecs.ebmgn8v.48xlarge"},
    {"model": "Qwen/Qwen3-9B"},
    {"model": "team/mine", "modelWeightsGib": 8, "modelKvLoraRank": 512},
    {"extraEngineArgs": ["64", "--tp", "8", "", "--enable-reasoning", "--seed 1"]},
    {
        "tensorParallel": 8,
        "model": "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",
        "instanceType": "ecs.gn7i-8x.16xlarge",
    },
]


def refusal(change: dict[str, object]) -> str:
    """Return *change* and what the arguments say to it."""
    with pytest.raises(ArgsError) as error:
        SingleEcsLlmArgs.from_config(GOOD | change)
    asked = ", ".join(f"{name} {str(value)[:20]!r}" for name, value in change.items())
    return "\n".join([asked, *(f"  {line}" for line in error.value.problems)])


def test_refused_together(golden: Callable[[str, str], None]) -> None:
    """Each message stands at the argument to change; every message in one file to read."""
    golden("args/refusals.txt", "\n\n".join(map(refusal, CASES)) + "\n")


@pytest.mark.parametrize(
    "change",
    [
        OWN,
        {"vswitchId": "vsw-1", "securityGroupId": "sg-1", "privateAllowedCidrs": ["11.0.0.0/8"]},
        OWN | {"vpcId": pulumi.Output.from_input("vpc-1"), "createNatGateway": True},
        {"publicAllowedCidrs": ["203.0.113.0/24"], "privateAllowedCidrs": []},
        {"publicAllowedCidrs": ["0.0.0.0/0"], "allowWholeInternet": True},
        {
            "tlsCertificate": CERTIFICATE,
            "tlsPrivateKey": pulumi.Output.from_input(PRIVATE),
            "domain": "llm.example.com",
        },
        {"weightsSource": "oss", "ossBucket": "weights", "ossPrefix": "/models/q8/"},
        {"spotStrategy": "SpotWithPriceLimit", "spotPriceLimit": 9.5},
        {"instanceType": "ecs.ebmgn8v.48xlarge", "systemImageId": "m-uefi"},
        {"extraEngineArgs": ['--hf-overrides={"a": 1}', "--max-num-seqs", "64", "--trust-remote-code"]},
        {"model": "Qwen/Qwen3-32B", "instanceType": "ecs.gn7i-2x.8xlarge", "allowUnfit": True},
        MINE,
        {
            "model": "Qwen/QwQ-32B",
            "instanceType": "ecs.gn8v-8x.48xlarge",
            "modelMaxContext": 131072,
            "maxModelLen": 131072,
        },
    ],
)
def test_accepted(change: dict[str, object]) -> None:
    """Every way of using a thing, given as a whole, passes."""
    assert SingleEcsLlmArgs.from_config(GOOD | change).plan.max_model_len > 0


def test_a_parser_can_be_turned_off() -> None:
    """An empty name leaves the flags out, those of tool calls too."""
    args = SingleEcsLlmArgs.from_config(GOOD | {"modelReasoningParser": "", "modelToolParser": ""})

    assert "--kv-cache-dtype auto" == " ".join(args.node_argv(0)[-2:])


def test_a_model_by_its_numbers() -> None:
    """The numbers make a row; parsers are taken in the chosen engine's spelling."""
    args = SingleEcsLlmArgs.from_config(GOOD | MINE | {"modelReasoningParser": "qwen3", "modelToolParser": "hermes"})

    assert ("team/mine", 8 * 2**30, 8192) == (args.weights_model, args.model_row.weights_bytes, args.plan.max_model_len)
    assert ["--reasoning-parser", "qwen3", "--tool-call-parser", "hermes", "--enable-auto-tool-choice"] == (
        args.node_argv(0)[-5:]
    )
