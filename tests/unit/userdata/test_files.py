"""The machine's files, each by the tool that knows its kind."""

import ast
import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from components.userdata import SETTINGS, ready_command
from tests.unit.userdata.programs import MACHINE

SHELL = [*sorted((MACHINE / "bin").iterdir()), MACHINE / "lib.sh", MACHINE.parent / "ready.sh"]
PYTHON = sorted((MACHINE / "python").glob("*.py"))
UNITS = sorted((MACHINE / "systemd").iterdir())
COMPOSE = MACHINE / "compose.yaml"
OF_A_PAIR = "NODE|HEAD|INTERCONNECT|LAUNCHER|MTU|RAY|RDMA|WORKER"
WITHOUT_A_READER = {"LLM_ENGINE"} | {name for name in SETTINGS if re.search(OF_A_PAIR, name)}
"""Settings for a person who reads settings.env; no program needs them."""


def tool(name: str) -> str:
    """Return the path of *name*, or skip."""
    path = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed (tests/requirements.txt has it)")
    return path


@pytest.mark.parametrize("path", SHELL, ids=lambda path: path.name)
def test_shellcheck(path: Path) -> None:
    """Shellcheck has nothing to say."""
    command = [tool("shellcheck"), "--exclude=SC1091", "--shell=bash", str(path)]
    assert subprocess.run(command, capture_output=True, text=True, check=False).stdout == ""


@pytest.mark.parametrize("path", SHELL, ids=lambda path: path.name)
def test_shfmt(path: Path) -> None:
    """Shfmt would change nothing."""
    command = [tool("shfmt"), "-i", "2", "-d", str(path)]
    assert subprocess.run(command, capture_output=True, text=True, check=False).stdout == ""


@pytest.mark.parametrize("path", [path for path in SHELL if path.name != "lib.sh"], ids=lambda path: path.name)
def test_programs_stop_at_errors(path: Path) -> None:
    """Every program runs under bash, ends at the first error and can be executed."""
    text = path.read_text()
    assert text.startswith("#!/bin/bash\n")
    assert "\nset -euo pipefail\n" in text
    assert path.stat().st_mode & 0o111


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: path.name)
def test_python_36(path: Path) -> None:
    """Alibaba Cloud Linux 3 has Python 3.6."""
    assert ast.parse(path.read_text(), feature_version=(3, 6))


def test_python_needs_nothing_installed() -> None:
    """The programs import the standard library and each other, nothing more."""
    own = {path.stem for path in PYTHON}
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else name.name).split(".")[0]  # type: ignore[union-attr]
        for path in PYTHON
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert set() == imported - own - sys.stdlib_module_names


def test_every_setting_is_read() -> None:
    """The programs read every setting that is written, and no other."""
    texts = [path.read_text() for path in MACHINE.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    read = {name for text in texts for name in re.findall(r"\bLLM_[A-Z_]*[A-Z]", text)}
    parts = {"LLM_KEY_PARAMETER", "LLM_TLS_CERTIFICATE_PARAMETER", "LLM_TLS_KEY_PARAMETER"}
    joined = {"LLM_REGION", "LLM_OSS_BUCKET", "LLM_OSS_PREFIX"}

    assert set(SETTINGS) == (read | WITHOUT_A_READER | parts | joined) - {"LLM_WEIGHTS_DIR"}


def test_secrets_are_not_settings_of_a_container() -> None:
    """No container gets more than the two settings of the gate, so none can hold a secret."""
    services = yaml.safe_load(COMPOSE.read_text())["services"]

    assert ["LLM_TLS", "LLM_MAX_REQUEST_MIB"] == services["gate"]["environment"]
    assert not any(name.startswith("LLM_") or "KEY" in name for name in services["engine"]["environment"])


def test_compose_fences() -> None:
    """The engine has no port and no way out; only the gate is published, and neither may do more than it must."""
    document = yaml.safe_load(COMPOSE.read_text())
    engine, gate = document["services"]["engine"], document["services"]["gate"]

    assert {"inside": {"internal": True}, "outside": None} == document["networks"]
    assert (["inside"], ["inside", "outside"]) == (engine["networks"], gate["networks"])
    assert (None, ["${LLM_PORT}:8000"]) == (engine.get("ports"), gate["ports"])
    for service in (engine, gate):
        assert (["ALL"], ["no-new-privileges:true"], "no") == (
            service["cap_drop"],
            service["security_opt"],
            service["restart"],
        )
        assert {"max-size": "50m", "max-file": "5"} == service["logging"]["options"]
    assert all(volume.endswith(":ro") for volume in gate["volumes"])
    assert ["/srv/llm/cache:/root/.cache"] == [volume for volume in engine["volumes"] if not volume.endswith(":ro")]
    assert not {"privileged", "network_mode", "pid"} & (engine.keys() | gate.keys())


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_units(path: Path) -> None:
    """A unit always comes back, without a limit, and starts a program that is there."""
    unit = configparser.ConfigParser(strict=True, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(path)

    assert ("always", "0") == (unit["Service"]["Restart"], unit["Unit"]["StartLimitIntervalSec"])
    for name, command in unit["Service"].items():
        if name.startswith("Exec"):
            assert (MACHINE / command.removeprefix("/opt/llm/")).is_file()


def test_ready_command() -> None:
    """The command for Cloud Assistant is ready.sh with its limit, and within 16 KB."""
    text = ready_command(90)

    assert text.startswith("#!/bin/bash\nLLM_READY_SECONDS=90\n# What Cloud Assistant runs")
    assert (MACHINE.parent / "ready.sh").read_text().removeprefix("#!/bin/bash\n") in text
    assert len(text.encode()) * 4 / 3 < 16_000
