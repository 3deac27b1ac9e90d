"""RAM roles, policies, their attachment to each other and of roles to instances."""

import json
from typing import cast

from scripts.localcloud.errors import CloudError
from scripts.localcloud.facts import system_policies
from scripts.localcloud.kinds import INSTANCE, POLICY, POLICY_ATTACHMENT, ROLE, ROLE_ATTACHMENT, USER_POLICY_ATTACHMENT
from scripts.localcloud.laws import trust
from scripts.localcloud.laws.law import Ask, Law, record_of
from scripts.localcloud.values import Values, text
from scripts.localcloud.world import Record, World, now

ACCOUNT = "1234567890123456"


def role_name_of(world: World, instance_id: str) -> str | None:
    """Return the name of the role that *instance_id* has, if any."""
    link = next(iter(world.where(ROLE_ATTACHMENT, "instanceId", instance_id)), None)
    return None if link is None else link.text("ramRoleName")


class Role(Law):
    """A RAM role."""

    type = ROLE

    def create(self, ask: Ask) -> Record:
        """Add a role under a free name."""
        name = text(ask.inputs, "roleName") or text(ask.inputs, "name")
        if ask.world.find(self.type, name) is not None:
            raise CloudError("EntityAlreadyExists.Role", f"The role {name!r} already exists.")
        trust.statements(ask.inputs)
        outputs: Values = {
            "arn": f"acs:ram::{ACCOUNT}:role/{name.lower()}",
            "roleId": f"3{ask.world.count('role'):017d}",
            "roleName": name,
            "name": name,
            "maxSessionDuration": 3600,
            "createTime": now(),
        }
        return ask.world.add(record_of(self.type, ask, name, outputs))

    def update(self, ask: Ask, record: Record, changed: frozenset[str]) -> None:  # noqa: ARG002
        """Check the new trust policy."""
        trust.statements(ask.inputs)

    def delete(self, ask: Ask, record: Record) -> None:
        """Refuse while policies or instances hold it; ``force`` lets go of the policies."""
        machines = [link.text("instanceId") for link in ask.world.where(ROLE_ATTACHMENT, "ramRoleName", record.id)]
        if machines:
            raise CloudError("DeleteConflict.Role.Instance", f"{record.id} is the role of {', '.join(machines)}.")
        links = list(ask.world.where(POLICY_ATTACHMENT, "roleName", record.id))
        if links and record.properties.get("force") is not True:
            names = ", ".join(link.text("policyName") for link in links)
            raise CloudError("DeleteConflict.Role.Policy", f"{record.id} still has policy {names}.")
        for link in links:
            ask.world.remove(link)


class Policy(Law):
    """A custom RAM policy."""

    type = POLICY

    def create(self, ask: Ask) -> Record:
        """Add a policy under a free name."""
        name = text(ask.inputs, "policyName") or text(ask.inputs, "name")
        if ask.world.find(self.type, name) is not None:
            raise CloudError("EntityAlreadyExists.Policy", f"The policy {name!r} already exists.")
        statements(ask.inputs)
        outputs: Values = {
            "policyName": name,
            "name": name,
            "type": "Custom",
            "defaultVersion": "v1",
            "versionId": "v1",
            "attachmentCount": 0,
            "createTime": now(),
        }
        return ask.world.add(record_of(self.type, ask, name, outputs))

    def update(self, ask: Ask, record: Record, changed: frozenset[str]) -> None:
        """Count a new document as a new version."""
        if changed & {"policyDocument", "document", "statements"}:
            statements(ask.inputs)
            version = f"v{int(record.text('defaultVersion').removeprefix('v')) + 1}"
            ask.inputs["defaultVersion"] = ask.inputs["versionId"] = version

    def delete(self, ask: Ask, record: Record) -> None:
        """Refuse while attached, unless forced."""
        links = _attachments(ask.world, record)
        if links and record.properties.get("force") is not True:
            noun = "Role" if links[0].type == POLICY_ATTACHMENT else "User"
            names = ", ".join(link.text("roleName") or link.text("userName") for link in links)
            raise CloudError(f"DeleteConflict.Policy.{noun}", f"{record.id} is still attached to {names}.")
        for link in links:
            ask.world.remove(link)

    def read(self, world: World, record: Record) -> Values:
        """Return the policy with the number of its attachments."""
        return record.properties | {"attachmentCount": len(_attachments(world, record))}


def _attachments(world: World, policy: Record) -> list[Record]:
    types = (POLICY_ATTACHMENT, USER_POLICY_ATTACHMENT)
    return [link for type_ in types for link in world.where(type_, "policyName", policy.id)]


def statements(properties: Values) -> list[dict[str, object]]:
    """
    Return the statements of a policy in one form: effect, actions, resources.

    Raises:
        CloudError: The document is not a policy.

    """
    document = text(properties, "policyDocument") or text(properties, "document")
    if not document:
        return cast("list[dict[str, object]]", properties.get("statements") or [])
    try:
        parsed = json.loads(document)
        rows = parsed["Statement"]
        return [
            {"effect": row["Effect"], "actions": _many(row["Action"]), "resources": _many(row["Resource"])}
            for row in rows
        ]
    except (ValueError, KeyError, TypeError) as problem:
        raise CloudError("MalformedPolicyDocument", f"policyDocument: {problem} is missing or not legal.") from None


def need_policy(world: World, name: str, kind: str) -> None:
    """
    Check that there is a policy *name* of *kind*, Custom or System.

    Raises:
        CloudError: There is none.

    """
    if kind == "Custom":
        world.need(POLICY, name, "EntityNotExist.Policy")
    elif name not in system_policies():
        known = ", ".join(system_policies())
        raise CloudError("EntityNotExist.Policy", f"The local cloud knows the system policies {known}.")


def _many(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


class RolePolicyAttachment(Law):
    """The attachment of a policy to a role."""

    type = POLICY_ATTACHMENT

    def create(self, ask: Ask) -> Record:
        """Attach once."""
        role, policy, kind = (text(ask.inputs, name) for name in ("roleName", "policyName", "policyType"))
        ask.world.need(ROLE, role, "EntityNotExist.Role")
        need_policy(ask.world, policy, kind)
        resource_id = f"role:{policy}:{kind}:{role}"
        if ask.world.find(self.type, resource_id) is not None:
            raise CloudError("EntityAlreadyExists.Role.Policy", f"{policy} is already attached to {role}.")
        return ask.world.add(record_of(self.type, ask, resource_id, {}))


class RamRoleAttachment(Law):
    """The role of an instance."""

    type = ROLE_ATTACHMENT

    def create(self, ask: Ask) -> Record:
        """Give an instance the one role it may have."""
        instance = ask.world.need(INSTANCE, text(ask.inputs, "instanceId"), "InvalidInstanceId.NotFound")
        name = text(ask.inputs, "ramRoleName")
        role = ask.world.need(ROLE, name, "InvalidRamRole.NotFound")
        if not trust.trusts_ecs(role.properties):
            raise CloudError("Forbidden.RamRoleNotTrusted", f"{name} does not let ecs.aliyuncs.com take it.")
        held = role_name_of(ask.world, instance.id)
        if held is not None:
            message = f"{instance.id} has the role {held}. An instance has one role."
            raise CloudError("Operation.Conflict", message)
        ask.world.then(lambda machines: machines.set_role(instance.id, name))
        return ask.world.add(record_of(self.type, ask, f"{instance.id}:{name}", {}))

    def delete(self, ask: Ask, record: Record) -> None:
        """Take the role away."""
        instance_id = record.text("instanceId")
        if ask.world.find(INSTANCE, instance_id) is not None:
            ask.world.then(lambda machines: machines.set_role(instance_id, None))
