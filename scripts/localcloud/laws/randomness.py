"""The random provider: values made once and kept in the stack's state, nowhere else."""

import base64
import hashlib
import secrets
import string

from scripts.localcloud.errors import CloudError
from scripts.localcloud.kinds import PASSWORD, RANDOM_ID
from scripts.localcloud.laws.law import Ask, Law, record_of
from scripts.localcloud.values import Values, number, text
from scripts.localcloud.world import Record

_SPECIAL = "!@#$%&*()-_=+[]{}<>:?"


class RandomPassword(Law):
    """A random secret."""

    type = PASSWORD

    def create(self, ask: Ask) -> Record:
        """Make a value that meets the minimums; nothing is added to the world."""
        classes = {
            "Lower": string.ascii_lowercase if ask.inputs.get("lower") else "",
            "Upper": string.ascii_uppercase if ask.inputs.get("upper") else "",
            "Numeric": string.digits if ask.inputs.get("numeric") else "",
            "Special": (text(ask.inputs, "overrideSpecial") or _SPECIAL) if ask.inputs.get("special") else "",
        }
        if not any(classes.values()):
            raise CloudError("InvalidParameter", "lower, upper, numeric and special are all off: no character is left.")
        drawn = [secrets.choice(chars) for name, chars in classes.items() for _ in range(_least(ask.inputs, name))]
        alphabet = "".join(classes.values())
        drawn += [secrets.choice(alphabet) for _ in range(number(ask.inputs, "length") - len(drawn))]
        secrets.SystemRandom().shuffle(drawn)
        result = "".join(drawn)
        record = record_of(self.type, ask, "none", {"result": result, "bcryptHash": _hash(result)})
        record.secret += ["bcryptHash", "result"]
        return record


def _least(inputs: Values, name: str) -> int:
    return number(inputs, f"min{name}")


def _hash(result: str) -> str:
    """Return a stand-in for the bcrypt hash: the same shape, not checkable."""
    digest = base64.b64encode(hashlib.sha512(result.encode()).digest()).decode()
    return "$2a$10$" + digest.replace("+", ".").replace("=", "")[:53]


class RandomId(Law):
    """Random bytes in four spellings."""

    type = RANDOM_ID

    def create(self, ask: Ask) -> Record:
        """Draw the bytes; nothing is added to the world."""
        drawn = secrets.token_bytes(number(ask.inputs, "byteLength"))
        prefix = text(ask.inputs, "prefix")
        url = base64.urlsafe_b64encode(drawn).decode().rstrip("=")
        outputs: Values = {
            "b64Std": prefix + base64.b64encode(drawn).decode(),
            "b64Url": prefix + url,
            "dec": prefix + str(int.from_bytes(drawn)),
            "hex": prefix + drawn.hex(),
        }
        return record_of(self.type, ask, url, outputs)
