"""From a stack's config to the one component it names."""

import json
from collections.abc import Callable, Iterator, Mapping

import pulumi
from pulumi.runtime.config import CONFIG, is_config_secret

import components
from components import catalog
from components.args import ArgsError
from components.endpoint import Endpoint

TOPOLOGIES = {"single-ecs": "SingleEcsLlm", "dual-ecs-ray": "DualEcsRayLlm", "acs-cluster": "AcsLlmCluster"}
"""The component of each topology."""

_SECRETS = ("apiKey", "kubeconfig")
"""Arguments that a stack's config keeps by themselves, so that they can be encrypted there."""

_KEYS = ("topology", "args", *_SECRETS)
"""Everything a stack's config may say."""

_HIDDEN = (*_SECRETS, "tlsPrivateKey")
"""What must not stand in a repository."""


def load(config: pulumi.Config) -> Callable[[], Endpoint]:
    """
    Import the one component that *config* names, and return the function that creates it from the rest of *config*.

    Raises:
        ArgsError: A key that means nothing, or no such topology; the function raises it for the arguments.
    """
    unknown = list(_unknown(config.name))
    if unknown:
        raise ArgsError("config", unknown)
    topology = config.get("topology")
    if topology not in TOPOLOGIES:
        raise ArgsError("llm:topology", [f"{topology!r} is none of {', '.join(TOPOLOGIES)}."])
    name = TOPOLOGIES[topology]
    # By name: a stack imports only the component it uses.
    component, args = getattr(components, name), getattr(components, f"{name}Args")
    return lambda: component("llm", args.from_config(_arguments(config)))


def _unknown(namespace: str) -> Iterator[str]:
    """Yield what is wrong with the names in a stack's config: one that is misspelt would go unnoticed."""
    known = [f"{namespace}:{name}" for name in _KEYS]
    # pulumi.Config returns what it is asked for, and lists nothing.
    for key in sorted(CONFIG.get()):
        if key.startswith(f"{namespace}:") and key not in known:
            way_out = f" The keys are {', '.join(known)}; arguments stand below {namespace}:args."
            yield f"{key}: no such key.{catalog.nearest(key, known) or way_out}"


def _arguments(config: pulumi.Config) -> object:
    # get, not get_object: the plain values must be checked before any resource exists.
    text = config.get("args") or "{}"
    try:
        arguments = json.loads(text)
    except ValueError:
        arguments = text
    if not isinstance(arguments, dict):
        # The arguments' own class says what is wrong with it.
        return arguments
    for key, how in _in_plain_text(config, arguments):
        pulumi.log.warn(f"{key}: stands in plain text in the stack file. Encrypt it: pulumi config set --secret {how}")
    given = {name: config.get(name) for name in _SECRETS}
    return arguments | {name: value for name, value in given.items() if value is not None}


def _in_plain_text(config: pulumi.Config, arguments: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield where a secret is that everybody who reads the stack file reads, and what encrypts it."""
    for name in _HIDDEN:
        alone, inside = config.full_key(name), f"{config.full_key('args')}.{name}"
        if config.get(name) and not is_config_secret(alone):
            yield alone, alone
        if arguments.get(name) and not is_config_secret(config.full_key("args")):
            yield inside, f"--path {inside}"
