"""The sentinel key is nowhere but where secrets belong."""

import os
from pathlib import Path

import pytest

from scripts.localcloud.machines import Machines
from tests.stack.project import SENTINEL, Project

pytestmark = pytest.mark.machine

# Cloud Assistant keeps the last 12,000 bytes, so each is asked by itself, and a match is printed, not the text.
TOLD = [
    "docker inspect llm-engine-1 llm-gate-1",
    "docker logs llm-engine-1 2>&1; docker logs llm-gate-1 2>&1",
    "journalctl -u llm.service -n 100000 --no-pager -o cat",
    "journalctl -u llm-watch.service -n 100000 --no-pager -o cat",
    "journalctl -u llm-gate.service -n 100000 --no-pager -o cat",
    "cat /var/log/cloud-init-output.log /run/llm/status/*",
    "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null",
    "find /opt/llm /etc /srv /var /root /tmp -type f -exec cat {} +",
]


def holders(home: Path) -> set[str]:
    """Return the files of the local cloud that hold the key."""
    files = (path for path in home.rglob("*") if path.is_file())
    return {str(path.relative_to(home)) for path in files if SENTINEL.encode() in path.read_bytes()}


def test_the_local_cloud_keeps_the_key_in_its_secret_stores(booted: Project) -> None:
    """Of all files, user data, disks and logs of machines included, three hold it, and only their owner reads them."""
    found = holders(booted.home)

    assert {"services.json", "stacks/llm.dev.jsonl", "state.jsonl"} == found
    assert {0o600} == {(booted.home / name).stat().st_mode & 0o777 for name in found}


def test_no_process_shows_the_key(booted: Project) -> None:
    """No command line and no environment on this host holds it, those of the machine's processes included."""
    assert booted.output("endpoint")
    shown = []
    for process in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            try:
                shown.append((process / name).read_bytes())
            except OSError:
                continue

    assert len(shown) > os.cpu_count()  # type: ignore[operator]  # known on Linux
    assert not [text for text in shown if SENTINEL.encode() in text]


@pytest.mark.parametrize("command", TOLD)
def test_the_machine_tells_nobody(booted: Project, command: str) -> None:
    """Container inspection, logs, journal, status files, processes and files on its disks do not hold the key."""
    machines = Machines(booted.home)
    # The brackets keep the search from finding itself among the processes.
    pattern = f"{SENTINEL[:-1]}[{SENTINEL[-1]}]"
    script = f"({command}) >/run/told; wc -c </run/told; grep -ac '{pattern}' /run/told; rm /run/told"
    found = machines.run_command(machines.running()[0], script, 60)
    size, count = found.output.split()

    assert int(size) > 0
    assert int(count) == 0


def test_the_key_lies_where_the_gate_reads_it(booted: Project) -> None:
    """The file with the key is in memory, and only root reads it; the scan above would find it otherwise."""
    machines = Machines(booted.home)
    script = "cd /run/llm/secrets && stat -c %a . api_key && cat api_key"

    assert ["700", "600", SENTINEL] == machines.run_command(machines.running()[0], script, 60).output.split()


def test_the_engine_reaches_no_metadata(booted: Project) -> None:
    """From inside the engine's container the metadata service does not answer; from the machine it does."""
    machines = Machines(booted.home)
    instance = machines.running()[0]
    call = "python3 -c \"import socket; socket.create_connection(('100.100.100.200', 80), 3)\""

    assert machines.run_command(instance, call, 60).exit_code == 0
    assert machines.run_command(instance, f"docker exec llm-engine-1 {call}", 60).exit_code != 0
