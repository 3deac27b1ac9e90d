"""The resources of `SingleEcsLlm`: what is bought, how it is locked, what an update replaces."""

import json
from collections.abc import Callable

import pulumi
import pytest

from components import SingleEcsLlm, SingleEcsLlmArgs
from tests.preview import Preview

SENTINEL = "sentinel-key-0123456789abcdef"
PRIVATE = {
    "llm",
    "llm-allow-10-0-0-0-16",
    "llm-api-key",
    "llm-generated-key",
    "llm-instance",
    "llm-nat",
    "llm-nat-eip",
    "llm-nat-eip-association",
    "llm-policy",
    "llm-ready",
    "llm-ready-command",
    "llm-role",
    "llm-role-attachment",
    "llm-role-policy",
    "llm-secrets-edition",
    "llm-security-group",
    "llm-snat",
    "llm-vpc",
    "llm-vswitch",
    "llm-weights",
    "llm-weights-attachment",
}
NAT = {"llm-nat", "llm-nat-eip", "llm-nat-eip-association", "llm-snat"}
EIP = {"llm-eip", "llm-eip-association", "llm-allow-203-0-113-0-24"}
IN_REGION = {
    "weights_source": "oss",
    "oss_bucket": "acme-models",
    "engine_image": "acme-registry-vpc.cn-hangzhou.cr.aliyuncs.com/llm/vllm-openai:v0.32.0",
    "gate_image": "acme-registry-vpc.cn-hangzhou.cr.aliyuncs.com/llm/caddy:2.11.7",
}
OWN = {
    "vpc_id": "vpc-1",
    "vswitch_id": "vsw-1",
    "security_group_id": "sg-1",
    "private_allowed_cidrs": ("172.16.0.0/12",),
}


def pem(label: str) -> str:
    """Return a PEM block of *label* that holds nothing."""
    return f"-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n"


def endpoint(**given: object) -> Callable[[], SingleEcsLlm]:
    """Return a program with one endpoint."""
    return lambda: SingleEcsLlm("llm", SingleEcsLlmArgs.from_config({"zone_id": "cn-hangzhou-i"} | given))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, PRIVATE),
        ({"public_allowed_cidrs": ("203.0.113.0/24",)}, PRIVATE - NAT | EIP),
        (IN_REGION, PRIVATE - NAT),
        (IN_REGION | {"create_nat_gateway": True}, PRIVATE),
        ({"create_nat_gateway": False}, PRIVATE - NAT),
        ({"api_key": SENTINEL}, PRIVATE - {"llm-generated-key"}),
        (
            OWN,
            PRIVATE - NAT - {"llm-vpc", "llm-vswitch", "llm-security-group", "llm-allow-10-0-0-0-16"}
            | {"llm-allow-172-16-0-0-12"},
        ),
        (
            {"tls_certificate": pem("CERTIFICATE"), "tls_private_key": pem("PRIVATE KEY")},
            PRIVATE | {"llm-tls-certificate", "llm-tls-key"},
        ),
    ],
)
def test_only_what_is_needed_is_created(preview: Preview, given: dict[str, object], expected: set[str]) -> None:
    """Every resource is there for a reason: an EIP for the public, a NAT gateway for the boot's downloads."""
    seen = preview(endpoint(**given))

    assert seen.said.startswith("llm: ")
    assert expected | {"llm-dev"} == set(seen.resources)


def test_the_machine_is_locked(preview: Preview) -> None:
    """Disks are encrypted, metadata needs a token, and there is neither password nor key pair nor public address."""
    machine = preview(endpoint()).inputs("llm-instance")

    assert machine["systemDiskEncrypted"] is True
    assert ("enabled", "required") == (machine["httpEndpoint"], machine["httpTokens"])
    assert not {"password", "keyName", "internetMaxBandwidthOut", "dataDisks"} & {
        name for name, value in machine.items() if value
    }


def test_only_the_endpoints_port_is_open(preview: Preview) -> None:
    """The one rule opens the endpoint's port to the VPC, and members of the group do not trust each other."""
    seen = preview(endpoint(port=8443))
    rule = seen.inputs("llm-allow-10-0-0-0-16")

    assert ("ingress", "tcp", "8443/8443", "10.0.0.0/16") == (
        rule["type"],
        rule["ipProtocol"],
        rule["portRange"],
        rule["cidrIp"],
    )
    assert seen.inputs("llm-security-group")["innerAccessPolicy"] == "Drop"


def test_the_weights_disk_outlives_the_machine(preview: Preview) -> None:
    """The disk for the weights is encrypted, its own resource, and not deleted with the instance."""
    disk = preview(endpoint()).inputs("llm-weights")

    assert (True, False, "cloud_essd", 100) == (
        disk["encrypted"],
        disk["deleteWithInstance"],
        disk["category"],
        disk["size"],
    )


def test_a_new_boot_means_a_new_machine(preview: Preview) -> None:
    """User data and image replace the instance, the old one first: disk and EIP belong to one at a time."""
    options = preview(endpoint()).options("llm-instance")

    assert ["userData", "imageId"] == list(options.replaceOnChanges)
    assert options.deleteBeforeReplace
    assert options.customTimeouts.create == "30m"


def test_a_failed_wait_is_tried_again_by_the_next_up(preview: Preview) -> None:
    """The readiness run is replaced whenever anything about it changed, its own failure included."""
    options = preview(endpoint(ready_timeout_minutes=20)).options("llm-ready")

    assert ["*"] == list(options.replaceOnChanges)
    assert options.retainOnDelete
    assert options.customTimeouts.create == "1800s"
    assert len(options.hooks.on_error) == 1


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ("llm-instance", {"llm-role-policy", "llm-api-key", "llm-snat"}),
        ("llm-ready", {"llm-weights-attachment", "llm-role-attachment", "llm-allow-10-0-0-0-16"}),
    ],
)
def test_nothing_starts_too_early(preview: Preview, resource: str, expected: set[str]) -> None:
    """The machine boots when its secrets can be read, and `up` looks for an answer when all is joined to it."""
    names = {urn.split("::")[-1] for urn in preview(endpoint()).options(resource).dependencies}

    assert expected <= names


def test_no_secret_outside_a_secret(preview: Preview) -> None:
    """A given key is in the inputs of two resources only, marked secret, and never in user data or messages."""
    seen = preview(endpoint(api_key=SENTINEL))
    holders = {name for name, one in seen.resources.items() if SENTINEL in str(one.inputs)}

    assert {"llm-api-key", "llm-secrets-edition"} == holders
    assert "value" in seen.resources["llm-api-key"].secret
    assert "keepers" in seen.resources["llm-secrets-edition"].secret
    assert SENTINEL not in seen.said


def test_the_boot_may_read_its_own_secrets_only(preview: Preview) -> None:
    """The instance's role reaches the parameters of this endpoint, and the bucket's prefix when there is one."""
    policy = json.loads(str(preview(endpoint(**IN_REGION)).inputs("llm-policy")["policyDocument"]))

    assert [
        (["oos:GetSecretParameter"], ["acs:oos:cn-hangzhou:*:secretparameter/llm-llm-dev-llm-api-key"]),
        (["kms:GetSecretValue"], ["acs:kms:cn-hangzhou:*:secret/*"]),
        (["oss:GetObject"], ["acs:oss:*:*:acme-models/Qwen/Qwen3-8B/*"]),
        (["oss:ListObjects"], ["acs:oss:*:*:acme-models"]),
    ] == [(one["Action"], one["Resource"]) for one in policy["Statement"]]


def test_two_in_one_stack_do_not_clash(preview: Preview) -> None:
    """Two endpoints with different names share no resource and no name in the account."""

    def program() -> None:
        for name in ("chat", "code"):
            SingleEcsLlm(name, SingleEcsLlmArgs(zone_id="cn-hangzhou-i"))

    seen = preview(program)
    names = [one.inputs.get(key) for one in seen.resources.values() for key in ("roleName", "secretParameterName")]

    assert seen.good, seen.said
    assert len(set(filter(None, names))) == 4


def test_the_zone_lies_in_the_providers_region(preview: Preview) -> None:
    """A zone of another region than the provider's is refused before any resource."""
    seen = preview(endpoint(zone_id="cn-beijing-h"))

    assert seen.said == (
        "SingleEcsLlm: 1 argument rejected\n"
        "  zoneId: 'cn-beijing-h' lies in cn-beijing, and alicloud:region is 'cn-hangzhou'. "
        "Give a zone of that region, or change the region."
    )
    assert {"llm-dev"} == set(seen.resources)


def test_user_data_over_the_limit_is_refused_first(preview: Preview) -> None:
    """Engine arguments that do not fit into user data are refused before any resource, with both sizes."""
    seen = preview(endpoint(extra_engine_args=["--hf-overrides", "x" * 32_768]))

    assert seen.said.startswith("SingleEcsLlm: 1 argument rejected\n  extraEngineArgs: user data: ")
    assert "bytes, ECS accepts 32768." in seen.said
    assert {"llm-dev"} == set(seen.resources)


def test_options_of_the_component_reach_its_children(preview: Preview) -> None:
    """Every child has the component as its ancestor, so `protect` and providers are passed on."""

    def program() -> None:
        opts = pulumi.ResourceOptions(protect=True)
        SingleEcsLlm("llm", SingleEcsLlmArgs(zone_id="cn-hangzhou-i"), opts)

    seen = preview(program)
    children = {name for name, one in seen.resources.items() if one.parent == seen.resources["llm"].urn}

    assert PRIVATE - {"llm"} == children
