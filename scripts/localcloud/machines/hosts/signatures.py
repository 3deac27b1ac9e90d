"""
Check the signatures of Alibaba Cloud's request styles: ACS3, RPC version 1, OSS versions 1 and 4.

Source: https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from urllib.parse import quote, unquote

from scripts.localcloud.machines.hosts.messages import Request

ACS3 = "ACS3-HMAC-SHA256"
_ACS3 = re.compile(rf"{ACS3} Credential=(?P<key>[^,]+),SignedHeaders=(?P<names>[^,]+),Signature=(?P<mac>[0-9a-f]+)")
ACS3_MUST_SIGN = {"host", "x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce"}


def encode(value: str) -> str:
    """Return *value* percent-encoded as RFC 3986 asks."""
    return quote(value, safe="~")


def canonical_query(parameters: Mapping[str, str]) -> str:
    """Return *parameters* sorted, encoded and joined."""
    return "&".join(f"{encode(name)}={encode(value)}" for name, value in sorted(parameters.items()))


def acs3_key(request: Request) -> str | None:
    """Return the access key id of an ACS3 request, None when it is no such request."""
    match = _ACS3.fullmatch(request.headers.get("authorization", ""))
    return match["key"] if match else None


def acs3_valid(request: Request, secret: str) -> bool:
    """Return whether *secret* made the ACS3 signature and every header that must be signed is."""
    match = _ACS3.fullmatch(request.headers.get("authorization", ""))
    if not match:
        return False
    names = match["names"].split(";")
    body = hashlib.sha256(request.body).hexdigest()
    if not set(names) >= ACS3_MUST_SIGN or request.headers.get("x-acs-content-sha256") != body:
        return False
    lines = "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in names)
    path = quote(request.path, safe="/~")
    canonical = "\n".join([request.method, path, canonical_query(request.query), lines, match["names"], body])
    to_sign = f"{ACS3}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    mac = hmac.new(secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(mac, match["mac"])


def rpc_valid(method: str, parameters: Mapping[str, str], secret: str) -> bool:
    """Return whether *secret* made the Signature among the RPC *parameters*."""
    rest = {name: value for name, value in parameters.items() if name != "Signature"}
    to_sign = f"{method}&%2F&{encode(canonical_query(rest))}"
    mac = hmac.new(f"{secret}&".encode(), to_sign.encode(), hashlib.sha1).digest()
    return hmac.compare_digest(base64.b64encode(mac).decode(), parameters.get("Signature", ""))


def oss_key(request: Request) -> str | None:
    """Return the access key id of an OSS request signed in version 1 or 4, None without a signature."""
    header = request.headers.get("authorization", "")
    if header.startswith("OSS4-HMAC-SHA256 "):
        match = re.search(r"Credential=([^/,]+)/", header)
        return match[1] if match else None
    if header.startswith("OSS "):
        return header.removeprefix("OSS ").partition(":")[0]
    return None


def oss_valid(bucket: str, request: Request, secret: str) -> bool:
    """Return whether *secret* made the OSS signature of *request* to *bucket*."""
    header = request.headers.get("authorization", "")
    if header.startswith("OSS4-HMAC-SHA256 "):
        return _oss4_valid(bucket, request, secret)
    given = header.rpartition(":")[2]
    mac = hmac.new(secret.encode(), _oss1_text(bucket, request).encode(), hashlib.sha1).digest()
    return hmac.compare_digest(base64.b64encode(mac).decode(), given)


def _oss1_text(bucket: str, request: Request) -> str:
    """Source: https://www.alibabacloud.com/help/en/oss/developer-reference/include-signatures-in-the-authorization-header."""
    own = sorted(name for name in request.headers if name.startswith("x-oss-"))
    counted = {"continuation-token", "security-token", "acl", "location", "partNumber", "uploadId", "uploads"}
    query = {name: value for name, value in request.query.items() if name in counted}
    resource = f"/{bucket}{request.path}"
    if query:
        resource += "?" + "&".join(f"{name}={value}" if value else name for name, value in sorted(query.items()))
    headers = request.headers
    lines = [request.method, headers.get("content-md5", ""), headers.get("content-type", ""), headers.get("date", "")]
    return "\n".join([*lines, *(f"{name}:{headers[name]}" for name in own), resource])


def _oss4_valid(bucket: str, request: Request, secret: str) -> bool:
    """Source: https://www.alibabacloud.com/help/en/oss/developer-reference/recommend-to-use-signature-version-4."""
    header = request.headers["authorization"]
    scope = re.search(r"Credential=[^/,]+/(\d{8}/[^/]+/oss/aliyun_v4_request)", header)
    given = re.search(r"Signature=([0-9a-f]{64})", header)
    extra = re.search(r"AdditionalHeaders=([^, ]+)", header)
    if not scope or not given:
        return False
    additional = extra[1].split(";") if extra else []
    signed = sorted(
        name
        for name in request.headers
        if name.startswith("x-oss-") or name in ("content-type", "content-md5") or name in additional
    )
    query = "&".join(
        encode(unquote(name)) + (f"={encode(value)}" if value else "") for name, value in sorted(request.query.items())
    )
    canonical = "\n".join(
        [
            request.method,
            quote(f"/{bucket}{request.path}", safe="/~"),
            query,
            "".join(f"{name}:{request.headers[name].strip()}\n" for name in signed),
            ";".join(additional),
            request.headers.get("x-oss-content-sha256", "UNSIGNED-PAYLOAD"),
        ]
    )
    stamp = request.headers.get("x-oss-date", "")
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = "\n".join(["OSS4-HMAC-SHA256", stamp, scope[1], digest])
    key = f"aliyun_v4{secret}".encode()
    for part in [*scope[1].split("/")]:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.compare_digest(hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest(), given[1])
