"""Which provider is which."""

from scripts.localcloud import rules
from scripts.localcloud.backend import Backend
from scripts.localcloud.cloud import Cloud
from scripts.localcloud.ruled import Ruled

KUBERNETES = "kubernetes"


def knows(token: str) -> bool:
    """Say whether the local cloud has rules for the resource type or function *token*."""
    package = token.split(":", 1)[0]
    if package not in rules.PROVIDERS:
        return package == KUBERNETES
    provider = rules.provider(package)
    return token in provider.resources or token in provider.functions


def backend_of(name: str, cloud: Cloud) -> Backend:
    """
    Return provider *name* of *cloud*, without settings.

    Raises:
        LocalCloudError: The local cloud has no such provider.

    """
    if name == KUBERNETES:
        from scripts.localcloud.kubernetes.backend import Kubernetes  # noqa: PLC0415 most stacks have no cluster

        return Kubernetes(cloud)
    return Ruled(rules.provider(name), cloud)
