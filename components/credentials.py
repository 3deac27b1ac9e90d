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
    parameters: dict[str, alicloud.oos.SecretParameter]
    """Settings name to the parameter whose name it holds."""


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
    values = {
        "LLM_KEY_PARAMETER": api_key,
        "LLM_TLS_CERTIFICATE_PARAMETER": args.tls_certificate,
        "LLM_TLS_KEY_PARAMETER": args.tls_private_key,
    }
    parameters = {
        setting: alicloud.oos.SecretParameter(
            f"{name}-{setting.removeprefix('LLM_').removesuffix('_PARAMETER').lower().replace('_', '-')}",
            secret_parameter_name=parameter,
            value=pulumi.Output.secret(values[setting]),
            tags=args.tags,
            opts=opts,
        )
        for setting, parameter in parameter_names(name, args).items()
        if parameter
    }
    return Credentials(api_key, parameters)


def _api_key(name: str, args: SingleEcsLlmArgs, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    if args.api_key is not None:
        return pulumi.Output.secret(args.api_key)
    return random.RandomPassword(f"{name}-generated-key", length=_KEY_LENGTH, special=False, opts=opts).result
