"""Which provider is which."""

from scripts.localcloud import rules
from scripts.localcloud.backend import Backend
from scripts.localcloud.cloud import Cloud
from scripts.localcloud.ruled import Ruled

KUBERNETES = "kubernetes"


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
