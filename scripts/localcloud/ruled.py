"""The providers whose rules are data, alicloud and random, as the doors see them."""

import json
from collections.abc import Mapping

from scripts.localcloud import rules
from scripts.localcloud.backend import Call, State
from scripts.localcloud.check import Checked, auto_named
from scripts.localcloud.check_values import Failure
from scripts.localcloud.cloud import Cloud, Target
from scripts.localcloud.diff import Change, Diff
from scripts.localcloud.errors import suggestion
from scripts.localcloud.facts import regions
from scripts.localcloud.kinds import INSTANCE
from scripts.localcloud.values import UNKNOWN, Value, Values, text
from scripts.localcloud.world import Record

_ENGINE_KEYS = {"version", "pluginDownloadURL"}


class Ruled:
    """One provider of the cloud, for the region and the one feature in its settings."""

    def __init__(self, provider: rules.Provider, cloud: Cloud, settings: Mapping[str, Value] | None = None) -> None:
        self._provider = provider
        self._cloud = cloud
        given = dict(settings or {})
        self._region = text(given, "region")
        self._replaces_known = frozenset({"imageId"}) if _replaces_on_image(given) else frozenset[str]()

    @property
    def package(self) -> str:
        """The SDK's package this provider stands in for."""
        return self._provider.package

    def configured(self, settings: Values) -> "Ruled":
        """Return the same provider with other settings."""
        return Ruled(self._provider, self._cloud, settings)

    def check_config(self, inputs: Values) -> list[Failure]:
        """Return what is wrong with the settings; alicloud needs a region that exists."""
        failures = [
            Failure(name, f"no such setting of the provider.{suggestion(name, self._provider.config)}")
            for name in inputs
            if name not in self._provider.config | _ENGINE_KEYS
        ]
        return failures + (_region_failures(inputs) if "region" in self._provider.config else [])

    def diff_config(self, olds: Values, news: Values) -> Diff:
        """Return what changed; nothing replaces resources."""
        changed = [name for name in sorted({*olds, *news}) if olds.get(name) != news.get(name)]
        return Diff(tuple(Change(name, "update", replaces=False) for name in changed))

    def hidden(self, type_: str) -> frozenset[str]:
        """Return the properties of *type_* that are secret by its rules."""
        return frozenset(name for name, row in rules.rule(type_).properties.items() if row.secret)

    def check(self, call: Call, olds: Values, inputs: Values, secret: frozenset[str], seed: str) -> Checked:
        """Check *inputs*; a name that the provider made stays what it was."""
        kept = {
            name: olds[name]
            for name, row in rules.rule(call.type).properties.items()
            if row.auto_name and name not in inputs and auto_named(call.name, olds.get(name))
        }
        return self._cloud.check(call.type, call.name, inputs | kept, secret=secret, seed=seed)

    def diff(self, call: Call, state: State, inputs: Values, ignore: frozenset[str]) -> Diff:
        """Return what an update would change."""
        known = self._replaces_known if call.type == INSTANCE else frozenset[str]()
        return self._cloud.diff(call.type, call.name, state.outputs, inputs, ignore=ignore, replace_known=known)

    def preview(self, call: Call, inputs: Values, state: State | None) -> Values:
        """Return the properties as far as they are known."""
        return self._cloud.preview(call.type, inputs, state.outputs if state else None)

    def create(self, call: Call, inputs: Values, secret: frozenset[str]) -> Record:
        """Make a resource."""
        return self._cloud.create(call.type, inputs, secret, self._target(call))

    def read(self, call: Call, state: State) -> tuple[Record, Values] | None:
        """Return a resource as it is; its inputs are what was given before, or everything that can be given."""
        record = self._cloud.read(call.type, state.id, state.outputs)
        if record is None:
            return None
        rows = rules.rule(call.type).properties
        wanted = state.inputs or {name: value for name, value in record.properties.items() if not rows[name].output}
        return record, {name: record.properties.get(name, value) for name, value in wanted.items()}

    def update(self, call: Call, state: State, inputs: Values, secret: frozenset[str]) -> Record:
        """Change a resource in place."""
        return self._cloud.update(call.type, state.id, call.name, inputs, secret, self._target(call))

    def delete(self, call: Call, state: State) -> None:
        """Remove a resource."""
        self._cloud.delete(call.type, state.id, self._region)

    def invoke(self, token: str, inputs: Values) -> Values:
        """Answer a function."""
        return self._cloud.invoke(token, inputs, self._region)

    def _target(self, call: Call) -> Target:
        return Target(self._region, call.timeout_seconds, call.cancelled)


def _replaces_on_image(settings: Values) -> bool:
    features = settings.get("features")
    parsed = json.loads(features) if isinstance(features, str) and features else features
    ecs = parsed.get("ecsInstance") if isinstance(parsed, dict) else None
    return isinstance(ecs, dict) and ecs.get("replaceOnImageUpdate") is True


def _region_failures(inputs: Values) -> list[Failure]:
    region = inputs.get("region")
    if region is UNKNOWN or region in regions():
        return []
    if not isinstance(region, str) or not region:
        return [Failure("region", "missing. Set alicloud:region in the stack's configuration, such as cn-hangzhou.")]
    return [Failure("region", f"{region!r} is not a region of the local cloud.{suggestion(region, regions())}")]
