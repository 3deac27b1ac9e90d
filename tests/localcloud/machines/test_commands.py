"""Stand-in commands refuse what they do not know, so that a wrong script fails here and not on the real machine."""

import pytest

from scripts.localcloud.machines import MachineError
from scripts.localcloud.machines.spec import check_faults
from tests.localcloud.machines.booted import Site

pytestmark = pytest.mark.machine

REFUSED = [
    "systemctl restrat docker",
    "systemctl start docker --wait",
    "journalctl -f -u docker",
    "docker run hello",
    "docker compose -f /x up --watch",
    "docker version --format '{{range .}}'",
    "lsblk -o NAME,SPEED",
    "lsblk --fs",
    "blkid -U 1",
    "mkfs.ext4 -Z /dev/vdb",
    "mount -a",
    "nvidia-smi -q",
    "nvidia-ctk cdi generate",
    "apt-get install docker.io",
    "apt-get upgrade -y",
    "cloud-init clean",
    "udevadm info",
    "sleep soon",
    "logger --server x y",
    "findmnt --json",
    "ibv_devinfo -x",
    "eadm conf",
    "modprobe erdma speed=9",
    "iptables -A INPUT -j DROP",
    "iptables -A OUTPUT -d 1.2.3.4 --dport 80 -j DROP",
]


def test_what_a_stand_in_does_not_know_it_refuses(site: Site) -> None:
    """Each call ends with a status other than 0 and says that a stand-in refused."""
    site.boot()

    script = "".join(
        f"{call} >/tmp/out 2>&1 </dev/null; echo $? $(grep -c 'stand-in: ' /tmp/out)\n" for call in REFUSED
    )

    assert dict.fromkeys(REFUSED, "2 1") == dict(zip(REFUSED, site.output(script).splitlines(), strict=True))


def test_the_driver_shows_the_gpus_of_the_instance_type(site: Site) -> None:
    """nvidia-smi lists them, and their devices exist."""
    site.boot(gpu_count=2)

    assert "2\nNVIDIA A10, 24576 MiB\nNVIDIA A10, 24576 MiB\n" == site.output(
        "nvidia-smi -L | grep -c '^GPU '; nvidia-smi --query-gpu=name,memory.total --format=csv,noheader;"
        " test -c /dev/nvidia1 -a -c /dev/nvidia-uvm"
    )


def test_a_machine_without_gpus_has_no_driver_to_talk_to(site: Site) -> None:
    """The fault no_gpu makes nvidia-smi fail as it does without a driver."""
    site.boot(faults={"no_gpu": True})

    assert 9 == site.run("nvidia-smi -L").exit_code


def test_docker_can_be_installed_where_it_is_missing(site: Site) -> None:
    """The fault no_docker takes it away, apt-get brings it; the toolkit needs a source of its own and egress."""
    site.boot(faults={"no_docker": True})

    result = site.run(
        "docker info; echo $?\napt-get install -y docker.io docker-compose-v2 >/dev/null && docker compose version\n"
        "apt-get install -y nvidia-container-toolkit; echo $?\n"
        "mkdir -p /etc/apt/sources.list.d; touch /etc/apt/sources.list.d/nvidia-container-toolkit.list\n"
        "apt-get install -y nvidia-container-toolkit >/dev/null; nvidia-ctk --version"
    )

    assert [
        "127",
        "Docker Compose version v2.38.2",
        "E: Unable to locate package nvidia-container-toolkit",
        "100",
        "NVIDIA Container Toolkit CLI version 1.17.8",
    ] == result.output.splitlines()[1:]


def test_cloud_assistant_keeps_the_end_of_the_output_and_the_status(site: Site) -> None:
    """12,000 bytes of output, the exit status, /root as the folder, sh without a first line."""
    site.boot()

    result = site.machines.run_command("i-one", "seq 10000; pwd; exit 7", 30)

    assert 7 == result.exit_code
    assert 12_000 == len(result.output)
    assert result.output.endswith("9999\n10000\n/root\n")


def test_a_command_that_takes_too_long_is_ended_with_its_children(site: Site) -> None:
    """Nothing of it is left, also what it put into a session of its own."""
    site.boot()

    result = site.machines.run_command("i-one", "setsid sleep 9000 & echo begun; sleep 9000", 0.5)

    assert (True, "begun\n") == (result.timed_out, result.output)
    assert "0\n" == site.run("pgrep -fc 'sleep 9000'").output


def test_a_fault_must_be_known() -> None:
    """A misspelt fault, or one with the wrong value, is refused."""
    with pytest.raises(MachineError, match=r"faults: no such fault, 'no_gpus'\. Did you mean 'no_gpu'\?"):
        check_faults({"no_gpus": True})
    with pytest.raises(MachineError, match=r"faults\.gpu_count: wrong kind of value, 'two'\. Give int\."):
        check_faults({"gpu_count": "two"})
