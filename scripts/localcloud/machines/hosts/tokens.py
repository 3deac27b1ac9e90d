"""Tokens of service accounts: signed by the home's authority, so that only its own cloud believes them."""

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

API_AUDIENCE = "https://kubernetes.default.svc"
SECONDS = 3600
_HEADER = {"alg": "HS256", "typ": "JWT"}
Claims = dict[str, Any]


def issuer(region: str, cluster_id: str) -> str:
    """Return who signs the tokens of a cluster. Source: the OIDC issuers of RRSA, help.aliyun.com/zh/ack, 2026-11."""
    return f"https://oidc-ack-{region}.oss-{region}.aliyuncs.com/{cluster_id}"


def mint(home: Path, claims: Claims) -> str:
    """Return a token that says *claims*, for an hour."""
    now = int(time.time())
    body: Claims = {"iat": now, "nbf": now, "exp": now + SECONDS} | claims
    signed = f"{_encode(_HEADER)}.{_encode(body)}"
    return f"{signed}.{_signature(home, signed)}"


def claims_of(home: Path, token: str) -> Claims | None:
    """Return what *token* says, None when it is not one of this home's, or not any more."""
    signed, _, signature = token.rpartition(".")
    if not hmac.compare_digest(signature, _signature(home, signed)):
        return None
    body = signed.partition(".")[2]
    claims: Claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims if claims["exp"] > time.time() else None


def _encode(value: Claims) -> str:
    return _text(json.dumps(value, sort_keys=True).encode())


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _signature(home: Path, signed: str) -> str:
    key = (home / "authority" / "ca.key").read_bytes()
    return _text(hmac.new(key, signed.encode(), hashlib.sha256).digest())
