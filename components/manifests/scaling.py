"""More replicas while requests wait, fewer when none do."""

from components.args import AcsLlmClusterArgs
from components.manifests.base import NAME, Manifest, metadata, workload

_LONGEST_WINDOW_SECONDS = 3600
"""Source: HPAScalingRules of https://kubernetes.io/docs/reference/kubernetes-api/, 2026-11-21."""

_WAITING = {"vllm": "vllm:num_requests_waiting", "sglang": "sglang:num_queue_reqs"}
"""
The engine's counter of requests that wait.

Source: GitHub vllm-project/production-stack helm/templates/scaledobject-vllm.yaml, and the engines' own `/metrics`.
"""


def autoscaler(args: AcsLlmClusterArgs) -> Manifest:
    """Return what sets the number of replicas: the cluster's own autoscaler, or KEDA's."""
    return {"hpa": _hpa, "keda": _keda}[args.autoscaler](args)


def _hpa(args: AcsLlmClusterArgs) -> Manifest:
    # The metrics API has no colons: the Prometheus adapter offers the counter under this name.
    metric = {"name": _WAITING[args.engine].replace(":", "_")}
    target = {"type": "AverageValue", "averageValue": str(args.queue_target)}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": metadata(args, "engine"),
        "spec": {
            "scaleTargetRef": {**workload(args), "name": NAME},
            "minReplicas": args.replicas,
            "maxReplicas": args.max_replicas,
            "metrics": [{"type": "Pods", "pods": {"metric": metric, "target": target}}],
            "behavior": _behavior(args),
        },
    }


def _keda(args: AcsLlmClusterArgs) -> Manifest:
    pods = f'namespace="{args.namespace}",pod=~"{NAME}-.*"'
    trigger = {
        "serverAddress": args.prometheus_url,
        "query": f"sum({_WAITING[args.engine]}{{{pods}}})",
        "threshold": str(args.queue_target),
    }
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": metadata(args, "engine"),
        "spec": {
            "scaleTargetRef": {**workload(args), "name": NAME},
            "minReplicaCount": args.replicas,
            "maxReplicaCount": args.max_replicas,
            "advanced": {"horizontalPodAutoscalerConfig": {"behavior": _behavior(args)}},
            "triggers": [{"type": "prometheus", "metadata": trigger}],
        },
    }


def _behavior(args: AcsLlmClusterArgs) -> Manifest:
    """Return that a replica goes only when it was not missed for as long as its return would take."""
    window = min(_LONGEST_WINDOW_SECONDS, args.startup_minutes * 60)
    return {"scaleDown": {"stabilizationWindowSeconds": window}}
