"""OOS secret parameters."""

import re

from scripts.localcloud.errors import CloudError
from scripts.localcloud.kinds import SECRET_PARAMETER
from scripts.localcloud.laws.law import Ask, Law, record_of
from scripts.localcloud.values import text
from scripts.localcloud.world import Record, now

_NAME = re.compile(r"[A-Za-z0-9_-]{2,200}")
_LONGEST = 4096


class SecretParameter(Law):
    """A secret parameter; names are unique in a region."""

    type = SECRET_PARAMETER

    def create(self, ask: Ask) -> Record:
        """Add a parameter under a free name."""
        name = text(ask.inputs, "secretParameterName")
        if _NAME.fullmatch(name) is None:
            message = f"secretParameterName {name!r} must be 2 to 200 letters, digits, - or _."
            raise CloudError("InvalidParameter.Name", message)
        self._value(ask)
        if any(other.region == ask.region for other in ask.world.where(self.type, "secretParameterName", name)):
            raise CloudError("EntityAlreadyExists.Parameter", f"The parameter {name!r} already exists.")
        return ask.world.add(record_of(self.type, ask, name, {"createTime": now(), "type": "Secret"}))

    def update(self, ask: Ask, record: Record, changed: frozenset[str]) -> None:  # noqa: ARG002
        """Check a new value as for a new parameter."""
        self._value(ask)

    def _value(self, ask: Ask) -> None:
        length = len(text(ask.inputs, "value"))
        if not 1 <= length <= _LONGEST:
            raise CloudError("InvalidParameter.Value", f"value has {length} characters; 1 to {_LONGEST} are allowed.")
