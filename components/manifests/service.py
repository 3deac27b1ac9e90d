"""Where the endpoint is reached: a load balancer inside the VPC, and one on the internet when that is asked for."""

from components.args import AcsLlmClusterArgs
from components.manifests.base import NAME, Later, Manifest, answering, labels, metadata

_PREFIX = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
"""
Source of the names and their values: GitHub kubernetes/cloud-provider-alibaba-cloud
pkg/controller/service/{reconcile/annotation/annotations.go,clbv1/listeners.go} @eeb0ddc6, 2026-04-10.
"""

_LONGEST_SECONDS = "900"
"""Longest time a classic load balancer keeps a silent connection, or one to a pod that goes: a stream may pause."""


def service(args: AcsLlmClusterArgs, acl_id: Later, *, public: bool) -> Manifest:
    """Return the Service that leads those in the access control list *acl_id*, and nobody else, to the gates."""
    settings = {
        "address-type": "internet" if public else "intranet",
        "acl-status": "on",
        "acl-type": "white",
        "acl-id": acl_id,
        "established-timeout": _LONGEST_SECONDS,
        "connection-drain": "on",
        "connection-drain-timeout": _LONGEST_SECONDS,
    }
    meta = metadata(args, "engine", f"{NAME}-public" if public else NAME)
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {**meta, "annotations": {_PREFIX + key: value for key, value in settings.items()}},
        "spec": {
            "type": "LoadBalancer",
            "ports": [{"name": "http", "port": args.port, "targetPort": "http", "protocol": "TCP"}],
            "selector": labels(answering(args)),
        },
    }
