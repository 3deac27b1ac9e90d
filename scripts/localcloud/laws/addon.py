"""Add-ons of clusters."""

import json

from scripts.localcloud.errors import CloudError, suggestion
from scripts.localcloud.facts import addons
from scripts.localcloud.kinds import ADDON, CLUSTER
from scripts.localcloud.laws.law import Ask, Law, record_of
from scripts.localcloud.values import Values, text
from scripts.localcloud.world import Record


class KubernetesAddon(Law):
    """An add-on; its objects in the cluster are not made here."""

    type = ADDON

    def create(self, ask: Ask) -> Record:
        """Install an add-on that is known, or take over the one that is there."""
        cluster = ask.world.need(CLUSTER, text(ask.inputs, "clusterId"), "ErrorClusterNotFound")
        name = text(ask.inputs, "name")
        if name not in addons():
            known = f"The local cloud knows {', '.join(addons())}.{suggestion(name, addons())}"
            raise CloudError("AddonNotFound", f"{name!r} is not an add-on. {known}")
        _check_config(ask.inputs)
        resource_id = f"{cluster.id}:{name}"
        there = ask.world.find(self.type, resource_id)
        if there is not None:
            ask.world.remove(there)
        outputs: Values = {"version": "v0.0.0", "config": "{}", "required": False, "canUpgrade": False}
        return ask.world.add(record_of(self.type, ask, resource_id, outputs | {"nextVersion": ""}))

    def update(self, ask: Ask, record: Record, changed: frozenset[str]) -> None:  # noqa: ARG002
        """Check the new configuration."""
        _check_config(ask.inputs)


def _check_config(inputs: Values) -> None:
    config = text(inputs, "config")
    try:
        parsed = json.loads(config or "{}")
    except ValueError as problem:
        raise CloudError("InvalidParameter", f"config is not JSON: {problem}.") from None
    if not isinstance(parsed, dict):
        raise CloudError("InvalidParameter", "config is not a JSON object.")
