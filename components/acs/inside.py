"""Putting objects into the cluster, each a child of the endpoint's component."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import pulumi

from components import catalog
from components.acs.cluster import Cluster
from components.acs.objects import Object
from components.args import AcsLlmClusterArgs
from components.catalog import Chart
from components.names import Name
from components.order import after

_MARGIN_SECONDS = 300
"""What the provider gets on top of a Job's own limit, so that the Job speaks first."""


@dataclasses.dataclass(frozen=True)
class Inside:
    """Where in which cluster the objects of one endpoint go."""

    name: Name
    args: AcsLlmClusterArgs
    opts: pulumi.ResourceOptions

    @classmethod
    def of(cls, name: Name, args: AcsLlmClusterArgs, home: Cluster, parent: pulumi.Resource) -> "Inside":
        """Return the place of the endpoint *name*; what is in a cluster made here is not deleted one by one."""
        return cls(name, args, pulumi.ResourceOptions(parent=parent, provider=home.provider, deleted_with=home.own))

    def put(
        self,
        noun: str,
        manifest: Mapping[str, Any],
        before: Iterable[pulumi.Resource] = (),
        more: pulumi.ResourceOptions | None = None,
    ) -> Object:
        """Put *manifest* there once everything in *before* is."""
        opts = after(self.opts, before)
        return Object(f"{self.name}-{noun}", manifest, pulumi.ResourceOptions.merge(opts, more))

    def run(
        self, noun: str, manifest: Mapping[str, Any], minutes: int, before: Iterable[pulumi.Resource] = ()
    ) -> Object:
        """Run a Job, which ends by itself after *minutes*, and wait for that."""
        limit = f"{minutes * 60 + _MARGIN_SECONDS}s"
        timeouts = pulumi.CustomTimeouts(create=limit, update=limit)
        return self.put(noun, manifest, before, pulumi.ResourceOptions(custom_timeouts=timeouts))

    def install(self, chart: str, values: Mapping[str, Any]) -> pulumi.CustomResource:
        """Install a Helm chart of the catalog with *values*."""
        row = catalog.find(Chart, chart)
        release = {
            "name": row.name,
            "chart": row.url,
            "namespace": row.namespace,
            "createNamespace": True,
            "values": dict(values),
            # As the SDK's own class sends it.
            "compat": "true",
        }
        return pulumi.CustomResource("kubernetes:helm.sh/v3:Release", f"{self.name}-{chart}", release, self.opts)
