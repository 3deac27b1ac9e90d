"""What pods read: the Caddyfile and the programs, the endpoint's secrets, the bucket's access key."""

from pathlib import Path

from components.args import AcsLlmClusterArgs
from components.manifests.base import NAME, Later, Manifest, metadata

_HERE = Path(__file__).parent
_MACHINE = _HERE.parent / "userdata" / "machine"
_SHARED = ("cloud.py", "fetch.py", "probe.py", "sources.py", "weights.py")
"""Programs of the machines that those here import."""

GATE = {"Caddyfile": "Caddyfile"}
"""What the gate reads, and where in its folder it is."""

METRICS = {"metrics.caddy": "sites/metrics"}
"""The same, for a gate that shows the engine's counters."""


def files(args: AcsLlmClusterArgs) -> Manifest:
    """Return the ConfigMap of what is the same on machines and in pods, and of the programs only pods run."""
    paths = [
        _MACHINE / "Caddyfile",
        _HERE / "metrics.caddy",
        *(_MACHINE / "python" / shared for shared in _SHARED),
        *(_HERE / "programs").glob("*.py"),
    ]
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(args, "files", f"{NAME}-files"),
        "data": {path.name: path.read_text() for path in sorted(paths, key=lambda path: path.name)},
    }


def keys(args: AcsLlmClusterArgs, api_key: Later) -> Manifest:
    """Return the Secret of what the gate alone may read."""
    texts = {"api_key": api_key, "tls_certificate": args.tls_certificate, "tls_key": args.tls_private_key}
    return _secret(args, "keys", {key: text for key, text in texts.items() if text is not None})


def bucket_keys(args: AcsLlmClusterArgs, key_id: Later, secret: Later) -> Manifest:
    """Return the Secret of the RAM user who reads the bucket, with `ossAccess: access-key`."""
    return _secret(args, "oss", {"akId": key_id, "akSecret": secret})


def _secret(args: AcsLlmClusterArgs, component: str, texts: dict[str, Later]) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata(args, component, f"{NAME}-{component}"),
        "type": "Opaque",
        "stringData": texts,
    }
