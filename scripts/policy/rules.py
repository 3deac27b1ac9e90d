"""The rules, and what they find in the resources of a stack."""

from collections.abc import Mapping, Sequence
from typing import Any

from .resources import Finding, Resource

Config = Mapping[str, Any]
"""
Changes to the rules, as in the file of `--policy-pack-config`: a level for each name, or a map of it and of options.

``{"tags-present": {"enforcementLevel": "mandatory", "required": ["team"]}, "no-ssh": "disabled"}``
"""


def findings(resources: Sequence[Resource], config: Config = {}) -> list[Finding]:  # noqa: B006 - never changed
    """
    Return what breaks a rule, mandatory rules first, else in the order of *resources*.

    Raises:
        ValueError: *config* is not usable; the sentence names the way out.
    """
    raise NotImplementedError
