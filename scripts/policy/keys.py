"""No AccessKey: neither made, nor configured, nor written down."""

import re
from collections.abc import Iterator

from .resources import Resource, places
from .rule import View
from .user_data import plain

_ID = re.compile(r"(?<![A-Za-z0-9])LTAI[A-Za-z0-9]{12,26}(?![A-Za-z0-9])")
"""
What an AccessKey's id looks like: 16 to 30 letters and digits.

Source: GitHub gitleaks/gitleaks, rule alibaba-access-key-id, for how it begins; the length is recalled.
"""

_ROLE = "Use a role instead: an instance's own (ecs.RamRoleAttachment), or RRSA for pods."


def no_access_key(resource: Resource, _view: View) -> Iterator[str]:
    """Yield how *resource* makes or holds an AccessKey; the key itself is never shown."""
    if resource.type == "alicloud:ram/accessKey:AccessKey":
        yield f"it is a key that does not end, and stands in the state. {_ROLE}"
    if resource.type == "pulumi:providers:alicloud" and resource.props.get("accessKey"):
        yield "accessKey is set, and stands in the state. Leave it out, and give credentials to the command that runs."
        return
    for place, value in places(resource.props):
        if isinstance(value, str) and _ID.search(plain(value)):
            yield f"{place} holds the id of an AccessKey. {_ROLE}"
