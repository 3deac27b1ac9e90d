"""A Kubernetes object as a Pulumi resource, from its manifest."""

from collections.abc import Mapping
from typing import Any

import pulumi


class Object(pulumi.CustomResource):
    """
    One object of a cluster.

    Registered by its token and not through the SDK's class for its kind: importing those takes longer than a preview.
    """

    status: pulumi.Output[Any]
    """What the cluster says of it."""

    def __init__(self, logical: str, manifest: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        """Register *manifest*, whose leaves may be Outputs."""
        super().__init__(token(manifest), logical, {**manifest, "status": None}, opts)


def token(manifest: Mapping[str, Any]) -> str:
    """Return the type by which the provider knows the object, such as ``kubernetes:core/v1:Service``."""
    version: str = manifest["apiVersion"]
    return f"kubernetes:{version if '/' in version else f'core/{version}'}:{manifest['kind']}"
