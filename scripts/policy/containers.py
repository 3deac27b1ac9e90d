"""Containers: without privileges, from images that stay the same."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .resources import Resource, at, one, places
from .rule import View
from .user_data import plain

_HOST = ("hostPID", "hostIPC", "hostNetwork")

_RULING = ("ALL", "BPF", "DAC_READ_SEARCH", "NET_ADMIN", "SYS_ADMIN", "SYS_MODULE", "SYS_PTRACE", "SYS_RAWIO")
"""
Capabilities with which a container rules its host.

The Baseline Pod Security Standard has none of them, nor of what else is found here.
Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/, recalled.
"""

_STARTS_PRIVILEGED = re.compile(r"^[^#\n]*(--privileged\b(?!=false)|\bprivileged:\s*true\b)", re.MULTILINE)

_KINDS = ("initContainers", "containers", "ephemeralContainers")

_CHARTS = ("kubernetes:helm.sh/v3:Release", "kubernetes:helm.sh/v4:Chart")


def no_privileges(resource: Resource, _view: View) -> Iterator[str]:
    """Yield what lets a container of *resource* rule its host."""
    for name in ("userData", "commandContent"):
        text = resource.props.get(name)
        if isinstance(text, str) and _STARTS_PRIVILEGED.search(plain(text)):
            yield f"{name} starts a privileged container. Name the devices and capabilities that it needs."
    if not resource.type.startswith("kubernetes:"):
        return
    for place, value in places(resource.props):
        if value is True and place.endswith(".privileged"):
            yield f"{place} is true. Name the capabilities that it needs."
    for where, pod in _pods(resource.props):
        yield from _shared(where, pod)


def _shared(where: str, pod: Mapping[str, Any]) -> Iterator[str]:
    for name in _HOST:
        if pod.get(name) is True:
            yield f"{where}.{name} is true, so its containers are on the node as if in none. Leave it out."
    for place, path in at(pod, "volumes[].hostPath.path"):
        if isinstance(path, str):
            yield f"{where}.{place} mounts {path} of the node. Use another kind of volume."
    for place, container in _containers(pod):
        added = one(container, "securityContext.capabilities.add")
        ruling = [name for name in _RULING if isinstance(added, (list, tuple)) and name in added]
        if ruling:
            yield f"{where}.{place} adds {', '.join(ruling)}, with which it rules the node. Leave that out."


def pinned_images(resource: Resource, _view: View) -> Iterator[str]:
    """Yield which image or chart of *resource* may be another one tomorrow."""
    if not resource.type.startswith("kubernetes:"):
        return
    for where, pod in _pods(resource.props):
        for place, container in _containers(pod):
            image = container.get("image")
            if isinstance(image, str) and not _pinned(image):
                yield f"{where}.{place}.image {image} may be another one tomorrow. Name a version or a digest."
    chart = resource.props.get("chart")
    # An archive and a folder have their version in them.
    named = isinstance(chart, str) and not chart.endswith(".tgz") and not chart.startswith(".")
    if resource.type in _CHARTS and named and not resource.props.get("version"):
        yield f"chart {chart} has no version, so it is the newest of the day. Set version."


def _pinned(image: str) -> bool:
    """Say whether *image* has a digest, or a tag that looks like a version: one with a digit, and not the newest."""
    if "@sha256:" in image:
        return True
    _, _, tag = image.rpartition("/")[2].partition(":")
    return any(letter.isdigit() for letter in tag) and not {"latest", "nightly"}.intersection(re.split(r"[-._]", tag))


def _pods(props: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the specs of pods within *props* and where they are, whatever kind of object has them."""
    for place, value in places(props):
        if isinstance(value, Mapping) and isinstance(value.get("containers"), (list, tuple)):
            yield place, value


def _containers(pod: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for kind in _KINDS:
        for place, container in at(pod, f"{kind}[]"):
            if isinstance(container, Mapping):
                yield place, container
