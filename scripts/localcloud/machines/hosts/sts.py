"""
STS, as far as AssumeRoleWithOIDC goes: a service account's token opens a role that trusts its cluster.

Sources: https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-assumerolewithoidc,
https://help.aliyun.com/zh/ram/developer-reference/api-sts-2015-04-01-errorcodes, 2026-11. The latter's row for a token
of another issuer was not seen.
"""

import datetime as dt
import fnmatch
import uuid
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from scripts.localcloud.machines.hosts import tokens
from scripts.localcloud.machines.hosts.messages import Answer, RefusedError, Request, as_json
from scripts.localcloud.machines.hosts.state import Account, Credentials

VERSION = "2015-04-01"
AUDIENCE = "sts.aliyuncs.com"
_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": str.__eq__,
    "StringLike": fnmatch.fnmatchcase,
}


class Sts:
    """The STS endpoint."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def answer(self, request: Request) -> Answer:
        """Return the answer to one call."""
        parameters = request.query | dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        try:
            return self._call(parameters)
        except RefusedError as refusal:
            told = {"Code": refusal.code, "Message": str(refusal), "RequestId": str(uuid.uuid4())}
            return as_json(refusal.status, told)

    def _call(self, parameters: Mapping[str, str]) -> Answer:
        called = (parameters.get("Action"), parameters.get("Version"))
        if called != ("AssumeRoleWithOIDC", VERSION):
            raise RefusedError(404, "InvalidAction.NotFound", f"The action {called} is not in the local cloud.")
        for name in ("OIDCProviderArn", "OIDCToken", "RoleArn", "RoleSessionName"):
            if not parameters.get(name):
                raise RefusedError(400, f"MissingParameter.{name}", f"The parameter {name} is missing.")
        claims = tokens.claims_of(self._account.home, parameters["OIDCToken"])
        if claims is None:
            raise _failed("OIDCToken.InvalidSignature", "OIDC token validate failed: invalid signature.")
        return self._answered(assume(self._account, parameters["RoleArn"], parameters["OIDCProviderArn"], claims))

    def _answered(self, found: Credentials) -> Answer:
        stamp = dt.datetime.fromtimestamp(found.expiration, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        shown = {
            "AccessKeyId": found.key_id,
            "AccessKeySecret": found.secret,
            "SecurityToken": found.token,
            "Expiration": stamp,
        }
        return as_json(200, {"RequestId": str(uuid.uuid4()), "Credentials": shown})


def assume(account: Account, role_arn: str, provider_arn: str, claims: Mapping[str, Any]) -> Credentials:
    """
    Return the credentials of a role for whoever the token of a cluster says *claims* of.

    Raises:
        RefusedError: STS would not give them.
    """
    services = account.services
    provider = services["oidc"].get(provider_arn)
    if provider is None:
        raise _failed("NoPermission", "No such OIDC Provider registered.")
    if claims["iss"] != provider["issuer"]:
        raise _failed("OIDCToken.Invalid", f"the token is of {claims['iss']}, the provider of {provider['issuer']}.")
    if AUDIENCE not in claims["aud"]:
        raise _failed("OIDCToken.AudienceNotMatch", "Invalid audience.")
    name, role = next(((name, role) for name, role in services["roles"].items() if role["arn"] == role_arn), ("", None))
    if role is None:
        raise RefusedError(404, "EntityNotExist.Role", f"The role {role_arn} does not exist.")
    if not any(_trusts(statement, provider_arn, claims) for statement in role["trust"]):
        raise _failed("NoPermission", f"There is no permission: {role_arn} does not trust {claims['sub']}.")
    return account.assumed(name)


def _failed(code: str, message: str) -> RefusedError:
    return RefusedError(401, f"AuthenticationFail.{code}", message)


def _trusts(statement: Mapping[str, Any], provider_arn: str, claims: Mapping[str, Any]) -> bool:
    said = {"oidc:iss": [claims["iss"]], "oidc:aud": claims["aud"], "oidc:sub": [claims["sub"]]}
    return provider_arn in statement["providers"] and all(
        any(
            _OPERATORS[condition["operator"]](value, wanted)
            for value in said[condition["key"]]
            for wanted in condition["values"]
        )
        for condition in statement["conditions"]
    )
