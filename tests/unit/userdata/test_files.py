"""The machine's files, each by the tool that knows its kind."""

import ast
import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.userdata import SETTINGS, ready_command
from tests.unit.userdata.programs import MACHINE

SHELL = [*sorted((MACHINE / "bin").iterdir()), MACHINE / "lib.sh", MACHINE.parent / "ready.sh"]
PYTHON = sorted((MACHINE / "python").glob("*.py"))
UNITS = sorted((MACHINE / "systemd").iterdir())
WITHOUT_A_READER = {"LLM_ENGINE"}
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
    """The programs import the standard library and each other, nothing more; the engine's image has PyTorch."""
    own = {path.stem for path in PYTHON}
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else name.name).split(".")[0]  # type: ignore[union-attr]
        for path in PYTHON
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert {"torch"} == imported - own - sys.stdlib_module_names


def test_every_setting_is_read() -> None:
    """The programs read every setting that is written, and no other."""
    texts = [path.read_text() for path in MACHINE.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    read = {name for text in texts for name in re.findall(r"\bLLM_[A-Z_]*[A-Z]", text)}
    parts = {f"LLM_{kind}_PARAMETER" for kind in ("KEY", "RAY_TOKEN", "TLS_CERTIFICATE", "TLS_KEY")}
    joined = {"LLM_REGION", "LLM_OSS_BUCKET", "LLM_OSS_PREFIX"}

    assert set(SETTINGS) == (read | WITHOUT_A_READER | parts | joined) - {"LLM_WEIGHTS_DIR"}


def services(name: str) -> dict[str, dict[str, Any]]:
    """Return the services of a compose file."""
    found: dict[str, dict[str, Any]] = yaml.safe_load((MACHINE / name).read_text())["services"]
    return found


BASE, SINGLE, PAIR = (services(f"compose{kind}.yaml") for kind in ("", ".single", ".pair"))
ERDMA, RAY = (services(f"compose.{kind}.yaml") for kind in ("erdma", "ray"))


def test_settings_of_the_containers() -> None:
    """A container gets the settings that its program reads, so none can hold a secret."""
    assert ["LLM_TLS", "LLM_MAX_REQUEST_MIB"] == BASE["gate"]["environment"]
    assert not any(name.startswith("LLM_") or "KEY" in name for name in BASE["engine"]["environment"])
    own = [name for name in RAY["engine"]["environment"] if not name.startswith("RAY_")]
    assert ["LLM_GPU_COUNT", "LLM_NODE_RANK"] == own


@pytest.mark.parametrize("name", ["engine", "gate"])
def test_no_container_may_more_than_it_must(name: str) -> None:
    """Neither container can gain privileges, on any kind of node; systemd alone starts them again."""
    base = BASE[name]

    assert (["ALL"], ["no-new-privileges:true"], "no") == (base["cap_drop"], base["security_opt"], base["restart"])
    assert {"max-size": "50m", "max-file": "5"} == base["logging"]["options"]
    every = [part.get(name, {}) for part in (BASE, SINGLE, PAIR, ERDMA, RAY)]
    writable = [volume for part in every for volume in part.get("volumes", []) if not volume.endswith(":ro")]
    assert writable == (["/srv/llm/cache:/root/.cache"] if name == "engine" else [])
    assert not {"privileged", "pid", "ipc"} & {key for part in every for key in part}


def test_a_single_engine_has_no_port_and_no_way_out() -> None:
    """Alone, the engine is in an inner network with the gate; the gate is published and has another network too."""
    engine, gate = SINGLE["engine"], SINGLE["gate"]

    assert {"networks": ["inside"]} == engine
    assert (["inside", "outside"], ["${LLM_PORT}:8000"]) == (gate["networks"], gate["ports"])
    networks = yaml.safe_load((MACHINE / "compose.single.yaml").read_text())["networks"]
    assert {"inside": {"internal": True}, "outside": None} == networks


def test_an_engine_in_the_machines_network_is_fenced() -> None:
    """On a pair the engine runs with the group that the fence keeps from the metadata service; so does a look at it."""
    fence = (MACHINE / "python" / "fabric.py").read_text()
    image = services("image.yaml")["engine"]

    assert ("host", "host") == (PAIR["engine"]["network_mode"], PAIR["gate"]["network_mode"])
    assert "0:10001" == PAIR["engine"]["user"] == image["user"]
    assert '"100.100.100.200", "-m", "owner", "--gid-owner", "10001", "-j", "REJECT"' in fence
    assert {"devices": ["/dev/infiniband:/dev/infiniband"], "cap_add": ["IPC_LOCK"]} == ERDMA["engine"]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_units(path: Path) -> None:
    """A unit always comes back, without a limit, and starts a program that is there."""
    unit = configparser.ConfigParser(strict=True, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(path)

    assert ("always", "0") == (unit["Service"]["Restart"], unit["Unit"]["StartLimitIntervalSec"])
    for name, command in unit["Service"].items():
        if name.startswith("Exec") and not command.startswith("/bin/rm "):
            assert (MACHINE / command.removeprefix("/opt/llm/").split()[0]).is_file()


def test_ready_command() -> None:
    """The command for Cloud Assistant is ready.sh with its limit, and within 16 KB."""
    text = ready_command(90)

    assert text.startswith("#!/bin/bash\nLLM_READY_SECONDS=90\n# What Cloud Assistant runs")
    assert (MACHINE.parent / "ready.sh").read_text().removeprefix("#!/bin/bash\n") in text
    assert len(text.encode()) * 4 / 3 < 16_000
