"""RAM users, their access keys and what policies they have."""

import hashlib
import secrets

from scripts.localcloud.errors import CloudError
from scripts.localcloud.kinds import ACCESS_KEY, USER, USER_POLICY_ATTACHMENT
from scripts.localcloud.laws.law import Ask, Law, record_of
from scripts.localcloud.laws.ram import need_policy
from scripts.localcloud.values import Values, text
from scripts.localcloud.world import Record, World, now

_MOST_KEYS = 2
_ID_LENGTH = 18
_SECRET_LENGTH = 30


def user_named(world: World, name: str) -> Record:
    """
    Return the user with that name; ids are numbers.

    Raises:
        CloudError: There is none.

    """
    found = next(iter(world.where(USER, "name", name)), None)
    if found is None:
        raise CloudError("EntityNotExist.User", f"The user {name!r} does not exist.")
    return found


class User(Law):
    """A RAM user."""

    type = USER

    def create(self, ask: Ask) -> Record:
        """Add a user under a free name."""
        name = text(ask.inputs, "name")
        if any(ask.world.where(self.type, "name", name)):
            raise CloudError("EntityAlreadyExists.User", f"The user {name!r} already exists.")
        return ask.world.add(record_of(self.type, ask, f"2{ask.world.count('user'):017d}", {}))

    def delete(self, ask: Ask, record: Record) -> None:
        """Refuse while it has keys or policies, unless forced."""
        name = record.text("name")
        kinds = {ACCESS_KEY: "AccessKey", USER_POLICY_ATTACHMENT: "Policy"}
        for type_, noun in kinds.items():
            left = list(ask.world.where(type_, "userName", name))
            if left and record.properties.get("force") is not True:
                ids = ", ".join(item.id for item in left)
                raise CloudError(f"DeleteConflict.User.{noun}", f"{name} still has {ids}.")
            for item in left:
                ask.world.remove(item)


class AccessKey(Law):
    """A pair of a RAM user: its id, and a secret that is shown once."""

    type = ACCESS_KEY

    def create(self, ask: Ask) -> Record:
        """Give a user a pair, of which it may have two."""
        for name in ("pgpKey", "secretFile"):
            if ask.inputs.get(name):
                raise CloudError("InvalidParameter", f"The local cloud takes no {name}: the secret is in the state.")
        user = user_named(ask.world, text(ask.inputs, "userName")).text("name")
        if len(list(ask.world.where(self.type, "userName", user))) == _MOST_KEYS:
            raise CloudError("LimitExceeded.User.AccessKey", f"{user} has {_MOST_KEYS} access keys already.")
        number = ask.world.count("access key")
        outputs: Values = {
            "secret": secrets.token_hex(_SECRET_LENGTH)[:_SECRET_LENGTH],
            "status": "Active",
            "createTime": now(),
        }
        key_id = "LTAI5t" + hashlib.sha256(str(number).encode()).hexdigest()[:_ID_LENGTH]
        record = record_of(self.type, ask, key_id, outputs)
        record.secret.append("secret")
        return ask.world.add(record)


class UserPolicyAttachment(Law):
    """The attachment of a policy to a user."""

    type = USER_POLICY_ATTACHMENT

    def create(self, ask: Ask) -> Record:
        """Attach once."""
        user, policy, kind = (text(ask.inputs, name) for name in ("userName", "policyName", "policyType"))
        user_named(ask.world, user)
        need_policy(ask.world, policy, kind)
        resource_id = f"user:{policy}:{kind}:{user}"
        if ask.world.find(self.type, resource_id) is not None:
            raise CloudError("EntityAlreadyExists.User.Policy", f"{policy} is already attached to {user}.")
        return ask.world.add(record_of(self.type, ask, resource_id, {}))
