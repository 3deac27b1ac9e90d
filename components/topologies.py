"""From a stack's config to the one component it names."""

import json
from collections.abc import Callable
from typing import Any

import pulumi

import components
from components.args import ArgsError
from components.endpoint import Endpoint

TOPOLOGIES = {"single-ecs": "SingleEcsLlm", "dual-ecs-ray": "DualEcsRayLlm", "acs-cluster": "AcsLlmCluster"}
"""The component of each topology."""

_SECRETS = ("apiKey", "kubeconfig")
"""Arguments that a stack's config keeps by themselves, so that they can be encrypted there."""


def load(config: pulumi.Config) -> Callable[[], Endpoint]:
    """
    Import the one component that *config* names, and return the function that creates it from the rest of *config*.

    Raises:
        ArgsError: There is no such topology; the function raises it for the arguments, every problem named at once.
    """
    topology = config.get("topology")
    if topology not in TOPOLOGIES:
        raise ArgsError("llm:topology", [f"{topology!r} is none of {', '.join(TOPOLOGIES)}."])
    name = TOPOLOGIES[topology]
    # By name: a stack imports only the component it uses.
    component, args = getattr(components, name), getattr(components, f"{name}Args")
    return lambda: component("llm", args.from_config(_arguments(config)))


def _arguments(config: pulumi.Config) -> dict[str, Any]:
    # get, not get_object: the plain values must be checked before any resource exists.
    arguments: dict[str, Any] = json.loads(config.get("args") or "{}")
    given = {name: config.get(name) for name in _SECRETS}
    return arguments | {name: value for name, value in given.items() if value is not None}
