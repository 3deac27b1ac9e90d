"""One function that calls any of the vendor's APIs."""

import ipaddress
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from alibabacloud_credentials.client import Client as Credential
from alibabacloud_tea_openapi.client import Client
from alibabacloud_tea_openapi.utils import Utils
from alibabacloud_tea_openapi.utils_models import Config, OpenApiRequest, Params
from darabonba.runtime import RuntimeOptions
from Tea.exceptions import TeaException, UnretryableException

from scripts.openapi.credentials import credential, static
from scripts.openapi.errors import ApiError, RefusedError, unreachable

PRODUCTS: dict[str, dict[str, Any]] = tomllib.loads(Path(__file__).with_name("products.toml").read_text())
WAITS_SECONDS = (1, 3, 6)
"""Pauses before a throttled call is made again, as often as there are pauses."""
CONNECT_MS = 10_000
READ_MS = 30_000


@dataclass(frozen=True)
class OpenApi:
    """The vendor's APIs for one identity in one region."""

    credential: Credential
    region: str
    environment: Mapping[str, str]
    """Where a host may be overridden."""
    waits_seconds: Sequence[float] = WAITS_SECONDS
    sleep: Callable[[float], None] = time.sleep

    def call(self, product: str, action: str, path: str = "/", /, **parameters: object) -> Any:  # noqa: ANN401 any JSON
        """
        Return the answer of *action*, read as JSON.

        Args:
            product: A table of products.toml.
            action: As the API's documentation writes it.
            path: Of an API that is called by paths, such as that of CS; read with GET.
            parameters: As the documentation writes them; lists and mappings are spelled out, e.g. ``DataDisk.1.Size``.

        Raises:
            ApiError: No credentials, no answer, or an answer that says no.

        """
        for seconds in (*self.waits_seconds, None):
            try:
                return self._once(product, action, path, parameters)
            except RefusedError as error:
                if not error.throttled or seconds is None:
                    raise
                self.sleep(seconds)
        raise AssertionError("the last round returns or raises")

    def pages(self, product: str, action: str, /, rows: str, **parameters: object) -> Iterator[Any]:
        """Yield what every page of *action* has in *rows*, by NextToken."""
        token = None
        while token != "":
            answer = self.call(product, action, **parameters, NextToken=token)
            yield from answer.get(rows) or []
            token = answer.get("NextToken") or ""

    def endpoint(self, product: str) -> tuple[str, str]:
        """
        Return the scheme and the host of *product*.

        Raises:
            ApiError: An override that would send requests unencrypted over a network.

        """
        row = PRODUCTS[product]
        name = f"ALIBABA_CLOUD_ENDPOINT_{product.upper()}"
        given = (self.environment.get(name) or self.environment.get(f"{product.upper()}_ENDPOINT") or "").strip()
        if given.startswith("http://"):
            if not _is_loopback(urlsplit(given).hostname or ""):
                raise ApiError(f"{name}: {given!r} would send requests unencrypted. Write it with https://.")
            return "HTTP", urlsplit(given).netloc
        abroad = self.environment.get("ALIBABA_CLOUD_ACCOUNT_TYPE") == "International" and row.get("international")
        return "HTTPS", given.removeprefix("https://").rstrip("/") or (abroad or row["host"]).format(region=self.region)

    def _once(self, product: str, action: str, path: str, parameters: Mapping[str, object]) -> Any:  # noqa: ANN401 any JSON
        scheme, host = self.endpoint(product)
        client = Client(Config(credential=self.credential, endpoint=host, protocol=scheme, region_id=self.region))
        asked = Params(
            action=action,
            version=PRODUCTS[product]["version"],
            protocol=scheme,
            pathname=path,
            method="POST" if path == "/" else "GET",
            auth_type="AK",
            style="RPC" if path == "/" else "ROA",
            req_body_type="formData",
            body_type="json",
        )
        given = Utils.query({name: _spelled(value) for name, value in parameters.items() if value is not None})
        request = OpenApiRequest(**{"body" if PRODUCTS[product].get("form") else "query": given})
        timeouts = RuntimeOptions(connect_timeout=CONNECT_MS, read_timeout=READ_MS)
        try:
            answer = client.call_api(asked, request, timeouts)
        except UnretryableException as error:
            raise unreachable(host, error) from error
        except TeaException as error:
            said = error.data or {}
            message = said.get("Message") or said.get("message") or error.message
            raise RefusedError(f"{product} {action}", error.code, str(message), error.statusCode) from error
        return answer["body"]


def connect(environment: Mapping[str, str], region: str, settings: Mapping[str, Any] | None = None) -> OpenApi:
    """
    Return the APIs of *region*, as the identity that the provider would have.

    Args:
        environment: The process's variables.
        region: A region id, e.g. ``cn-hangzhou``.
        settings: A stack's plain `alicloud:` settings without that prefix; a role in ``assumeRole`` is taken on.

    Raises:
        ApiError: No credentials, or a role that cannot be taken on.

    """
    settings = settings or {}
    api = OpenApi(credential(environment, settings), region, environment)
    role = settings.get("assumeRole") or {}
    if not role.get("roleArn"):
        return api
    name = role.get("sessionName") or "terraform"
    given = api.call("sts", "AssumeRole", RoleArn=role["roleArn"], RoleSessionName=name)["Credentials"]
    return OpenApi(static(given["AccessKeyId"], given["AccessKeySecret"], given["SecurityToken"]), region, environment)


def _spelled(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
