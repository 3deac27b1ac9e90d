"""The lock on the endpoint: key, certificate, gate."""

from collections.abc import Iterable
from typing import Annotated

import pydantic

from components.args.base import Args, rule
from components.args.values import ApiKey, Certificate, ContainerImage, PrivateKey, matching, within
from components.catalog import Engine, rows
from components.plan import Problem


class AccessArgs(Args):
    """API key, TLS and the gate in front of the engine."""

    api_key: ApiKey = pydantic.Field(default=None, repr=False)
    """API key, 16 to 512 characters, a secret; default: generated once and kept. In a stack: `llm:apiKey`."""

    tls_certificate: Certificate = None
    """Certificate chain in PEM, up to 4096 characters; the endpoint then speaks HTTPS."""

    tls_private_key: PrivateKey = pydantic.Field(default=None, repr=False)
    """Its private key in PEM, up to 4096 characters, a secret."""

    domain: (
        Annotated[
            str,
            matching(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]", "a host name"),
        ]
        | None
    ) = None
    """Host name of the certificate, used in the exported endpoint; point its DNS record at the address."""

    max_request_mib: Annotated[int, within(1, 1024)] = 32
    """Largest request body in MiB; images in a request count."""

    gate_image: ContainerImage = pydantic.Field(default_factory=lambda: next(iter(rows(Engine).values())).gate_image)
    """Container image of the gate (Caddy); default: the catalog's."""

    @property
    def tls(self) -> bool:
        """Say whether the endpoint speaks HTTPS."""
        return self.tls_certificate is not None

    @property
    def scheme(self) -> str:
        """What the gate speaks."""
        return "https" if self.tls else "http"

    @rule("tls_certificate", "tls_private_key", "domain")
    def _tls_is_whole(self) -> Iterable[Problem]:
        if self.tls and self.tls_private_key is None:
            yield Problem("tls_private_key", "is required with tlsCertificate.")
        if not self.tls and self.tls_private_key is not None:
            yield Problem("tls_certificate", "is required with tlsPrivateKey.")
        if not self.tls and self.domain is not None:
            yield Problem(
                "domain", f"{self.domain!r}, and no certificate for it. Give tlsCertificate, or leave it out."
            )
