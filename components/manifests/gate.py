"""The gate, beside the engine in its pod: the only way in."""

from components.args import AcsLlmClusterArgs
from components.manifests.base import (
    ENGINE_PORT,
    GATE_PORT,
    METRICS_PORT,
    NAME,
    TMP_MOUNT,
    USER,
    Manifest,
    digest,
    resources,
    unprivileged,
    variables,
)
from components.manifests.files import GATE, METRICS, files

MILLICPUS = 500
MEMORY_GIB = 1
"""What the gate takes of its pod; Caddy passes bodies on without keeping them."""

_WAIT_FOR_ENGINE = f"while wget -q -T 10 -O /dev/null http://127.0.0.1:{ENGINE_PORT}/health; do sleep 1; done"


def container(args: AcsLlmClusterArgs) -> Manifest:
    """Return the container of the gate."""
    ports = {"http": GATE_PORT, **({"metrics": METRICS_PORT} if args.elastic else {})}
    metrics = {"GATE_METRICS_PORT": str(METRICS_PORT)} if args.elastic else {}
    return {
        "name": "gate",
        "image": args.gate_image,
        "command": ["caddy", "run", "--config", "/etc/caddy/Caddyfile"],
        "env": variables(
            {
                "GATE_ENGINE": f"127.0.0.1:{ENGINE_PORT}",
                "GATE_PORT": str(GATE_PORT),
                **metrics,
                "LLM_MAX_REQUEST_MIB": str(args.max_request_mib),
                "LLM_TLS": "on" if args.tls else "off",
                "XDG_CONFIG_HOME": TMP_MOUNT["mountPath"],
                "XDG_DATA_HOME": TMP_MOUNT["mountPath"],
            }
        ),
        "ports": [{"name": port, "containerPort": number} for port, number in ports.items()],
        # The engine's own answer, through everything a caller passes too.
        "readinessProbe": {
            "httpGet": {"path": "/health", "port": "http", "scheme": "HTTPS" if args.tls else "HTTP"},
            "periodSeconds": 5,
            "timeoutSeconds": 10,
            "failureThreshold": 3,
        },
        # It ends after the engine, which finishes its requests first.
        "lifecycle": {"preStop": {"exec": {"command": ["sh", "-c", _WAIT_FOR_ENGINE]}}},
        "resources": resources(f"{MILLICPUS}m", f"{MEMORY_GIB}Gi"),
        # The image's caddy does not start without this capability.
        "securityContext": {
            **unprivileged("NET_BIND_SERVICE"),
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "runAsUser": USER,
        },
        "volumeMounts": [
            {"name": "gate", "mountPath": "/etc/caddy", "readOnly": True},
            {"name": "keys", "mountPath": "/run/secrets", "readOnly": True},
            TMP_MOUNT,
        ],
    }


def edition(args: AcsLlmClusterArgs) -> str:
    """Return another text whenever the gate must read its files anew; all else reads them each time it runs."""
    data = files(args)["data"]
    return digest([data[key] for key in _places(args)])


def volumes(args: AcsLlmClusterArgs) -> list[Manifest]:
    """Return what the gate mounts."""
    items = [{"key": key, "path": path} for key, path in _places(args).items()]
    return [
        {"name": "gate", "configMap": {"name": f"{NAME}-files", "items": items}},
        {"name": "keys", "secret": {"secretName": f"{NAME}-keys"}},
    ]


def _places(args: AcsLlmClusterArgs) -> dict[str, str]:
    return GATE | METRICS if args.elastic else GATE
