"""What the machines' own endpoints answer from: parameters, roles, users and buckets, in one file only we may read."""

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from scripts.localcloud.facts import system_policies
from scripts.localcloud.kinds import (
    ACCESS_KEY,
    BUCKET,
    CLUSTER,
    POLICY,
    POLICY_ATTACHMENT,
    ROLE,
    SECRET_PARAMETER,
    USER_POLICY_ATTACHMENT,
)
from scripts.localcloud.laws import trust
from scripts.localcloud.laws.oss import root_of
from scripts.localcloud.laws.ram import statements
from scripts.localcloud.store import write_json
from scripts.localcloud.values import text
from scripts.localcloud.world import Record, World

MODELSCOPE_ROOT = "LOCALCLOUD_MODELSCOPE_ROOT"
"""Environment variable: a folder of real model files to serve; unset, the machines' own small model is served."""

KINDS = frozenset(
    {SECRET_PARAMETER, ROLE, POLICY, POLICY_ATTACHMENT, ACCESS_KEY, USER_POLICY_ATTACHMENT, BUCKET, CLUSTER}
)
"""What is written is made of these types."""


def write(world: World, home: Path) -> None:
    """Write ``services.json`` under *home* from *world*."""
    of_roles, of_users = _links(world, POLICY_ATTACHMENT, "roleName"), _links(world, USER_POLICY_ATTACHMENT, "userName")
    keys = [key for key in world.all(ACCESS_KEY) if key.text("status") == "Active"]
    parameters: dict[str, dict[str, dict[str, str]]] = {}
    for parameter in world.all(SECRET_PARAMETER):
        named = parameters.setdefault(parameter.region, {})
        named[parameter.text("secretParameterName")] = {"value": parameter.text("value")}
    document = {
        "oos": parameters,
        "roles": {role.id: _role(world, role, of_roles[role.id]) for role in world.all(ROLE)},
        "users": {key.id: _user(world, key, of_users[key.text("userName")]) for key in keys},
        "oidc": dict(filter(None, map(_provider, world.all(CLUSTER)))),
        "oss": {
            bucket.id: {"region": bucket.region, "root": str(root_of(home, bucket.id).resolve())}
            for bucket in world.all(BUCKET)
        },
        "modelscope": {"root": os.environ.get(MODELSCOPE_ROOT) or None},
    }
    write_json(home / "services.json", document)


def _links(world: World, type_: str, holder: str) -> Mapping[str, list[Record]]:
    """Return the attachments of *type_*, by what holds the policy."""
    found: dict[str, list[Record]] = defaultdict(list)
    for link in world.all(type_):
        found[link.text(holder)].append(link)
    return found


def _role(world: World, role: Record, links: Iterable[Record]) -> dict[str, object]:
    granted = _statements(world, links)
    return {"arn": role.text("arn"), "trust": trust.statements(role.properties), "statements": granted}


def _user(world: World, key: Record, links: Iterable[Record]) -> dict[str, object]:
    return {"name": key.text("userName"), "secret": key.text("secret"), "statements": _statements(world, links)}


def _provider(cluster: Record) -> tuple[str, dict[str, object]] | None:
    """Return the OIDC provider of a cluster that gives its service accounts roles."""
    known = cluster.properties["rrsaMetadata"]
    if not isinstance(known, dict) or known["enabled"] is not True:
        return None
    return text(known, "ramOidcProviderArn"), {"issuer": known["rrsaOidcIssuerUrl"], "cluster": cluster.id}


def _statements(world: World, links: Iterable[Record]) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for link in links:
        name = link.text("policyName")
        policy = world.find(POLICY, name)
        if link.text("policyType") == "System":
            found += system_policies()[name]
        elif policy is not None:
            found += statements(policy.properties)
    return found
