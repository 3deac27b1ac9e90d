"""Machines outlive whoever started them, and nothing outlives a machine."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from scripts.localcloud.machines import MachineError, Machines
from scripts.localcloud.machines.identity import living_pid, process_identity
from tests.localcloud.machines.booted import COMPOSE, Site
from tests.localcloud.machines.test_containers import ASK, written

pytestmark = pytest.mark.machine

ROOT = Path(__file__).parents[3]
STARTER = """
import sys
from pathlib import Path
from tests.localcloud.machines.booted import SPEC, Site
home = Path(sys.argv[1])
home.mkdir(exist_ok=True)
site = Site(home)
site.services()
site.machines.start(SPEC)
"""


def processes_of(home: Path) -> list[int]:
    """Return the pids of this host that belong to machines of *home*, sandboxes included."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                mounted = (entry / "mountinfo").read_text()
                line = (entry / "cmdline").read_text()
            except OSError:
                continue
            # A mount's source begins at its own file system, so only the end of the path is sure to be in it.
            if str(home) in line or "/".join(home.parts[-4:]) in mounted:
                found.append(int(entry.name))
    return sorted(set(found) - {os.getpid()})


def wait_for_none(home: Path) -> list[int]:
    """Return the processes of *home* that are still there after two seconds."""
    until = time.monotonic() + 2
    while (left := processes_of(home)) and time.monotonic() < until:
        time.sleep(0.02)
    return left


def test_a_machine_outlives_its_starter_and_any_process_can_use_it(site: Site) -> None:
    """Another process starts it and ends; this one runs a command on it and stops it."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", STARTER, str(site.home)], env=environment, cwd=ROOT, check=True)

    assert ["i-one"] == site.machines.running()
    assert "hello\n" == Machines(site.home).run_command("i-one", "echo hello", 10).output
    site.machines.stop("i-one")
    assert [] == site.machines.running()


def test_deleting_leaves_no_process_and_no_folder(site: Site) -> None:
    """Containers, services and detached children go at once; other machines stay."""
    site.boot()
    site.boot(instance_id="i-two", private_ip="127.254.0.6")
    site.output(written(COMPOSE) + "up\n(setsid sleep 100000 &) >/dev/null 2>&1")
    before = len(processes_of(site.home / "machines" / "i-one"))

    site.machines.delete("i-one")

    assert before > 5
    assert [] == wait_for_none(site.home / "machines" / "i-one")
    assert ["i-two"] == site.machines.running()
    assert not (site.home / "machines" / "i-one").exists()


def test_a_killed_supervisor_takes_its_sandbox_along_and_is_noticed(site: Site) -> None:
    """The machine counts as down, says so, and can be started again."""
    site.boot()
    pid = int((site.home / "machines/i-one/supervisor.pid").read_text().split()[0])

    os.kill(pid, signal.SIGKILL)

    assert [] == wait_for_none(site.home)
    assert [] == site.machines.running()
    with pytest.raises(MachineError, match=r"i-one: does not run\. Start it first\."):
        site.machines.run_command("i-one", "true", 10)
    site.boot()
    assert ["i-one"] == site.machines.running()


def test_a_number_taken_by_another_process_is_not_the_machine() -> None:
    """A pid counts together with its start time."""
    mine = process_identity(os.getpid())

    assert os.getpid() == living_pid(mine)
    assert None is living_pid(f"{os.getpid()} 1")


def test_a_machine_starts_once(site: Site) -> None:
    """A second start is refused, and so is anything with one that does not exist."""
    site.boot()

    with pytest.raises(MachineError, match=r"i-one: runs already\. Stop it first\."):
        site.boot()
    with pytest.raises(MachineError, match="instance_id: no such machine, 'i-none'"):
        site.machines.reboot("i-none")


def test_listeners_lead_in_and_close_again(site: Site, address: str) -> None:
    """The same port inside; other ports stay closed; a taken address is refused by name."""
    site.boot()
    site.output(written(COMPOSE) + "up" + ASK)

    site.machines.set_listeners("i-one", {(address, 8080)})
    with urllib.request.urlopen(f"http://{address}:8080/v1/models", timeout=5) as reply:
        assert 200 == reply.status

    site.boot(instance_id="i-two", private_ip="127.254.0.6")
    with pytest.raises(MachineError, match=f"i-two: cannot listen on {address}:8080: Address already in use"):
        site.machines.set_listeners("i-two", {(address, 8080)})
    site.machines.set_listeners("i-one", set())
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"http://{address}:8080/v1/models", timeout=5)


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user needs root; run as that user instead")
def test_an_unprivileged_user_can_boot(anyone_home: Path) -> None:
    """As nobody, with the system's Python when this one is not readable for others."""
    user = 65534
    python = next((name for name in (sys.executable, "/usr/bin/python3") if _usable(name, user)), None)
    if python is None:
        pytest.skip("nobody can run no Python of this host that fits")
    search = os.pathsep.join([str(ROOT), *(entry for entry in sys.path if entry.endswith("site-packages"))])
    script = STARTER + "print(site.output('id -u; test -w /etc && echo writable'))\nsite.delete_all()\n"

    done = subprocess.run(
        [python, "-c", script, str(anyone_home / "home")],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": search,
            "HOME": str(anyone_home),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        cwd="/",
        user=user,
        group=user,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ("0\nwritable\n\n", 0) == (done.stdout, done.returncode), done.stderr


def _usable(python: str, user: int) -> bool:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    check = f"import sys; sys.exit('%d.%d' % sys.version_info[:2] != '{version}')"
    try:
        done = subprocess.run([python, "-c", check], user=user, group=user, extra_groups=[], check=False, cwd="/")
    except OSError:
        return False
    return done.returncode == 0
