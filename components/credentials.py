"""What only the machines may read: the API key, the TLS pair and Ray's token, as OOS secret parameters."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import pulumi
import pulumi_alicloud as alicloud
import pulumi_random as random

from components.args import EcsLlmArgs
from components.names import Name

_GENERATED_LENGTH = 48

KEY = "LLM_KEY_PARAMETER"
TLS_CERTIFICATE = "LLM_TLS_CERTIFICATE_PARAMETER"
TLS_KEY = "LLM_TLS_KEY_PARAMETER"
RAY_TOKEN = "LLM_RAY_TOKEN_PARAMETER"  # noqa: S105 - the name of a setting
"""Settings that name a secret parameter."""

_LOGICAL = {KEY: "api-key", TLS_CERTIFICATE: "tls-certificate", TLS_KEY: "tls-key", RAY_TOKEN: "ray-token"}

if TYPE_CHECKING:
    from components.args import LlmArgs


@dataclasses.dataclass(frozen=True)
class Credentials:
    """The endpoint's secrets, and where its machines find them."""

    api_key: pulumi.Output[str]
    """Secret; what a client sends as ``Authorization: Bearer``."""
    parameters: Mapping[str, alicloud.oos.SecretParameter]
    """Where a machine fetches them, by the setting that names the parameter."""
    edition: pulumi.Output[str]
    """Another text whenever a secret changes; tells nothing about them."""


def parameter_names(name: Name, args: EcsLlmArgs, *, ray: bool = False) -> dict[str, str]:
    """Return the settings that name the secret parameters; empty where the secret is not used."""
    used = {KEY: True, TLS_CERTIFICATE: args.tls, TLS_KEY: args.tls, RAY_TOKEN: ray}
    return {setting: f"llm-{name.physical}-{_LOGICAL[setting]}" if wanted else "" for setting, wanted in used.items()}


def credentials(name: Name, args: EcsLlmArgs, names: Mapping[str, str], opts: pulumi.ResourceOptions) -> Credentials:
    """Return the secrets of *args* under *names*, generating those that nobody gave."""
    key = api_key(name, args, opts)
    values: dict[str, pulumi.Input[str] | None] = {
        KEY: key,
        TLS_CERTIFICATE: args.tls_certificate,
        TLS_KEY: args.tls_private_key,
        RAY_TOKEN: _generated(f"{name}-generated-ray-token", opts) if names[RAY_TOKEN] else None,
    }
    parameters = {
        setting: alicloud.oos.SecretParameter(
            f"{name}-{_LOGICAL[setting]}",
            secret_parameter_name=names[setting],
            value=pulumi.Output.secret(value),
            tags=args.tags,
            opts=opts,
        )
        for setting, value in values.items()
        if value is not None
    }
    return Credentials(key, parameters, edition(name, [parameter.value for parameter in parameters.values()], opts))


def edition(name: Name, secrets: Iterable[pulumi.Input[str]], opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """Return a text that is another one whenever a secret changes, and tells nothing about them."""
    # The engine does not compare a secret replacement trigger with the one in its state; a keeper it does.
    keepers = {str(number): secret for number, secret in enumerate(secrets)}
    return random.RandomId(f"{name}-secrets-edition", byte_length=4, keepers=keepers, opts=opts).hex


def api_key(name: Name, args: "LlmArgs", opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """Return the key that was given, or one generated once; a secret."""
    if args.api_key is not None:
        return pulumi.Output.secret(args.api_key)
    return _generated(f"{name}-generated-key", opts)


def _generated(logical: str, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    return random.RandomPassword(logical, length=_GENERATED_LENGTH, special=False, opts=opts).result
