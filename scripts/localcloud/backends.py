"""Which provider is which."""

from scripts.localcloud import rules
from scripts.localcloud.backend import Backend
from scripts.localcloud.cloud import Cloud
from scripts.localcloud.ruled import Ruled


def backend_of(name: str, cloud: Cloud) -> Backend:
    """
    Return provider *name* of *cloud*, without settings.

    Raises:
        LocalCloudError: The local cloud has no such provider.

    """
    return Ruled(rules.provider(name), cloud)
