"""Runs one Pulumi program against a monitor, in this process, the way the language host does."""

import asyncio
import contextvars
import logging
import runpy
import sys
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pulumi
from pulumi.runtime import Settings, configure, run_in_stack
from pulumi.runtime.config import set_all_config

from scripts.localcloud.inprocess.monitor import CloudMonitor, StepError

_WORKERS = 64


@dataclass(frozen=True)
class Config:
    """The configuration of a stack as strings, and which keys are secret."""

    values: Mapping[str, str]
    secret: frozenset[str] = frozenset()


def run(program: Callable[[], None], monitor: CloudMonitor, config: Config) -> bool:
    """
    Run *program* to its end and return whether it succeeded.

    Everything to show is in the monitor's journal; a Python error of the program is one message with its traceback.
    """
    ended = contextvars.copy_context().run(_run, program, monitor, config)
    monitor.disconnect()
    if ended:
        monitor.finish()
    return ended and not monitor.journal.errors


def main_program(folder: Path) -> Callable[[], None]:
    """Return the program in *folder*: its ``__main__.py``."""

    def program() -> None:
        sys.path.insert(0, str(folder))
        try:
            runpy.run_path(str(folder / "__main__.py"), run_name="__main__")
        finally:
            sys.path.remove(str(folder))

    return program


def _run(program: Callable[[], None], monitor: CloudMonitor, config: Config) -> bool:
    set_all_config(dict(config.values), sorted(config.secret))
    pulumi.runtime.settings.ROOT.set(None)
    setup = monitor.setup
    configure(
        Settings(
            project=setup.project,
            stack=setup.stack,
            monitor=monitor,
            engine=monitor.journal,
            parallel=_WORKERS,
            dry_run=setup.preview,
            organization="organization",
            root_directory=str(Path.cwd()),
        )
    )
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    with asyncio.Runner() as runner:
        runner.get_loop().set_default_executor(ThreadPoolExecutor(_WORKERS))
        try:
            runner.run(run_in_stack(program))
        except (StepError, asyncio.CancelledError):
            return False
        except pulumi.RunError as problem:
            if not monitor.journal.errors:
                monitor.journal.say("error", str(problem))
            return False
        except Exception:  # noqa: BLE001 whatever a program raises is shown, not raised
            if not monitor.journal.errors:
                monitor.journal.say("error", "Program failed with an unhandled exception:\n" + traceback.format_exc())
            return False
    return True
