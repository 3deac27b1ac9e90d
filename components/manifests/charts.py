"""What the Helm charts that need more than their defaults are told."""

from components.args import AcsLlmClusterArgs
from components.manifests.base import Manifest


def fluid_values(args: AcsLlmClusterArgs) -> Manifest:
    """
    Return the values for ack-fluid on an ACS cluster.

    Source: the ROS templates of 2025-04 that `components/catalog/charts.toml` names.
    """
    return {
        "region": args.region,
        "cluster_profile": "ManagedKubernetes",
        "clusterProfileforApp": "Acs",
        "pullImageByVPCNetwork": True,
    }
