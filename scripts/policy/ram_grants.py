"""What a statement allows, and whether that is more than anybody needs."""

import fnmatch
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .ram_shape import Problem, listed

_RAISING = (
    "ram:AddUserToGroup",
    "ram:AttachPolicyToGroup",
    "ram:AttachPolicyToRole",
    "ram:AttachPolicyToUser",
    "ram:CreateAccessKey",
    "ram:CreateLoginProfile",
    "ram:CreatePolicyVersion",
    "ram:PassRole",
    "ram:SetDefaultPolicyVersion",
    "ram:UpdateLoginProfile",
    "ram:UpdateRole",
    "sts:AssumeRole",
)
"""With one of these on anybody's identity, whoever has it gives herself any permission."""

_TELLING = (
    "cs:DescribeClusterUserKubeconfig",
    "kms:Decrypt",
    "kms:GetSecretValue",
    "oos:GetSecretParameter",
    "oos:GetSecretParameters",
    "oos:GetSecretParametersByPath",
    "oss:GetObject",
)
"""They return what is kept secret, or may be."""

_SERVICE = {"sts:AssumeRole": "ram"}
"""Of whose resources an action is, where not of its own service's."""

_READING = re.compile(r"[\w-]+:(Describe|Get|List|Query|Check|Head)", re.IGNORECASE)

_MANY = 5


def problems(where: str, statement: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield where the *statement*, which allows, allows too much."""
    for name in ("NotAction", "NotResource", "NotPrincipal"):
        if name in statement:
            yield Problem(f"{where}.{name}", f"all but {_some(listed(statement[name]))} is allowed. Name what is.")
    actions, resources = listed(statement.get("Action", [])), listed(statement.get("Resource", []))
    if "*" in actions:
        yield Problem(f"{where}.Action", "'*' allows everything, now and in future. Name the actions.")
    else:
        yield from _of_services(where, actions, resources)
    if "Condition" not in statement:
        yield from _on_all(where, [action for action in actions if action != "*"], resources)


def _of_services(where: str, actions: Sequence[str], resources: Sequence[str]) -> Iterator[Problem]:
    whole = [action for action in actions if action.endswith(":*")]
    if whole:
        text = f"{_some(whole)} allows whatever the service can do, now and in future. Name the actions."
        yield Problem(f"{where}.Action", text, "advisory")
    services = {"*" if resource == "*" else resource.split(":")[1] for resource in resources}
    lost = [action for action in actions if not services & {"*", _SERVICE.get(action, action.partition(":")[0])}]
    if lost and services:
        text = f"no resource is of the service of {_some(lost)}, so nothing is allowed. Add one."
        yield Problem(f"{where}.Resource", text, "advisory")


def _on_all(where: str, actions: Sequence[str], resources: Sequence[str]) -> Iterator[Problem]:
    raising = _matching(actions, _RAISING, resources)
    telling = _matching(actions, _TELLING, resources)
    changing = [action for action in actions if not _READING.match(action) and action not in (*raising, *telling)]
    if raising:
        text = f"{_some(raising)} on every identity is as good as every permission. Name the roles, users and policies."
        yield Problem(f"{where}.Resource", text)
    if telling:
        text = f"{_some(telling)} on every resource reads what others keep secret. Name the resources."
        yield Problem(f"{where}.Resource", text, "advisory")
    if changing and "*" in resources:
        text = f"{_some(changing)} on '*'. Name the resources, unless the service takes nothing else."
        yield Problem(f"{where}.Resource", text, "advisory")


def _matching(actions: Sequence[str], these: Sequence[str], resources: Sequence[str]) -> list[str]:
    """Return those of *actions* that mean one of *these*, on resources that leave open which."""

    def matches(action: str, meant: str) -> bool:
        return fnmatch.fnmatch(meant.lower(), action.lower()) and any(_open(one, meant) for one in resources)

    return [action for action in actions if any(matches(action, meant) for meant in these)]


def _open(resource: str, action: str) -> bool:
    """Say whether *resource* is any that *action* could be about: any bucket, any secret, any role."""
    if resource == "*":
        return True
    _, service, _, _, relative = resource.split(":", 4)
    if service not in ("*", _SERVICE.get(action, action.partition(":")[0])):
        return False
    # What stands before the first slash is a bucket's name in OSS, and a kind elsewhere.
    return relative[0] == "*" if service == "oss" else relative == "*" or relative.partition("/")[2] == "*"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MANY} more" if len(names) > _MANY else ""
    return f"{', '.join(names[:_MANY])}{more}"
