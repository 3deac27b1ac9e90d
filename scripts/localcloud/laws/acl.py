"""Access control lists of load balancers and their entries."""

from ipaddress import ip_network

from scripts.localcloud.acls import entries, rows
from scripts.localcloud.errors import CloudError
from scripts.localcloud.kinds import ACL, ACL_ENTRY
from scripts.localcloud.laws.law import Ask, Law, record_of
from scripts.localcloud.values import Values, text
from scripts.localcloud.world import Record


def _check(cidr: str) -> None:
    try:
        ip_network(cidr)
    except ValueError as problem:
        raise CloudError("InvalidParameter", f"entry {cidr!r} is not a CIDR block: {problem}.") from None


class Acl(Law):
    """An access control list."""

    type = ACL

    def create(self, ask: Ask) -> Record:
        """Add a list with its entries."""
        self._check_entries(ask.inputs)
        return ask.world.add(record_of(self.type, ask, ask.world.new_id("acl", ask.region), {}))

    def update(self, ask: Ask, record: Record, changed: frozenset[str]) -> None:  # noqa: ARG002
        """Check the new entries."""
        self._check_entries(ask.inputs)

    def delete(self, ask: Ask, record: Record) -> None:
        """Refuse while a listener has it; its attached entries go with it."""
        holders = [balancer.id for balancer in ask.world.balancers if record.id in balancer.acls.values()]
        if holders:
            message = f"The ACL has binded with vip. {record.id} is on a listener of {', '.join(holders)}."
            raise CloudError("OperationFailed.AclBindedWithVip", message)
        for entry in list(ask.world.where(ACL_ENTRY, "aclId", record.id)):
            ask.world.remove(entry)

    def _check_entries(self, inputs: Values) -> None:
        for row in rows(inputs):
            _check(text(row, "entry"))


class AclEntryAttachment(Law):
    """One entry of a list."""

    type = ACL_ENTRY

    def create(self, ask: Ask) -> Record:
        """Add an entry that the list does not have yet."""
        acl = ask.world.need(ACL, text(ask.inputs, "aclId"), "AclNotExist")
        cidr = text(ask.inputs, "entry")
        _check(cidr)
        if cidr in entries(ask.world, acl):
            raise CloudError("InvalidParameter", f"{acl.id} has the entry {cidr} already.")
        return ask.world.add(record_of(self.type, ask, f"{acl.id}:{cidr}", {}))
