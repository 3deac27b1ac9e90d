"""The pods that serve: an engine behind its gate, or of several the first, and engines that only help it."""

import math

from components.args import AcsLlmClusterArgs
from components.engine import HEAD, MODEL_PATH
from components.manifests import gate
from components.manifests.base import (
    ENGINE_PORT,
    METRICS_PORT,
    NAME,
    PROGRAMS,
    TMP,
    Later,
    Manifest,
    answering,
    labels,
    resources,
    unprivileged,
    variables,
)
from components.manifests.storage import weights_name

DRAIN_SECONDS = 540
"""How long a pod that must go may finish its requests; Pulumi waits ten minutes for a deletion."""

_PERIOD_SECONDS = 10
_SHARED_MEMORY_GIB = 16
_EXTRA_STORAGE = "70Gi"
"""
Estimate: with the 30 GiB that a pod has, room for an engine's image, which takes twice its size.

Source: https://www.alibabacloud.com/help/en/cs/user-guide/increase-temporary-storage-size, 2026-03-27.
"""

_ENVIRONMENT = {
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "SGLANG_ENABLE_HEALTH_ENDPOINT_GENERATION": "false",
    "TRANSFORMERS_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
}


_SCRAPED = {
    "prometheus.io/scrape": "true",
    "prometheus.io/port": str(METRICS_PORT),
    "prometheus.io/path": "/metrics",
}
"""Where the usual Prometheus finds the engine's counters."""


def leader(args: AcsLlmClusterArgs, edition: Later) -> Manifest:
    """Return the template of the pod that answers; another *edition* of its secrets makes another pod."""
    template = _template(args, answering(args), [{**_engine(args, 0), **_supervision(args)}, gate.container(args)])
    template["metadata"]["annotations"] |= {
        "alicloud-llm/secrets": edition,
        "alicloud-llm/gate": gate.edition(args),
        **(_SCRAPED if args.elastic else {}),
    }
    template["spec"]["terminationGracePeriodSeconds"] = DRAIN_SECONDS
    template["spec"]["volumes"] += [TMP, *gate.volumes(args)]
    return template


def worker(args: AcsLlmClusterArgs) -> Manifest:
    """Return the template of the pods that hold the rest of the model, of several a replica."""
    return _template(args, "worker", [_engine(args, 1)])


def _template(args: AcsLlmClusterArgs, component: str, containers: list[Manifest]) -> Manifest:
    return {
        "metadata": {
            "labels": {**labels(component), **_acs_labels(args)},
            "annotations": {
                "image.alibabacloud.com/enable-image-cache": "true",
                "alibabacloud.com/extra-ephemeral-storage": _EXTRA_STORAGE,
            },
        },
        "spec": {
            "serviceAccountName": f"{NAME}-engine",
            "automountServiceAccountToken": False,
            # Kubernetes would set VLLM_PORT to a URL where a Service is called vllm.
            "enableServiceLinks": False,
            # No fsGroup: it would be given to every file of the weights, one by one.
            "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
            "containers": containers,
            "volumes": _volumes(args),
        },
    }


def _acs_labels(args: AcsLlmClusterArgs) -> dict[str, str]:
    """
    Return what ACS and Fluid read on a pod.

    Sources: https://www.alibabacloud.com/help/en/cs/user-guide/pod-gpu-model-and-driver-version, 2026-03-31;
    https://www.alibabacloud.com/help/en/cs/user-guide/pod-hpn-type-rdma, 2026-11-21;
    https://help.aliyun.com/zh/ack/cloud-native-ai-suite/user-guide/accelerate-jobs-2, 2025-07-15.
    """
    return {
        "alibabacloud.com/compute-class": args.series.compute_class,
        "alibabacloud.com/compute-qos": "default",
        "alibabacloud.com/gpu-model-series": args.series.name,
        "alibabacloud.com/gpu-driver-version": args.gpu_driver_version,
        **({"alibabacloud.com/hpn-type": "rdma"} if args.rdma else {}),
        **({"alibabacloud.com/fluid-sidecar-target": "acs"} if args.fluid_enabled else {}),
    }


def _engine(args: AcsLlmClusterArgs, rank: int) -> Manifest:
    cpu = args.pod.vcpus * 1000 - (0 if rank else gate.MILLICPUS)
    memory = args.pod.memory_gib - (0 if rank else gate.MEMORY_GIB)
    return {
        "name": "engine",
        "image": args.engine_image,
        "command": _command(args, rank),
        "env": _environment(args, rank),
        "resources": resources(f"{cpu}m", f"{memory}Gi", **{args.series.resource: args.pod.gpus}),
        # RDMA reads and writes memory that must stay where it is.
        "securityContext": unprivileged(*(["IPC_LOCK"] if args.rdma else [])),
        "volumeMounts": [
            {"name": "weights", "mountPath": MODEL_PATH, "readOnly": True},
            {"name": "programs", "mountPath": PROGRAMS, "readOnly": True},
            {"name": "memory", "mountPath": "/dev/shm"},  # noqa: S108 - the pod's own
        ],
    }


def _command(args: AcsLlmClusterArgs, rank: int) -> list[str]:
    """Return the engine's command line, with nothing in it that Kubernetes would expand but what is meant to be."""
    argv = [item.replace("$", "$$").replace(HEAD, "$(LWS_LEADER_ADDRESS)") for item in args.node_argv(rank)]
    if rank:
        argv[argv.index("--node-rank") + 1] = "$(LLM_NODE_RANK)"
    return argv


def _environment(args: AcsLlmClusterArgs, rank: int) -> list[Manifest]:
    asked = {"LLM_ENGINE": args.engine, "LLM_ENGINE_PORT": str(ENGINE_PORT), "LLM_MODEL": args.served_model_name}
    plain = variables(_ENVIRONMENT | ({} if rank else asked) | args.fabric_env)
    if args.pods == 1:
        return plain
    # Releases of LeaderWorkerSet before 0.6 set no variable for it, all of them the label.
    index = "metadata.labels['leaderworkerset.sigs.k8s.io/worker-index']"
    fields = {"VLLM_HOST_IP": "status.podIP", **({"LLM_NODE_RANK": index} if rank else {})}
    return plain + [{"name": key, "valueFrom": {"fieldRef": {"fieldPath": path}}} for key, path in fields.items()]


def _supervision(args: AcsLlmClusterArgs) -> Manifest:
    """Return how long it may take to start, when it is dead, and that it finishes what it has begun."""
    # What a probe ends has nothing to finish, although it may still count requests.
    at_once = {"terminationGracePeriodSeconds": 30}
    return {
        "startupProbe": {
            "exec": _program("started"),
            "periodSeconds": _PERIOD_SECONDS,
            "timeoutSeconds": 60,
            "failureThreshold": math.ceil(args.startup_minutes * 60 / _PERIOD_SECONDS),
            **at_once,
        },
        "livenessProbe": {
            "exec": _program("alive"),
            "periodSeconds": 30,
            "timeoutSeconds": 90,
            "failureThreshold": 2,
            **at_once,
        },
        "lifecycle": {"preStop": {"exec": _program("drain", str(DRAIN_SECONDS - 30))}},
    }


def _program(program: str, *arguments: str) -> Manifest:
    return {"command": ["python3", f"{PROGRAMS}/{program}.py", *arguments]}


def _volumes(args: AcsLlmClusterArgs) -> list[Manifest]:
    weights = weights_name(args, "weights" if args.fluid_enabled else "oss")
    shared = min(_SHARED_MEMORY_GIB, args.pod.memory_gib // 2)
    return [
        {"name": "weights", "persistentVolumeClaim": {"claimName": weights, "readOnly": True}},
        {"name": "programs", "configMap": {"name": f"{NAME}-files"}},
        {"name": "memory", "emptyDir": {"medium": "Memory", "sizeLimit": f"{shared}Gi"}},
    ]
