"""Single values: what is refused, in the words a user reads."""

import pulumi
import pytest

from components.args import ArgsError, SingleEcsLlmArgs
from components.args.values import region_of

GOOD: dict[str, object] = {"zoneId": "cn-hangzhou-h"}


def rejected(change: dict[str, object]) -> list[str]:
    """Return the problems of the good arguments with *change*."""
    with pytest.raises(ArgsError) as error:
        SingleEcsLlmArgs.from_config(GOOD | change)
    return list(error.value.problems)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "no spaces please"}, "model: 'no spaces please' is not a model id such as 'Qwen/Qwen3-8B'."),
        ({"model": 8}, "model: 8 is not text. Put it in quotes."),
        ({"engine": "vlm"}, "engine: 'vlm' is none of vllm, sglang. Did you mean 'vllm'?"),
        ({"engine": "tgi-x"}, "engine: 'tgi-x' is none of vllm, sglang."),
        (
            {"instanceType": "ecs.gn7i-c8g1.2xlrge"},
            "instanceType: 'ecs.gn7i-c8g1.2xlrge' is not in the catalog. Did you mean 'ecs.gn7i-c8g1.2xlarge'?",
        ),
        (
            {"servedModelName": "a/b/c"},
            "servedModelName: 'a/b/c' is not letters, digits, . _ : @ + - and at most one /.",
        ),
        ({"maxModelLen": "long"}, "maxModelLen: 'long' is not a whole number."),
        ({"maxModelLen": 4096.5}, "maxModelLen: 4096.5 is not a whole number."),
        ({"tensorParallel": True}, "tensorParallel: true is not a number."),
        ({"maxModelLen": 0}, "maxModelLen: 0 is not within 1 to 1000000000."),
        ({"gpuMemoryUtilization": 1}, "gpuMemoryUtilization: 1.0 is not within 0.1 to 0.99."),
        ({"gpuMemoryUtilization": "most"}, "gpuMemoryUtilization: 'most' is not a number."),
        ({"allowUnfit": "perhaps"}, "allowUnfit: 'perhaps' is neither true nor false."),
        ({"extraEngineArgs": "--enforce-eager"}, "extraEngineArgs: '--enforce-eager' is not a list."),
        ({"extraEngineArgs": [1]}, "extraEngineArgs.0: 1 is not text. Put it in quotes."),
        ({"tags": ["a"]}, "tags: ['a'] is not a map of names to values."),
        ({"tags": {"team": 1}}, "tags.team: 1 is not text. Put it in quotes."),
        ({"tags": {"acs:a": "b"}}, "tags: 'acs:a' may not begin with 'acs:' or 'aliyun', nor hold a URL."),
        ({"tags": {str(i): "" for i in range(21)}}, "tags: 21 tags. A resource carries at most 20."),
        (
            {"engineImage": "vllm/vllm-openai"},
            (
                "engineImage: 'vllm/vllm-openai' has no tag, so every boot could run another version. "
                "Add a tag or a digest."
            ),
        ),
        (
            {"gateImage": "Caddy 2"},
            "gateImage: 'Caddy 2' is not an image reference such as 'registry.example.com/team/vllm:v1.2.3'.",
        ),
        ({"zoneId": "hangzhou"}, "zoneId: 'hangzhou' is not a zone. A zone looks like 'cn-hangzhou-h'."),
        ({"zoneId": "cn-hangzhou"}, "zoneId: 'cn-hangzhou' is not a zone. That is a region: add the zone's letter."),
        (
            {"zoneId": "cn-hangzou-h"},
            "zoneId: 'cn-hangzou-h' is in no region of the catalog. Did you mean 'cn-hangzhou'?",
        ),
        ({"vpcCidr": "10.0.0.0"}, "vpcCidr: '10.0.0.0' has no prefix length. Did you mean '10.0.0.0/32'?"),
        (
            {"vpcCidr": "8.8.0.0/16"},
            "vpcCidr: '8.8.0.0/16' is not within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16, of size /8 to /28.",
        ),
        (
            {"port": 443},
            "port: 443 is not within 1024 to 65535. Ports below 1024 are the system's; the usual one is 8000.",
        ),
        (
            {"port": 40000},
            (
                "port: 40000 is one the machine uses itself, for outgoing connections (32768 to 60999). "
                "The usual one is 8000."
            ),
        ),
        (
            {"publicAllowedCidrs": ["10.0.0.1"]},
            "publicAllowedCidrs.0: '10.0.0.1' has no prefix length. Did you mean '10.0.0.1/32'?",
        ),
        (
            {"publicAllowedCidrs": ["203.0.113.0/24", "203.0.113.9/24"]},
            "publicAllowedCidrs.1: '203.0.113.9/24' names a host inside its network. Did you mean '203.0.113.0/24'?",
        ),
        (
            {"publicAllowedCidrs": ["2001:db8::/32"]},
            "publicAllowedCidrs.0: '2001:db8::/32' is IPv6, and the endpoint's address is IPv4. Give IPv4 networks.",
        ),
        (
            {"publicAllowedCidrs": ["office"]},
            "publicAllowedCidrs.0: 'office' is not a network such as '203.0.113.0/24'.",
        ),
        ({"vpcId": 5}, "vpcId: 5 is not text. Put it in quotes."),
        ({"ossBucket": "Bucket", "weightsSource": "oss"}, "ossBucket: 'Bucket' is not a bucket name."),
        ({"ossPrefix": "a b", "weightsSource": "oss", "ossBucket": "bucket"}, "ossPrefix: 'a b' is not a key prefix."),
        ({"weightsRevision": "a/b"}, "weightsRevision: 'a/b' is not a branch, tag or commit."),
        ({"systemImageId": "an image"}, "systemImageId: 'an image' is not an image id."),
        ({"systemDiskGib": 40}, "systemDiskGib: 40 is not within 100 to 2048."),
        (
            {"spotStrategy": "Spot"},
            "spotStrategy: 'Spot' is none of NoSpot, SpotAsPriceGo, SpotWithPriceLimit. Did you mean 'NoSpot'?",
        ),
    ],
)
def test_message(change: dict[str, object], message: str) -> None:
    """What, the value, and a way out."""
    assert [message] == rejected(change)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("", "apiKey: is empty. Leave it out to have one generated."),
        ("sesame", "apiKey: has 6 characters. Use 16 to 512."),
        ("s" * 513, "apiKey: has 513 characters. Use 16 to 512."),
        (
            "open-sesame-open-sesame\n",
            "apiKey: holds a space, a newline or another character that no HTTP header can carry. Remove it.",
        ),
        (
            "open\u00a0sesame open sesame",
            "apiKey: holds a space, a newline or another character that no HTTP header can carry. Remove it.",
        ),
        (
            "open-sesame'open-sesame",
            "apiKey: holds a character outside A-Z a-z 0-9 - . _ ~ + / (and = at the end). Use those of RFC 6750.",
        ),
        (31415926535897932384, "apiKey: the value is not text. Put it in quotes."),
    ],
)
def test_api_key_is_refused_without_being_repeated(key: object, message: str) -> None:
    """Whatever is wrong with a key, the message does not contain it."""
    assert [message] == rejected({"apiKey": key})


@pytest.mark.parametrize("key", ["open-sesame-12345", "A~b.c_d+e/f-1234==", pulumi.Output.from_input("x")])
def test_api_keys_that_pass(key: object) -> None:
    """Every character of RFC 6750, and an Output unseen."""
    args = SingleEcsLlmArgs.from_config(GOOD | {"apiKey": key})

    assert key is args.api_key
    assert str(key) not in repr(args)


@pytest.mark.parametrize(
    ("zone", "region"),
    [
        ("cn-hangzhou-h", "cn-hangzhou"),
        ("cn-shanghai-finance-1a", "cn-shanghai-finance-1"),
        ("ap-southeast-1a", "ap-southeast-1"),
        ("ap-southeast-8b", "ap-southeast-8"),
        ("me-central-1a", "me-central-1"),
        ("cn-guangzhou-b", "cn-guangzhou"),
    ],
)
def test_region_of_a_zone(zone: str, region: str) -> None:
    """Both shapes of zone names; a region newer than the catalog is taken as it is."""
    assert region == region_of(zone)


def test_a_value_that_must_be_known_may_not_be_an_output() -> None:
    """The plan is computed in preview, when an Output may not have a value yet."""
    unknown = pulumi.Output.from_input("Qwen/Qwen3-8B")
    why = "is an Output, and the plan and the checks in `preview` are computed from it. Give a plain value."

    assert [f"model: {why}", f"privateAllowedCidrs: {why}"] == rejected(
        {"model": unknown, "privateAllowedCidrs": [unknown], "vpcId": unknown, "vswitchId": unknown}
    )
