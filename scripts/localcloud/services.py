"""What the machines' own endpoints answer from: secret parameters, roles and buckets, in one file only we may read."""

import os
from pathlib import Path

from scripts.localcloud.facts import system_policies
from scripts.localcloud.kinds import BUCKET, POLICY, POLICY_ATTACHMENT, ROLE, SECRET_PARAMETER
from scripts.localcloud.laws.oss import root_of
from scripts.localcloud.laws.ram import statements
from scripts.localcloud.store import write_json
from scripts.localcloud.world import Record, World

MODELSCOPE_ROOT = "LOCALCLOUD_MODELSCOPE_ROOT"
"""Environment variable: a folder of real model files to serve; unset, the machines' own small model is served."""


def write(world: World, home: Path) -> None:
    """Write ``services.json`` under *home* from *world*."""
    parameters: dict[str, dict[str, dict[str, str]]] = {}
    for parameter in world.all(SECRET_PARAMETER):
        named = parameters.setdefault(parameter.region, {})
        named[parameter.text("secretParameterName")] = {"value": parameter.text("value")}
    document = {
        "oos": parameters,
        "roles": {role.id: {"statements": _statements(world, role)} for role in world.all(ROLE)},
        "oss": {
            bucket.id: {"region": bucket.region, "root": str(root_of(home, bucket.id).resolve())}
            for bucket in world.all(BUCKET)
        },
        "modelscope": {"root": os.environ.get(MODELSCOPE_ROOT) or None},
    }
    write_json(home / "services.json", document)


def _statements(world: World, role: Record) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for link in world.where(POLICY_ATTACHMENT, "roleName", role.id):
        name = link.text("policyName")
        policy = world.find(POLICY, name)
        if link.text("policyType") == "System":
            found += system_policies()[name]
        elif policy is not None:
            found += statements(policy.properties)
    return found
