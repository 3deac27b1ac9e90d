"""The providers of one stack: those its program makes, and those nobody names."""

from collections.abc import Mapping

from scripts.localcloud.backend import Backend
from scripts.localcloud.backends import KUBERNETES, backend_of, knows
from scripts.localcloud.cloud import Cloud
from scripts.localcloud.errors import LocalCloudError
from scripts.localcloud.inprocess.stack_file import Known
from scripts.localcloud.inprocess.unruled import Unruled
from scripts.localcloud.rules import PROVIDERS
from scripts.localcloud.values import Values

TYPES = "pulumi:providers:"
"""How the type of a provider resource begins."""


def urn_of(reference: str) -> str:
    """Return the URN in a *reference* to a provider, empty for the default one."""
    return reference.rsplit("::", 1)[0]


class Providers:
    """
    Finds the provider of a resource; *region* is where things go that name no provider of their own.

    A *lenient* one lets through what the local cloud has no rules for.
    """

    def __init__(self, cloud: Cloud, region: str, known: Mapping[str, Known], *, lenient: bool = False) -> None:
        self._cloud = cloud
        self._region = region
        self._known = known
        self._lenient = lenient
        self._made: dict[str, Backend] = {}
        self._settings: dict[str, Values] = {}

    def make(self, urn: str, type_: str, settings: Values) -> Values:
        """
        Configure the provider resource *urn* and return its settings.

        Raises:
            LocalCloudError: The settings are none.

        """
        name = type_.removeprefix(TYPES)
        complete = self._default(name) | settings
        self._made[urn] = self._configured(name, complete)
        self._settings[urn] = complete
        return complete

    def of(self, token: str, reference: str) -> Backend:
        """
        Return the provider of the resource type or function *token*; *reference* is empty when none was named.

        Raises:
            LocalCloudError: The default provider has no settings to work with.

        """
        if self._lenient and not knows(token):
            return Unruled()
        name = token.split(":", 1)[0]
        urn = urn_of(reference) or name
        if urn not in self._made:
            known = self._known.get(urn)
            self.make(urn, name, known.inputs if known else {})
        return self._made[urn]

    def made(self, urn: str) -> Backend:
        """Return the provider that the program made as *urn*."""
        return self._made[urn]

    def settings(self, token: str, urn: str) -> Values:
        """Return the settings of provider *urn*: the program's, else those the stack has, else the default."""
        known = self._known.get(urn)
        remembered = known.inputs if known else self._default(token.split(":", 1)[0])
        return self._settings.get(urn, remembered)

    def _default(self, name: str) -> Values:
        return {"region": self._region} if name == "alicloud" else {}

    def _configured(self, name: str, settings: Values) -> Backend:
        if self._lenient and name not in (*PROVIDERS, KUBERNETES):
            return Unruled()
        backend = backend_of(name, self._cloud)
        failures = backend.check_config(settings)
        if failures:
            raise LocalCloudError("\n".join(f"{name}:{failure}" for failure in failures))
        return backend.configured(settings)
