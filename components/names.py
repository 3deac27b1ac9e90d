"""What a program calls an endpoint and what the account calls it, the same at every run."""

import dataclasses
import hashlib
import re
from typing import TYPE_CHECKING

import pulumi

from components.args.values import LONGEST_NAME

if TYPE_CHECKING:
    from components.args import LlmArgs


@dataclasses.dataclass(frozen=True)
class Name:
    """The name of an endpoint or of a part of it; as a text it is the program's."""

    logical: str
    """In the program, and in the stack's state."""
    physical: str
    """In the account: letters, digits and dashes only."""

    @classmethod
    def of(cls, logical: str, args: "LlmArgs") -> "Name":
        """Return the name of an endpoint: unless *args* say another, the account's is project, stack and component."""
        return cls(logical, args.physical_name or _physical(logical))

    def part(self, noun: str) -> "Name":
        """Return the name of a part of it."""
        return Name(f"{self.logical}-{noun}", f"{self.physical}-{noun}")

    def __str__(self) -> str:
        return self.logical


def _physical(logical: str) -> str:
    full = re.sub(r"[^A-Za-z0-9]+", "-", f"{pulumi.get_project()}-{pulumi.get_stack()}-{logical}").strip("-")
    if len(full) <= LONGEST_NAME:
        return full
    digest = hashlib.sha256(full.encode()).hexdigest()[:7]
    return f"{full[: LONGEST_NAME - 8]}-{digest}"


def slug(cidr: str) -> str:
    """Return *cidr* as a part of a logical name."""
    return re.sub(r"[^0-9a-f]+", "-", cidr)
