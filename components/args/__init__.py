"""Everything a user may set, checked before any resource exists; the only home of defaults."""

from components.args.acs_cluster import AcsLlmClusterArgs
from components.args.base import Args, ResourceId
from components.args.dual_ecs_ray import DualEcsRayLlmArgs
from components.args.ecs import EcsLlmArgs
from components.args.errors import ArgsError
from components.args.single_ecs import SingleEcsLlmArgs
from components.args.table import argument_table

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
