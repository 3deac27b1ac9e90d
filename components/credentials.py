"""What only the machine may read: the API key and the TLS pair, as OOS secret parameters."""

import dataclasses

import pulumi
import pulumi_alicloud as alicloud
import pulumi_random as random

from components.args import SingleEcsLlmArgs
from components.names import physical_name

_KEY_LENGTH = 48


@dataclasses.dataclass(frozen=True)
class Credentials:
    """The endpoint's secrets, and where the machine finds them."""

    api_key: pulumi.Output[str]
    """Secret; what a client sends as ``Authorization: Bearer``."""
    parameters: tuple[alicloud.oos.SecretParameter, ...]
    """Where the machine fetches them."""
    edition: pulumi.Output[str]
    """Another text whenever a secret changes; tells nothing about them."""


def parameter_names(name: str, args: SingleEcsLlmArgs) -> dict[str, str]:
    """Return the settings that name the secret parameters; empty where the secret is not used."""
    base = f"llm-{physical_name(name)}"
    return {
        "LLM_KEY_PARAMETER": f"{base}-api-key",
        "LLM_TLS_CERTIFICATE_PARAMETER": f"{base}-tls-certificate" if args.tls else "",
        "LLM_TLS_KEY_PARAMETER": f"{base}-tls-key" if args.tls else "",
    }


def credentials(name: str, args: SingleEcsLlmArgs, opts: pulumi.ResourceOptions) -> Credentials:
    """Return the secrets of *args*, generating the API key when none is given."""
    api_key = _api_key(name, args, opts)
    names = parameter_names(name, args)
    parameters = [_parameter(f"{name}-api-key", names["LLM_KEY_PARAMETER"], api_key, args, opts)]
    if args.tls_certificate is not None and args.tls_private_key is not None:
        pair = {"CERTIFICATE": args.tls_certificate, "KEY": args.tls_private_key}
        for part, value in pair.items():
            setting = names[f"LLM_TLS_{part}_PARAMETER"]
            parameters.append(_parameter(f"{name}-tls-{part.lower()}", setting, value, args, opts))
    return Credentials(api_key, tuple(parameters), _edition(name, parameters, opts))


def _edition(
    name: str, parameters: list[alicloud.oos.SecretParameter], opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    # The engine does not compare a secret replacement trigger with the one in its state; a keeper it does.
    keepers = {str(number): parameter.value for number, parameter in enumerate(parameters)}
    return random.RandomId(f"{name}-secrets-edition", byte_length=4, keepers=keepers, opts=opts).hex


def _parameter(
    logical: str,
    physical: str,
    value: pulumi.Input[str],
    args: SingleEcsLlmArgs,
    opts: pulumi.ResourceOptions,
) -> alicloud.oos.SecretParameter:
    return alicloud.oos.SecretParameter(
        logical, secret_parameter_name=physical, value=pulumi.Output.secret(value), tags=args.tags, opts=opts
    )


def _api_key(name: str, args: SingleEcsLlmArgs, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    if args.api_key is not None:
        return pulumi.Output.secret(args.api_key)
    return random.RandomPassword(f"{name}-generated-key", length=_KEY_LENGTH, special=False, opts=opts).result
