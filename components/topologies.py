"""From a stack's config to the one component it names."""

import json
from typing import Any

import pulumi

import components
from components.args import ArgsError
from components.endpoint import Endpoint

TOPOLOGIES = {"single-ecs": "SingleEcsLlm", "dual-ecs-ray": "DualEcsRayLlm", "acs-cluster": None}
"""The component of each topology; None: not built yet."""


def build(config: pulumi.Config) -> Endpoint:
    """
    Return the component that *config* describes.

    Raises:
        ArgsError: The topology or any argument is not usable; every problem is named at once.
    """
    topology = config.get("topology")
    if topology not in TOPOLOGIES:
        raise ArgsError("llm:topology", [f"{topology!r} is none of {', '.join(TOPOLOGIES)}."])
    name = TOPOLOGIES[topology]
    if name is None:
        ready = ", ".join(repr(other) for other, component in TOPOLOGIES.items() if component)
        raise ArgsError("llm:topology", [f"{topology!r} is not part of this version yet; use one of {ready}."])
    # By name: a stack imports only the component it uses.
    component, args = getattr(components, name), getattr(components, f"{name}Args")
    built: Endpoint = component("llm", args.from_config(_arguments(config)))
    return built


def _arguments(config: pulumi.Config) -> dict[str, Any]:
    # get, not get_object: the plain values must be checked before any resource exists.
    arguments: dict[str, Any] = json.loads(config.get("args") or "{}")
    key = config.get("apiKey")
    return arguments if key is None else arguments | {"apiKey": key}
