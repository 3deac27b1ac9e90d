"""Who the pods are, and what one of them may read of the cluster."""

from components.args import AcsLlmClusterArgs
from components.manifests.base import NAME, Manifest, labels, metadata


def namespace(args: AcsLlmClusterArgs) -> Manifest:
    """Return the namespace of everything else."""
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": args.namespace, "labels": labels("namespace")},
    }


def account(args: AcsLlmClusterArgs, component: str) -> Manifest:
    """Return the service account of *component*: `engine`, `stage` or `watch`."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata(args, component, f"{NAME}-{component}"),
        "automountServiceAccountToken": component == "watch",
    }


def watch_role(args: AcsLlmClusterArgs) -> Manifest:
    """Return what the jobs that wait may read: how pods, what runs them and the loading are, and why a pod is not."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": metadata(args, "watch", f"{NAME}-watch"),
        "rules": [
            _may_read("", "events", "pods", "pods/log"),
            _may_read("apps", "deployments"),
            _may_read("leaderworkerset.x-k8s.io", "leaderworkersets"),
            _may_read("data.fluid.io", "dataloads", "datasets"),
        ],
    }


def watch_binding(args: AcsLlmClusterArgs) -> Manifest:
    """Return what gives that role to the service account `watch`."""
    meta = metadata(args, "watch", f"{NAME}-watch")
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": meta,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": meta["name"]},
        "subjects": [{"kind": "ServiceAccount", "name": meta["name"], "namespace": args.namespace}],
    }


def _may_read(group: str, *kinds: str) -> Manifest:
    return {"apiGroups": [group], "resources": list(kinds), "verbs": ["get", "list"]}
