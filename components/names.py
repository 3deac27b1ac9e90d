"""Names that resources carry in the cloud account, the same at every run."""

import hashlib
import re

import pulumi

_MAX_LENGTH = 40


def physical_name(logical: str) -> str:
    """
    Return the account-wide name of *logical*: project, stack and component, letters, digits and dashes only.

    At most 40 characters, so that every suffix still fits a RAM role name.
    Source: https://www.alibabacloud.com/help/en/ram/developer-reference/api-ram-2015-05-01-createrole (64), 2026-11-21.
    """
    full = re.sub(r"[^A-Za-z0-9]+", "-", f"{pulumi.get_project()}-{pulumi.get_stack()}-{logical}").strip("-")
    if len(full) <= _MAX_LENGTH:
        return full
    digest = hashlib.sha256(full.encode()).hexdigest()[:7]
    return f"{full[: _MAX_LENGTH - 8]}-{digest}"


def slug(cidr: str) -> str:
    """Return *cidr* as a part of a logical name."""
    return re.sub(r"[^0-9a-f]+", "-", cidr)
