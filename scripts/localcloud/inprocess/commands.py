"""The commands of this door: preview, up, destroy, output, run, status, down."""

import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from scripts.localcloud import addresses
from scripts.localcloud.backend import Call, State
from scripts.localcloud.cloud import Cloud
from scripts.localcloud.errors import LocalCloudError, suggestion
from scripts.localcloud.inprocess import display, providers
from scripts.localcloud.inprocess.events import Journal, Message, Registration
from scripts.localcloud.inprocess.monitor import CloudMonitor
from scripts.localcloud.inprocess.placing import Setup
from scripts.localcloud.inprocess.program import main_program, run
from scripts.localcloud.inprocess.project import Project
from scripts.localcloud.inprocess.protection import UNPROTECT
from scripts.localcloud.inprocess.providers import Providers
from scripts.localcloud.inprocess.stack_file import Known, StackFile
from scripts.localcloud.kinds import CLUSTER, INSTANCE
from scripts.localcloud.laws import LAWS
from scripts.localcloud.machines.spec import MachineError
from scripts.localcloud.values import text

Say = Callable[[str], None]

_RUN_SECONDS = 60


def preview(cloud: Cloud, project: Project, folder: Path, say: Say) -> bool:
    """Show what an update would do; return whether it could."""
    say(f"Previewing update ({project.stack}):")
    monitor = _monitor(cloud, project, Journal(), preview=True)
    good = run(main_program(folder), monitor, project.config)
    monitor.journal.registrations += monitor.leaving
    say(display.tree(monitor.journal.registrations))
    _close(monitor, say, good=good, planned=True)
    return good


def up(cloud: Cloud, project: Project, folder: Path, say: Say) -> bool:
    """Make the stack; return whether everything in it is there."""
    say(f"Updating ({project.stack}):")

    def listener(event: Registration | Message) -> None:
        if isinstance(event, Registration):
            if event.step != "same" or event.failed:
                say(display.step_line(event))
        elif event.severity == "info":
            say(f"    {event.text}")

    monitor = _monitor(cloud, project, Journal(listener), preview=False)
    with _interruptible(monitor):
        good = run(main_program(folder), monitor, project.config)
    _close(monitor, say, good=good, planned=False)
    return good


def _monitor(cloud: Cloud, project: Project, journal: Journal, *, preview: bool) -> CloudMonitor:
    known = StackFile(cloud.home, project.name, project.stack)
    setup = Setup(project.name, project.stack, project.region, preview)
    return CloudMonitor(cloud, setup, known, journal)


@contextmanager
def _interruptible(monitor: CloudMonitor) -> Iterator[None]:
    """Let Ctrl-C call off what waits, and still save what exists."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        monitor.journal.say("error", "cancelled")
        monitor.close()

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _close(monitor: CloudMonitor, say: Say, *, good: bool, planned: bool) -> None:
    found = [display.diagnostics(monitor.journal, notes=planned)]
    if good:
        found.append(display.outputs(monitor.outputs, monitor.secret_outputs))
    found.append(display.counts(display.counted(monitor.journal.registrations), planned=planned))
    for part in found:
        if part:
            say("")
            say(part)


def destroy(cloud: Cloud, project: Project, say: Say) -> bool:
    """Delete everything the stack has, newest first; return whether nothing is left."""
    say(f"Destroying ({project.stack}):")
    known = StackFile(cloud.home, project.name, project.stack)
    found = Providers(cloud, project.region, known.resources)
    count = 0
    for item in reversed(list(known.resources.values())):
        if item.protect:
            say(f"error: {item.name} is protected. {UNPROTECT}")
            return False
        if not _delete(found, item, known, say):
            return False
        known.drop(item.urn)
        say(display.deleted_line(item))
        count += 1
    known.remove()
    say("")
    say(display.counts({"delete": count}, planned=False))
    return True


def _delete(found: Providers, item: Known, known: StackFile, say: Say) -> bool:
    kept = item.retain or item.deleted_with in known.resources
    if not item.custom or kept or item.type.startswith(providers.TYPES):
        return True
    try:
        backend = found.of(item.type, item.provider)
        backend.delete(Call(item.type, item.name, item.urn), State(item.id, item.inputs, item.outputs))
    except LocalCloudError as problem:
        say(f"error: {display.short_type(item.type)} ({item.name}): {problem}")
        return False
    return True


def output(cloud: Cloud, project: Project, name: str | None, say: Say, *, show_secrets: bool) -> bool:
    """Show the outputs of the stack, or the one called *name* alone."""
    known = StackFile(cloud.home, project.name, project.stack)
    if name is None:
        say(display.outputs(known.outputs, known.secret_outputs, show_secrets=show_secrets) or "No outputs.")
        return True
    if name not in known.outputs:
        raise LocalCloudError(f"output: the stack has no {name!r}.{suggestion(name, known.outputs)}")
    hidden = name in known.secret_outputs and not show_secrets
    say("[secret]" if hidden else display.plain(known.outputs[name]))
    return True


def status(cloud: Cloud, say: Say) -> bool:
    """Show what exists in the cloud."""
    world = cloud.store.read()
    for record in world.records:
        state = text(LAWS[record.type].read(world, record), "status")
        address = record.text("primaryIpAddress") or record.text("ipAddress")
        facts = "  ".join(part for part in (state, address) if part)
        say(f"{display.short_type(record.type)}  {record.id}  {facts}".rstrip())
    for balancer in world.balancers:
        owner = f"Service {balancer.service} of {balancer.cluster}" if balancer.service else balancer.cluster
        say(f"slb:LoadBalancer  {balancer.id}  {owner}  {balancer.address}")
    if not (world.records or world.balancers):
        say(f"Nothing exists in the local cloud at {cloud.home}.")
    return True


def run_on_machine(cloud: Cloud, name: str, command: str, say: Say) -> bool:
    """Run *command* on the one machine whose name ends with *name*; return whether it ended with 0."""
    everyone = [(instance.text("instanceName"), instance.id) for instance in cloud.store.read().all(INSTANCE)]
    meant = [instance_id for full, instance_id in everyone if full.endswith(name)]
    if len(meant) != 1:
        names = ", ".join(full for full, _ in everyone) or "there is none"
        message = f"run: {len(meant)} of {len(everyone)} machines are meant, and it needs exactly one."
        raise LocalCloudError(f"{message} Give --on with the end of a name: {names}.")
    result = cloud.machines.run_command(meant[0], command, _RUN_SECONDS)
    say(result.output.rstrip())
    return result.exit_code == 0


def down(cloud: Cloud, say: Say) -> bool:
    """Remove the whole local cloud: machines, disks, state."""
    if cloud.home.exists():
        world = cloud.store.read()
        for cluster in world.all(CLUSTER):
            cloud.control_planes.stop(cluster.id)
        for record in world.all(INSTANCE):
            with suppress(MachineError):
                cloud.machines.delete(record.id)
        addresses.release(cloud.home)
        shutil.rmtree(cloud.home)
    say(f"The local cloud at {cloud.home} is gone.")
    return True
