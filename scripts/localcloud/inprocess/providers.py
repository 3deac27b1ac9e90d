"""The providers of one stack: those its program makes, and those nobody names."""

from collections.abc import Mapping

from scripts.localcloud.backend import Backend
from scripts.localcloud.backends import backend_of
from scripts.localcloud.cloud import Cloud
from scripts.localcloud.errors import LocalCloudError
from scripts.localcloud.inprocess.stack_file import Known
from scripts.localcloud.values import Values

TYPES = "pulumi:providers:"
"""How the type of a provider resource begins."""


class Providers:
    """Finds the provider of a resource; *region* is where things go that name no provider of their own."""

    def __init__(self, cloud: Cloud, region: str, known: Mapping[str, Known]) -> None:
        self._cloud = cloud
        self._region = region
        self._known = known
        self._made: dict[str, Backend] = {}

    def make(self, urn: str, type_: str, settings: Values) -> Values:
        """
        Configure the provider resource *urn* and return its settings.

        Raises:
            LocalCloudError: The settings are none.

        """
        name = type_.removeprefix(TYPES)
        default: Values = {"region": self._region} if name == "alicloud" else {}
        self._made[urn] = self._configured(name, default | settings)
        return default | settings

    def of(self, token: str, reference: str) -> Backend:
        """
        Return the provider of the resource type or function *token*; *reference* is empty when none was named.

        Raises:
            LocalCloudError: The default provider has no settings to work with.

        """
        name = token.split(":", 1)[0]
        urn = reference.rsplit("::", 1)[0] or name
        if urn not in self._made:
            known = self._known.get(urn)
            self.make(urn, name, known.inputs if known else {})
        return self._made[urn]

    def _configured(self, name: str, settings: Values) -> Backend:
        backend = backend_of(name, self._cloud)
        failures = backend.check_config(settings)
        if failures:
            raise LocalCloudError("\n".join(f"{name}:{failure}" for failure in failures))
        return backend.configured(settings)
