"""
Everything a user may set, checked before any resource exists; the only home of defaults.

The arguments of one component are imported on first use, so a preview loads only its own.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from components.args.base import Args, ResourceId
from components.args.ecs import EcsLlmArgs
from components.args.errors import ArgsError
from components.args.table import argument_table

if TYPE_CHECKING:
    from components.args.acs_cluster import AcsLlmClusterArgs as AcsLlmClusterArgs
    from components.args.dual_ecs_ray import DualEcsRayLlmArgs as DualEcsRayLlmArgs
    from components.args.single_ecs import SingleEcsLlmArgs as SingleEcsLlmArgs

    LlmArgs = AcsLlmClusterArgs | EcsLlmArgs

_HOMES = {
    "AcsLlmClusterArgs": "components.args.acs_cluster",
    "DualEcsRayLlmArgs": "components.args.dual_ecs_ray",
    "SingleEcsLlmArgs": "components.args.single_ecs",
}

__all__ = [
    "AcsLlmClusterArgs",
    "Args",
    "ArgsError",
    "DualEcsRayLlmArgs",
    "EcsLlmArgs",
    "ResourceId",
    "SingleEcsLlmArgs",
    "argument_table",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name not in _HOMES:
        raise AttributeError(f"module 'components.args' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
