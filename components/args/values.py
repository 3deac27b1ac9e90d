"""Checks of single values. Each returns the value as it is used from then on, or raises ValueError with a way out."""

import difflib
import ipaddress
import re
from collections.abc import Callable
from typing import Annotated, TypeVar

import pulumi
from pydantic import AfterValidator, WrapValidator

from components import catalog, images
from components.catalog import Instance, Region, Series

Number = TypeVar("Number", int, float)

EPHEMERAL_PORTS = range(32768, 61000)
"""Ports from which the machine's own outgoing connections leave. Source: Linux ip_local_port_range default."""

LONGEST_NAME = 40
"""Characters of the part that the names of all resources of an endpoint share."""

MOST_TAGS = 20
"""Tags on one resource. Source: https://www.alibabacloud.com/help/en/ecs/user-guide/tag-overview, recalled."""

PRIVATE = [ipaddress.IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")]
"""Networks that the internet does not route. Source: RFC 1918, RFC 6598."""


def within(low: float, high: float) -> WrapValidator:
    """Return a check that a number lies between *low* and *high*, both allowed."""

    def check(given: object, handler: Callable[[object], Number]) -> Number:
        if isinstance(given, bool):
            # Python counts true as 1. Pydantic carries up a ValueError, not a TypeError.
            raise ValueError(f"{str(given).lower()} is not a number.")  # noqa: TRY004
        value = handler(given)
        if not low <= value <= high:
            raise ValueError(f"{value} is not within {low} to {high}.")
        return value

    return WrapValidator(check)


def matching(pattern: str, what: str) -> AfterValidator:
    """Return a check that a text matches *pattern* as a whole; *what* tells the user what it should look like."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"{value!r} is not {what}.")
        return value

    return AfterValidator(check)


def network(value: str) -> str:
    """Return *value* as an IPv4 network with its prefix length."""
    try:
        found = ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise ValueError(f"{value!r} is not a network such as '203.0.113.0/24'.") from None
    if found.version != 4:  # noqa: PLR2004 - the protocol's own number
        raise ValueError(f"{value!r} is IPv6, and the endpoint's address is IPv4. Give IPv4 networks.")
    if "/" not in value:
        raise ValueError(f"{value!r} has no prefix length. Did you mean '{found}'?")
    if found.network_address != ipaddress.ip_address(value.partition("/")[0]):
        raise ValueError(f"{value!r} names a host inside its network. Did you mean '{found}'?")
    return str(found)


def vpc_network(value: str) -> str:
    """Return *value* as a network that a VPC may use."""
    found = ipaddress.IPv4Network(value)
    if found.prefixlen > 28 or not is_private(value) or found.subnet_of(PRIVATE[3]):  # noqa: PLR2004 - in the message
        raise ValueError(f"{value!r} is not within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16, of size /8 to /28.")
    return value


def is_private(value: str) -> bool:
    """Say whether the internet routes no address of the network *value*."""
    return any(ipaddress.IPv4Network(value).subnet_of(private) for private in PRIVATE)


def is_whole_internet(networks: tuple[str, ...]) -> bool:
    """Say whether *networks* together let in half of all IPv4 addresses or more."""
    parts = ipaddress.collapse_addresses(ipaddress.IPv4Network(text) for text in networks)
    return sum(part.num_addresses for part in parts) >= 2**31


def region_of(zone: str) -> str:
    """
    Return the region of *zone*: ``cn-hangzhou-h`` is in ``cn-hangzhou``, ``ap-southeast-1a`` in ``ap-southeast-1``.

    Raises:
        ValueError: It does not look like a zone, or like a misspelled region's.
    """
    found = re.fullmatch(r"([a-z]{2}(?:-[a-z]{2,})+)-[a-z]|([a-z]{2}(?:-[a-z]+)+-\d+)[a-z]", zone)
    known = list(catalog.rows(Region))
    if not found:
        whole = " That is a region: add the zone's letter." if zone in known else " A zone looks like 'cn-hangzhou-h'."
        raise ValueError(f"{zone!r} is not a zone.{whole}")
    region = found[1] or found[2]
    meant = _misspelled(region, known)
    if meant:
        raise ValueError(f"{zone!r} is in no region of the catalog. Did you mean {meant!r}?")
    return region


def _misspelled(region: str, known: list[str]) -> str | None:
    """Return the region meant, or None for one that the catalog has or that may be newer than the catalog."""
    letters = {re.sub(r"\d", "", name) for name in known}
    if re.sub(r"\d", "", region) in letters:
        return None
    # Close enough for a slip (hangzou), too far for another city (guangzhou).
    compatriots = [name for name in known if name[:2] == region[:2]]
    return next(iter(difflib.get_close_matches(region, compatriots, n=1, cutoff=0.9)), None)


def zone(value: str) -> str:
    """Return *value* if it has the shape of a zone."""
    region_of(value)
    return value


def api_port(value: int) -> int:
    """Return *value* if the machine has that port to give."""
    if not 1024 <= value <= 65535:  # noqa: PLR2004 - in the message
        raise ValueError(
            f"{value} is not within 1024 to 65535. Ports below 1024 are the system's; the usual one is 8000."
        )
    if value in EPHEMERAL_PORTS:
        raise ValueError(
            f"{value} is one the machine uses itself, for outgoing connections (32768 to 60999). The usual one is 8000."
        )
    return value


def instance_type(value: str) -> str:
    """Return *value* if the catalog has that instance type."""
    return catalog.find(Instance, value).name


def gpu_series(value: str) -> str:
    """Return the name of a series of GPUs as ACS takes it today, also for what it was called before."""
    known = catalog.rows(Series).values()
    renamed = {alias: row.name for row in known for alias in row.aliases}
    row = catalog.find(Series, renamed.get(value, value))
    if row.gpu is None:
        names = ", ".join(other.name for other in known if other.gpu)
        raise ValueError(f"{value!r} is a class of CPUs, and an engine needs GPUs. Name a series of them: {names}.")
    return row.name


def image(value: str) -> str:
    """Return *value* if it is a pinned container image."""
    found = images.REFERENCE.fullmatch(value)
    if not found:
        raise ValueError(f"{value!r} is not an image reference such as 'registry.example.com/team/vllm:v1.2.3'.")
    if not found["tag"] and not found["digest"]:
        raise ValueError(f"{value!r} has no tag, so every boot could run another version. Add a tag or a digest.")
    return value


def tags(value: dict[str, str]) -> dict[str, str]:
    """Return *value* if a resource can carry it."""
    if len(value) > MOST_TAGS:
        raise ValueError(f"{len(value)} tags. A resource carries at most {MOST_TAGS}.")
    for text in (part for pair in value.items() for part in pair):
        if re.match(r"acs:|aliyun", text) or re.search(r"https?://", text):
            raise ValueError(f"{text!r} may not begin with 'acs:' or 'aliyun', nor hold a URL.")
    return value


def nccl_variables(value: dict[str, str]) -> dict[str, str]:
    """Return *value* if every name is a variable of NCCL or Gloo, and every text goes through a shell unchanged."""
    for name, text in value.items():
        if not re.fullmatch(r"(NCCL|GLOO)_[A-Z0-9_]+", name):
            raise ValueError(f"{name!r} is not a variable of NCCL or Gloo, such as 'NCCL_DEBUG'.")
        if not re.fullmatch(r"[\w.,:;/=^@%+-]*", text):
            raise ValueError(f"{name}: {text!r} holds a space, a quote or another character it cannot have.")
    return value


def physical_name(value: str) -> str:
    """
    Return *value* if every resource may be called so, whatever is put behind it.

    The longest that is put behind it still fits a RAM role name, and OOS keeps some beginnings to itself.
    Source: https://www.alibabacloud.com/help/en/ram/developer-reference/api-ram-2015-05-01-createrole (64), 2026-11-21,
    and for OOS the provider's documentation of oos.Template.
    """
    if not re.fullmatch(r"[A-Za-z](-?[A-Za-z0-9]){1,39}", value) or len(value) > LONGEST_NAME:
        raise ValueError(f"{value!r} is not 2 to {LONGEST_NAME} letters, digits and single dashes, a letter first.")
    if taken := re.match(r"(?i)aliyun|acs|alibaba|alicloud|oos", value):
        raise ValueError(
            f"{value!r} begins with {taken[0]!r}, as only names of the cloud's own do. Put a word before it."
        )
    return value


def _secret(check: Callable[[str], str]) -> AfterValidator:
    """Return *check* for a secret: an Output passes unseen, and no message repeats the value."""

    def guarded(value: str | pulumi.Output[str] | None) -> str | pulumi.Output[str] | None:
        return check(value) if isinstance(value, str) else value

    return AfterValidator(guarded)


def _api_key(value: str) -> str:
    if not value:
        raise ValueError("is empty. Leave it out to have one generated.")
    if any(character.isspace() or not character.isprintable() for character in value):
        raise ValueError("holds a space, a newline or another character that no HTTP header can carry. Remove it.")
    if not re.fullmatch(r"[A-Za-z0-9._~+/-]+=*", value):
        raise ValueError("holds a character outside A-Z a-z 0-9 - . _ ~ + / (and = at the end). Use those of RFC 6750.")
    if not 16 <= len(value) <= 512:  # noqa: PLR2004 - in the message
        raise ValueError(f"has {len(value)} characters. Use 16 to 512.")
    return value


def _kubeconfig(value: str) -> str:
    if "clusters" not in value or "users" not in value:
        raise ValueError("is not a kubeconfig. Give the text, not a path.")
    return value


def _pem(label: str, what: str, *, end: str = "") -> Callable[[str], str]:
    def check(value: str) -> str:
        text = value.strip().replace("\r\n", "\n") + "\n"
        if not re.fullmatch(rf"(?s)-----BEGIN {label}-----\n.*-----END {label}-----\n", text):
            raise ValueError(f"is not {what} in PEM.{end}")
        if len(text) > 4096:  # noqa: PLR2004 - in the message
            raise ValueError(f"has {len(text)} characters, and a secret parameter holds 4096. {_SHORTER}")
        return text

    return check


_SHORTER = "Use an elliptic curve key, and the chain without its root."

Cidr = Annotated[str, AfterValidator(network)]
VpcCidr = Annotated[str, AfterValidator(network), AfterValidator(vpc_network)]
Zone = Annotated[str, AfterValidator(zone)]
Port = Annotated[int, AfterValidator(api_port)]
GpuSeries = Annotated[str, AfterValidator(gpu_series)]
InstanceTypeName = Annotated[str, AfterValidator(instance_type)]
ContainerImage = Annotated[str, AfterValidator(image)]
PhysicalName = Annotated[str, AfterValidator(physical_name)]
Tags = Annotated[dict[str, str], AfterValidator(tags)]
NcclVariables = Annotated[dict[str, str], AfterValidator(nccl_variables)]
ApiKey = Annotated[str | pulumi.Output[str] | None, _secret(_api_key)]
Kubeconfig = Annotated[str | pulumi.Output[str] | None, _secret(_kubeconfig)]
Certificate = Annotated[
    str | None, _secret(_pem("CERTIFICATE", "a certificate chain", end=" Give the text, not a path."))
]
PrivateKey = Annotated[
    str | pulumi.Output[str] | None,
    _secret(_pem("(?:EC |RSA )?PRIVATE KEY", "an unencrypted private key", end=" Give the text, not a path.")),
]
