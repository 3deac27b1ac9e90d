"""
The variables of a pod's container.

Source: https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/, 2026-11
"""

import re
import socket

from scripts.localcloud.machines.guest import names
from scripts.localcloud.machines.guest.kubelet.pod import ConfigError, Manifest, Pod

_REFERENCE = re.compile(r"\$(\$|\((?P<name>[-._a-zA-Z0-9]+)\))")


def expand(text: str, variables: dict[str, str]) -> str:
    """Return *text* with every ``$(NAME)`` that *variables* has replaced, and ``$$`` turned into ``$``."""

    def found(match: re.Match[str]) -> str:
        name = match["name"]
        return "$" if name is None else variables.get(name, match[0])

    return _REFERENCE.sub(found, text)


def environment(pod: Pod, container: Manifest) -> dict[str, str]:
    """
    Return the variables of *container*; one may use those before it.

    Raises:
        ConfigError: One comes from what is not there.
    """
    variables = {
        "HOSTNAME": socket.gethostname(),
        "KUBERNETES_SERVICE_HOST": names.API_ADDRESS,
        "KUBERNETES_SERVICE_PORT": "443",
        "KUBERNETES_SERVICE_PORT_HTTPS": "443",
        "KUBERNETES_PORT": f"tcp://{names.API_ADDRESS}:443",
    }
    for source in container.get("envFrom", []):
        variables |= _all_of(pod, source)
    for item in container.get("env", []):
        value = _value(pod, container, item, variables)
        if value is not None:
            variables[item["name"]] = value
    return variables


def _all_of(pod: Pod, source: Manifest) -> dict[str, str]:
    kind, reference = (
        ("ConfigMap", source["configMapRef"]) if "configMapRef" in source else ("Secret", source["secretRef"])
    )
    entries = pod.data(kind, reference["name"], optional=reference.get("optional", False))
    return {f"{source.get('prefix', '')}{name}": value.decode() for name, value in entries.items()}


def _value(pod: Pod, container: Manifest, item: Manifest, variables: dict[str, str]) -> str | None:
    source = item.get("valueFrom")
    if source is None:
        return expand(item.get("value", ""), variables)
    if "fieldRef" in source:
        return pod.field(source["fieldRef"]["fieldPath"])
    if "secretKeyRef" in source:
        return _entry(pod, "Secret", source["secretKeyRef"])
    if "configMapKeyRef" in source:
        return _entry(pod, "ConfigMap", source["configMapKeyRef"])
    return _resource(container, source["resourceFieldRef"]["resource"])


def _entry(pod: Pod, kind: str, reference: Manifest) -> str | None:
    optional, key = reference.get("optional", False), reference["key"]
    entries = pod.data(kind, reference["name"], optional=optional)
    if key in entries:
        return entries[key].decode()
    if optional:
        return None
    raise ConfigError(f"couldn't find key {key} in {kind} {pod.namespace}/{reference['name']}")


def _resource(container: Manifest, path: str) -> str:
    kind, _, name = path.partition(".")
    value = container.get("resources", {}).get(kind, {}).get(name)
    if value is None:
        raise ConfigError(f"stand-in: resourceFieldRef {path!r}: the container does not say")
    return str(value)
