"""The pod that this machine is, and the objects that it names."""

import base64
import functools
from typing import Any

from scripts.localcloud.machines.guest.places import machine, own

Manifest = dict[str, Any]
GRACE_SECONDS = 30


class ConfigError(Exception):
    """Something that the pod names is not there; the text is the kubelet's."""


class Pod:
    """What the cluster says about the pod; it does not change while the pod lives."""

    def __init__(self) -> None:
        told = own()
        self.manifest: Manifest = told["manifest"]
        self.spec: Manifest = self.manifest["spec"]
        self.metadata: Manifest = self.manifest["metadata"]
        self.claims: dict[str, Manifest] = told["volumes"]
        self.tokens: dict[str, str] = told["tokens"]
        self._objects: list[Manifest] = told["objects"]

    @property
    def namespace(self) -> str:
        """Return the namespace."""
        return str(self.metadata["namespace"])

    @property
    def name(self) -> str:
        """Return the name."""
        return str(self.metadata["name"])

    @property
    def grace_seconds(self) -> float:
        """Return how long its containers may take to end."""
        return float(self.spec.get("terminationGracePeriodSeconds", GRACE_SECONDS))

    @functools.cached_property
    def address(self) -> str:
        """Return the pod's IP."""
        return str(machine()["private_ip"])

    def data(self, kind: str, name: str, *, optional: bool = False) -> dict[str, bytes]:
        """
        Return the entries of a Secret or ConfigMap of the pod's namespace.

        Raises:
            ConfigError: It is not there.
        """
        for item in self._objects:
            if item["kind"] == kind and item["metadata"]["name"] == name:
                return _entries(item)
        if optional:
            return {}
        raise ConfigError(f'{kind.lower()} "{name}" not found')

    def field(self, path: str) -> str:
        """
        Return what a fieldRef to *path* gives.

        Raises:
            ConfigError: The stand-in does not know it.
        """
        known = {
            "metadata.name": self.name,
            "metadata.namespace": self.namespace,
            "metadata.uid": str(self.metadata["uid"]),
            "spec.nodeName": str(self.spec.get("nodeName", "")),
            "spec.serviceAccountName": str(self.spec.get("serviceAccountName", "default")),
            "status.podIP": self.address,
            "status.podIPs": self.address,
            "status.hostIP": self.address,
        }
        for kind in ("labels", "annotations"):
            for name, value in self.metadata.get(kind, {}).items():
                known[f"metadata.{kind}['{name}']"] = str(value)
            if path.startswith(f"metadata.{kind}['"):
                return known.get(path, "")
        if path not in known:
            raise ConfigError(f"stand-in: fieldPath {path!r} is not known")
        return known[path]


def _entries(item: Manifest) -> dict[str, bytes]:
    plain = {name: text.encode() for name, text in item.get("stringData", {}).items()}
    if item["kind"] == "ConfigMap":
        plain = {name: text.encode() for name, text in item.get("data", {}).items()}
        encoded = item.get("binaryData", {})
    else:
        encoded = item.get("data", {})
    return {name: base64.b64decode(text) for name, text in encoded.items()} | plain
