"""Who may take a role: its trust policy in one form."""

import json
from typing import Any

from scripts.localcloud.errors import CloudError
from scripts.localcloud.values import Values, text

_ECS = "ecs.aliyuncs.com"
_ACTION = "sts:AssumeRole"


def statements(properties: Values) -> list[dict[str, object]]:
    """
    Return who may take a role with *properties*: of each statement the services, the OIDC providers, the conditions.

    A condition is an operator, the name of what it looks at, and the values that it takes, such as StringEquals,
    ``oidc:sub`` and ``system:serviceaccount:llm:stage``.

    Raises:
        CloudError: The document is no trust policy.

    """
    document = text(properties, "assumeRolePolicyDocument") or text(properties, "document")
    if not document:
        return [_statement(_many(properties.get("services")), [], [])]
    try:
        return [_parsed(row) for row in json.loads(document)["Statement"]]
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise CloudError("MalformedPolicyDocument", f"the trust policy: {problem} is missing or not legal.") from None


def trusts_ecs(properties: Values) -> bool:
    """Whether a role with *properties* lets ECS instances take it."""
    return any(_ECS in _many(row["services"]) for row in statements(properties))


def _parsed(row: dict[str, Any]) -> dict[str, object]:
    if (row["Effect"], row["Action"]) != ("Allow", _ACTION):
        raise ValueError(f"{row['Effect']} {row['Action']}")
    conditions: list[dict[str, object]] = [
        {"operator": operator, "key": key, "values": _many(values)}
        for operator, wanted in row.get("Condition", {}).items()
        for key, values in wanted.items()
    ]
    principal = row["Principal"]
    return _statement(_many(principal.get("Service")), _many(principal.get("Federated")), conditions)


def _statement(services: list[str], providers: list[str], conditions: list[dict[str, object]]) -> dict[str, object]:
    return {"services": services, "providers": providers, "conditions": conditions}


def _many(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [] if value is None else [str(value)]
