"""What keeps the serving pods running, and what keeps others from them."""

from components.args import AcsLlmClusterArgs
from components.manifests.base import GATE_PORT, METRICS_PORT, NAME, Later, Manifest, labels, metadata, workload
from components.manifests.pods import leader, worker

_UNAWAITED = {"pulumi.com/skipAwait": "true"}
"""The provider would wait without saying why; a Job waits instead, and does."""

_NEW_FIRST = {"maxSurge": 1, "maxUnavailable": 0}
"""A replica goes when its successor serves, which takes the GPUs of one more meanwhile."""

_SECURITY_GROUPS = "network.alibabacloud.com/security-group-ids"
"""
A pod's own security groups, in place of the cluster's.

Source: https://www.alibabacloud.com/help/en/cs/latest/specify-vswitch-and-securitygroups-for-the-pod, 2024-08-26.
"""


def engine(args: AcsLlmClusterArgs, edition: Later, group: Later = None) -> Manifest:
    """
    Return the replicas: a Deployment where each is one pod, else a LeaderWorkerSet.

    Args:
        args: The arguments.
        edition: A text that is another one whenever a secret changes.
        group: The security group of pods of which several are a replica; default: the cluster's.
    """
    answering = leader(args, edition)
    if args.pods == 1:
        return _deployment(args, answering)
    templates = (answering, worker(args))
    if group is not None:
        for template in templates:
            template["metadata"]["annotations"][_SECURITY_GROUPS] = group
    return _groups(args, *templates)


def _deployment(args: AcsLlmClusterArgs, template: Manifest) -> Manifest:
    return {
        **workload(args),
        "metadata": {**metadata(args, "engine"), "annotations": _UNAWAITED},
        "spec": {
            **_replicas(args),
            # The default would call a large model's start a failed one.
            "progressDeadlineSeconds": (args.startup_minutes + 10) * 60,
            "selector": {"matchLabels": labels("engine")},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": _NEW_FIRST},
            "template": template,
        },
    }


def _groups(args: AcsLlmClusterArgs, answering: Manifest, helping: Manifest) -> Manifest:
    return {
        **workload(args),
        "metadata": {**metadata(args, "engine"), "annotations": _UNAWAITED},
        "spec": {
            **_replicas(args),
            "leaderWorkerTemplate": {
                "size": args.pods,
                "restartPolicy": "RecreateGroupOnPodRestart",
                "leaderTemplate": answering,
                "workerTemplate": helping,
            },
            "rolloutStrategy": {"type": "RollingUpdate", "rollingUpdateConfiguration": _NEW_FIRST},
            "startupPolicy": "LeaderCreated",
            # Otherwise it would take the endpoint's own Service, of the same name, for the one its pods are found by.
            "networkConfig": {"subdomainPolicy": "UniquePerReplica"},
        },
    }


def _replicas(args: AcsLlmClusterArgs) -> Manifest:
    """Return the number of replicas, unless an autoscaler owns it."""
    return {} if args.elastic else {"replicas": args.replicas}


def disruption_budget(args: AcsLlmClusterArgs) -> Manifest:
    """Return that whoever clears nodes takes one replica at a time."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata(args, "engine"),
        "spec": {"maxUnavailable": 1, "selector": _serving()},
    }


def network_policy(args: AcsLlmClusterArgs) -> Manifest:
    """
    Return that the pods of groups hear all of each other, and others only the gate and what Prometheus reads.

    It takes somebody to hold them to it: ACS does for CPU pods, and not yet for those with GPUs, between which only the
    cluster's security group stands. Source: https://help.aliyun.com/en/ack/product-overview/poseidon, 2026-06-10.
    """
    ports = [GATE_PORT, *([METRICS_PORT] if args.elastic else [])]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(args, "engine"),
        "spec": {
            "podSelector": _serving(),
            "policyTypes": ["Ingress"],
            "ingress": [
                {"from": [{"podSelector": _serving()}]},
                {"ports": [{"port": port, "protocol": "TCP"} for port in ports]},
            ],
        },
    }


def _serving() -> Manifest:
    component = {"key": "app.kubernetes.io/component", "operator": "In", "values": ["engine", "leader", "worker"]}
    return {"matchLabels": {"app.kubernetes.io/name": NAME}, "matchExpressions": [component]}
