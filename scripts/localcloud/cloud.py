"""The cloud behind both doors: check, diff, create, read, update, delete, invoke."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from scripts.localcloud import exposure, faults, services
from scripts.localcloud.check import Checked, check, check_function
from scripts.localcloud.control_planes import ControlPlanes, Daemons
from scripts.localcloud.diff import Diff, diff
from scripts.localcloud.errors import CloudError, InitFailedError, LocalCloudError, suggestion
from scripts.localcloud.facts import error_codes, regions
from scripts.localcloud.kinds import INSTANCE
from scripts.localcloud.laws import FUNCTIONS, LAWS
from scripts.localcloud.laws.law import Ask, Waiting
from scripts.localcloud.machine import Machines, machines_at
from scripts.localcloud.machines.spec import MachineError
from scripts.localcloud.rules import function, rule
from scripts.localcloud.store import Store
from scripts.localcloud.values import UNKNOWN, Values
from scripts.localcloud.world import Record, World

HOME = "LOCALCLOUD_HOME"
"""Environment variable: the folder that holds the state of the local cloud."""
MACHINES = "LOCALCLOUD_MACHINES"
"""Environment variable: ``boot`` (the default), ``none`` or ``pretend``."""
_ROOT = Path(__file__).resolve().parents[2]


def home_from_environment() -> Path:
    """Return the folder of the local cloud's state: `HOME`, or ``.localcloud`` beside the program."""
    return Path(os.environ.get(HOME) or _ROOT / ".localcloud")


def mode_from_environment() -> str:
    """Return what machines and pods do: what `MACHINES` says."""
    return os.environ.get(MACHINES) or "boot"


@dataclass(frozen=True)
class Target:
    """Where a call goes: the region, how long it may take, what calls it off."""

    region: str
    timeout_seconds: float = 0
    cancelled: Event | None = None


class Cloud:
    """One local cloud; safe to use from several threads and processes."""

    def __init__(
        self, home: Path, machines: Machines | None = None, control_planes: ControlPlanes | None = None
    ) -> None:
        self.home = home
        self.store = Store(home)
        self.control_planes = control_planes or Daemons(home, mode_from_environment())
        self._machines = machines
        self._serves = False

    @property
    def machines(self) -> Machines:
        """The machines of this cloud."""
        if self._machines is None:
            self._machines = machines_at(self.home, mode_from_environment())
        return self._machines

    def check(
        self, type_: str, name: str, inputs: Values, *, secret: frozenset[str] = frozenset(), seed: str = ""
    ) -> Checked:
        """Return *inputs* with defaults and what is wrong with them."""
        return check(rule(type_), name, inputs, secret=secret, seed=seed)

    def diff(
        self,
        type_: str,
        name: str,
        state: Values,
        inputs: Values,
        *,
        ignore: frozenset[str] = frozenset(),
        replace_known: frozenset[str] = frozenset(),
    ) -> Diff:
        """Return what an update from *state* to *inputs* would change."""
        return diff(rule(type_), name, state, inputs, ignore=ignore, replace_known=replace_known)

    def preview(self, type_: str, inputs: Values, state: Values | None = None) -> Values:
        """Return the properties a resource will have, as far as they are known before the update."""
        old = state or {}
        computed = {
            name: old.get(name, UNKNOWN) if state is not None else UNKNOWN
            for name, row in rule(type_).properties.items()
            if row.computed
        }
        return computed | inputs

    def create(self, type_: str, inputs: Values, secret: frozenset[str], target: Target) -> Record:
        """
        Make a resource and wait until it is what was asked for.

        Raises:
            CloudError: Refused; nothing exists.
            InitFailedError: It exists but failed afterwards.

        """
        asked = faults.read(self.home)
        asked.refuse("create", type_)
        with self.store.transaction() as world:
            gives_up = asked.throttled(world, type_)
        if gives_up:
            raise CloudError("Throttling", error_codes()["Throttling"])
        with self.store.transaction() as world:
            record = LAWS[type_].create(self._ask(world, type_, target, inputs, secret, asked))
            self._commit(world)
        self._settle(record, target, asked)
        return record

    def _settle(self, record: Record, target: Target, asked: faults.Faults) -> None:
        waiting = Waiting(
            machines=lambda: self.machines,
            look=self.store.read,
            home=self.home,
            faults=asked,
            timeout_seconds=target.timeout_seconds or rule(record.type).timeouts.get("create", 600),
            cancelled=target.cancelled or Event(),
        )
        try:
            _dawdle(record, waiting, asked.slow.get(record.type, 0))
            changed = LAWS[record.type].settle(record, waiting)
        except InitFailedError as failure:
            self._remember(record, failure.properties)
            raise
        except MachineError as problem:
            self._forget(record)
            raise CloudError("InternalError", str(problem)) from problem
        if changed:
            self._remember(record, record.properties | changed)

    def _remember(self, record: Record, properties: Values) -> None:
        record.properties = properties
        with self.store.transaction() as world:
            kept = world.find(record.type, record.id)
            if kept is not None:
                kept.properties, kept.hidden = properties, record.hidden
            self._commit(world)

    def _forget(self, record: Record) -> None:
        with self.store.transaction() as world:
            kept = world.find(record.type, record.id)
            if kept is not None:
                world.remove(kept)
            with suppress(MachineError):
                self.machines.delete(record.id)
            self._commit(world)

    def read(self, type_: str, resource_id: str, state: Values) -> Record | None:
        """Return the resource as it is now, or nothing when it is gone; *state* is what the stack remembers."""
        if rule(type_).local:
            return Record(type_, resource_id, "", state)
        world = self.store.read()
        record = world.find(type_, resource_id)
        if record is not None:
            record.properties = LAWS[type_].read(world, record)
        return record

    def update(
        self, type_: str, resource_id: str, name: str, inputs: Values, secret: frozenset[str], target: Target
    ) -> Record:
        """
        Change a resource in place.

        Raises:
            CloudError: Refused, or it does not exist any more.

        """
        if rule(type_).local:
            return Record(type_, resource_id, "", inputs)
        asked = faults.read(self.home)
        asked.refuse("update", type_)
        with self.store.transaction() as world:
            record = world.need(type_, resource_id, "ResourceNotFound")
            found = diff(rule(type_), name, record.properties, inputs)
            merged = dict(inputs)
            ask = self._ask(world, type_, target, merged, secret, asked)
            LAWS[type_].update(ask, record, frozenset(found.names))
            rows = rule(type_).properties
            kept = {prop: value for prop, value in record.properties.items() if prop in rows and rows[prop].computed}
            record.properties = kept | merged
            record.secret = sorted(secret & set(merged))
            self._commit(world)
            return record

    def delete(self, type_: str, resource_id: str, region: str) -> None:
        """
        Remove a resource; one that is gone already is fine.

        Raises:
            CloudError: Something still needs it.

        """
        asked = faults.read(self.home)
        with self.store.transaction() as world:
            record = world.find(type_, resource_id)
            if record is None:
                return
            asked.refuse("delete", type_)
            LAWS[type_].delete(self._ask(world, type_, Target(region), {}, frozenset(), asked), record)
            world.remove(record)
            self._commit(world)

    def invoke(self, token: str, inputs: Values, region: str) -> Values:
        """
        Answer a provider function about *region*.

        Raises:
            LocalCloudError: Unknown function or arguments.

        """
        checked = check_function(token, function(token), inputs)
        if checked.failures:
            raise LocalCloudError("\n".join(map(str, checked.failures)))
        return FUNCTIONS[token](self.store.read(), region, checked.inputs)

    def _ask(
        self,
        world: World,
        type_: str,
        target: Target,
        inputs: Values,
        secret: frozenset[str],
        asked: faults.Faults,
    ) -> Ask:
        if not rule(type_).local and target.region not in regions():
            known = suggestion(target.region, regions())
            raise LocalCloudError(f"alicloud:region: {target.region!r} is not a region of the local cloud.{known}")
        return Ask(world, target.region, inputs, secret, self.home, asked, self.control_planes)

    def _commit(self, world: World) -> None:
        """Do on the machines what was accepted, and publish it to them, before it is kept."""
        try:
            for effect in world.effects:
                effect(self.machines)
            if (world.exposed or any(world.all(INSTANCE))) and self.machines.available() is None:
                exposure.apply(world, self.machines)
        except MachineError as problem:
            raise CloudError("InternalError", str(problem)) from problem
        world.effects.clear()
        if not self._serves or services.KINDS.intersection(type_ for type_, _ in world.touched):
            services.write(world, self.home)
            self._serves = True


def _dawdle(record: Record, waiting: Waiting, slow_seconds: float) -> None:
    """Take as long as a fault asks for, unless somebody calls it off or its time is up."""
    if waiting.cancelled.wait(min(slow_seconds, waiting.timeout_seconds)):
        raise InitFailedError(record.id, record.properties, "cancelled while waiting for the resource.")
    if slow_seconds > waiting.timeout_seconds:
        raise InitFailedError(record.id, record.properties, "timeout while waiting for the resource.")
