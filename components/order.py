"""Options of a resource that waits for others."""

from collections.abc import Iterable

import pulumi


def after(opts: pulumi.ResourceOptions, before: Iterable[pulumi.Resource]) -> pulumi.ResourceOptions:
    """Return *opts* of a resource that comes once everything in *before* is there."""
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=list(before)))
