"""From a stack's config to the one component it names."""

import json
from typing import Any

import pulumi

from components.args import ArgsError, SingleEcsLlmArgs
from components.single_ecs import SingleEcsLlm

TOPOLOGIES = ("single-ecs", "dual-ecs-ray", "acs-cluster")


def build(config: pulumi.Config) -> SingleEcsLlm:
    """
    Return the component that *config* describes.

    Raises:
        ArgsError: The topology or any argument is not usable; every problem is named at once.
    """
    topology = config.get("topology")
    if topology not in TOPOLOGIES:
        raise ArgsError("llm:topology", [f"{topology!r} is none of {', '.join(TOPOLOGIES)}."])
    if topology != "single-ecs":
        raise ArgsError("llm:topology", [f"'{topology}' is not part of this version yet; use 'single-ecs'."])
    return SingleEcsLlm("llm", SingleEcsLlmArgs.from_config(_arguments(config)))


def _arguments(config: pulumi.Config) -> dict[str, Any]:
    # get, not get_object: the plain values must be checked before any resource exists.
    arguments: dict[str, Any] = json.loads(config.get("args") or "{}")
    key = config.get("apiKey")
    return arguments if key is None else arguments | {"apiKey": key}
