"""The programs whose previews are compared: the dev stack, many endpoints in one stack, and a bare one like either."""

import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from scripts.bench.bare import differences, program, record
from scripts.bench.report import BenchError

ROOT = Path(__file__).resolve().parents[2]
STACK = "dev"

Writer = Callable[[Path], None]
"""Writes a program into a folder."""

_MANY = '''\
"""{count} endpoints in one stack, each with the arguments of its config."""

import pulumi

from components import SingleEcsLlm, SingleEcsLlmArgs

given = pulumi.Config("llm").require_object("args")
for number in range({count}):
    SingleEcsLlm(f"llm-{{number}}", SingleEcsLlmArgs.from_config(given))
'''


def many(count: int) -> Writer:
    """Return what writes a stack of *count* endpoints."""
    return partial(_write_many, count=count)


def write_stack(folder: Path) -> None:
    """Write a copy of the dev stack."""
    folder.mkdir(parents=True)
    shutil.copytree(ROOT / "components", folder / "components", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("__main__.py", f"Pulumi.{STACK}.yaml"):
        shutil.copy(ROOT / name, folder / name)
    # A copy has no .venv; the programs run in the one that runs the bench.
    text = (ROOT / "Pulumi.yaml").read_text().replace("virtualenv: .venv", f"virtualenv: {sys.prefix}")
    (folder / "Pulumi.yaml").write_text(text)


def _write_many(folder: Path, count: int) -> None:
    write_stack(folder)
    (folder / "__main__.py").write_text(_MANY.format(count=count))


def write_bare(folder: Path, ours: Path) -> None:
    """
    Write a bare program with the same resources as the program in *ours*.

    Raises:
        BenchError: It does not make the same.
    """
    folder.mkdir()
    for name in ("Pulumi.yaml", f"Pulumi.{STACK}.yaml"):
        shutil.copy(ours / name, folder / name)
    wanted = record(ours, STACK)
    # Imported, so that it is compiled once, as the components are.
    module = f"bare_{len(wanted)}_resources"
    (folder / f"{module}.py").write_text(program(wanted))
    (folder / "__main__.py").write_text(f"import {module}\n")
    unlike = differences(wanted, record(folder, STACK))
    if unlike:
        raise BenchError(f"The bare program does not make the same resources: {', '.join(unlike)}.")
