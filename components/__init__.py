"""
LLM endpoints on Alibaba Cloud as Pulumi components.

Names are resolved on first use, so a stack imports only what its own components need.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from components.acs_cluster import AcsLlmCluster as AcsLlmCluster
    from components.args import AcsLlmClusterArgs as AcsLlmClusterArgs
    from components.args import ArgsError as ArgsError
    from components.args import DualEcsRayLlmArgs as DualEcsRayLlmArgs
    from components.args import SingleEcsLlmArgs as SingleEcsLlmArgs
    from components.dual_ecs_ray import DualEcsRayLlm as DualEcsRayLlm
    from components.single_ecs import SingleEcsLlm as SingleEcsLlm

_HOMES = {
    "AcsLlmCluster": "components.acs_cluster",
    "AcsLlmClusterArgs": "components.args",
    "ArgsError": "components.args",
    "DualEcsRayLlm": "components.dual_ecs_ray",
    "DualEcsRayLlmArgs": "components.args",
    "SingleEcsLlm": "components.single_ecs",
    "SingleEcsLlmArgs": "components.args",
}

__all__ = [
    "AcsLlmCluster",
    "AcsLlmClusterArgs",
    "ArgsError",
    "DualEcsRayLlm",
    "DualEcsRayLlmArgs",
    "SingleEcsLlm",
    "SingleEcsLlmArgs",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name not in _HOMES:
        raise AttributeError(f"module 'components' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
