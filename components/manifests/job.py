"""A Job, and the pod of one that runs a program of this folder."""

from components.args import AcsLlmClusterArgs
from components.manifests.base import (
    CPU_POD,
    NAME,
    PROGRAMS,
    TMP,
    TMP_MOUNT,
    USER,
    Later,
    Manifest,
    labels,
    metadata,
    resources,
    unprivileged,
    variables,
)


def job(args: AcsLlmClusterArgs, component: str, spec: Manifest, retries: int = 0) -> Manifest:
    """Return the Job that runs a pod of *spec* until it succeeds, at most 1 + *retries* times."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata(args, component, f"{NAME}-{component}"),
        "spec": {
            "backoffLimit": retries,
            "template": {
                "metadata": {"labels": {**labels(component), **CPU_POD}},
                "spec": {
                    "restartPolicy": "Never",
                    "automountServiceAccountToken": False,
                    "enableServiceLinks": False,
                    **spec,
                },
            },
        },
    }


def program(args: AcsLlmClusterArgs, which: str, settings: dict[str, Later]) -> Manifest:
    """Return the spec of a pod whose program *which* reads *settings*; what it says last is the Job's own message."""
    container = {
        "name": which,
        "image": args.tools_image,
        "command": ["python3", f"{PROGRAMS}/{which}.py"],
        "env": variables({"PYTHONUNBUFFERED": "1", **settings}),
        "resources": resources("1", "2Gi"),
        "securityContext": {**unprivileged(), "readOnlyRootFilesystem": True},
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [{"name": "programs", "mountPath": PROGRAMS, "readOnly": True}, TMP_MOUNT],
    }
    return {
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [{"name": "programs", "configMap": {"name": f"{NAME}-files"}}, TMP],
    }
