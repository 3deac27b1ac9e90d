"""RDMA as a boot script sees it: a driver, device files, and the programs that look at them."""

import pytest

from tests.localcloud.machines.booted import Site

pytestmark = pytest.mark.machine

STATES = "ibv_devinfo | grep -c PORT_ACTIVE; ls -C /dev/infiniband"
DEVINFO = """\
hca_id:\terdma_1
\ttransport:\t\t\tInfiniBand (0)
\tfw_ver:\t\t\t\t0.2.0
\tnode_guid:\t\t\t0216:3eff:fefe:0006
\tsys_image_guid:\t\t\t0216:3eff:fefe:0006
\tvendor_id:\t\t\t0x1ded
\tvendor_part_id:\t\t\t4223
\thw_ver:\t\t\t\t0x0
\tphys_port_cnt:\t\t\t1
\t\tport:\t1
\t\t\tstate:\t\t\tPORT_ACTIVE (4)
\t\t\tmax_mtu:\t\t4096 (5)
\t\t\tactive_mtu:\t\t4096 (5)
\t\t\tsm_lid:\t\t\t0
\t\t\tport_lid:\t\t0
\t\t\tport_lmc:\t\t0x00
\t\t\tlink_layer:\t\tEthernet

"""


def test_the_driver_brings_the_devices(site: Site) -> None:
    """Nothing is there before it is loaded; its mode stays until it is unloaded."""
    site.boot(rdma_devices=2, mtu=8500)

    assert "Failed to get IB devices list: Function not implemented\n255\n" == site.output("ibv_devinfo; echo $?")
    assert "InfiniBand (0)\n" == site.output(
        "modprobe erdma; modprobe erdma compat_mode=Y; ibv_devinfo | grep -q iWARP && modprobe -r erdma\n"
        "modprobe erdma compat_mode=Y; ibv_devinfo -d erdma_0 | sed -n 's/.*transport:\\t*//p'"
    )
    assert DEVINFO == site.output("ibv_devinfo -d erdma_1")
    assert "2\nrdma_cm  uverbs0  uverbs1\n" == site.output(STATES)


@pytest.mark.parametrize(
    ("faults", "shown"),
    [
        ({"no_rdma": True}, "No IB devices found\n0\nrdma_cm\n"),
        ({"rdma_devices": 1}, "1\nrdma_cm  uverbs0\n"),
    ],
)
def test_faults_take_devices_away(site: Site, faults: dict[str, object], shown: str) -> None:
    """The driver loads all the same."""
    site.boot(rdma_devices=2, faults=faults)

    assert shown == site.output(f"modprobe erdma compat_mode=Y\n{STATES}")


def test_interfaces_come_and_go_while_the_machine_runs(site: Site) -> None:
    """The loaded driver follows."""
    site.boot()
    site.output("modprobe erdma compat_mode=Y")

    site.machines.set_rdma_devices("i-one", 2)
    assert "2\nrdma_cm  uverbs0  uverbs1\n" == site.output(STATES)
    site.machines.set_rdma_devices("i-one", 1)
    assert "1\nrdma_cm  uverbs0\n" == site.output(STATES)


def test_a_module_that_is_not_there_cannot_be_loaded(site: Site) -> None:
    """The GPU driver brings its own module; nobody brings others."""
    site.boot(faults={"no_gpu": True})

    shown = site.output("for m in nvidia_peermem mlx5; do modprobe $m; echo $?; done; uname -r")

    release = shown.splitlines()[-1]
    missing = "modprobe: FATAL: Module {0} not found in directory /lib/modules/" + release + "\n1\n"
    assert missing.format("nvidia_peermem") + missing.format("mlx5") + f"{release}\n" == shown


FENCE = "OUTPUT -d 100.100.100.200 -m owner --gid-owner 10001 -j REJECT"


def test_rules_are_kept_and_found_again(site: Site) -> None:
    """-C tells the truth, -I puts in front, -D takes one away."""
    site.boot()

    shown = site.output(
        f"iptables -C {FENCE}; echo $?; iptables -A OUTPUT -d 1.2.3.4 -j DROP; iptables -I {FENCE}\n"
        f"iptables -C {FENCE}; echo $?; iptables -S OUTPUT; iptables -D OUTPUT -d 1.2.3.4 -j DROP\n"
        "iptables -S OUTPUT | grep -c -- -A"
    )

    assert (
        "iptables: Bad rule (does a matching rule exist in that chain?).\n1\n0\n-P OUTPUT ACCEPT\n"
        "-A OUTPUT -d 100.100.100.200/32 -m owner --gid-owner 10001 -j REJECT --reject-with icmp-port-unreachable\n"
        "-A OUTPUT -d 1.2.3.4/32 -j DROP\n1\n" == shown
    )


ENGINE = """\
services:
  engine:
    image: registry-vpc.cn-hangzhou.aliyuncs.com/x/vllm:1
    entrypoint: [python3, -c]
    network_mode: host
    user: "0:10001"
    devices: [/dev/infiniband:/dev/infiniband]
    cap_drop: [ALL]
"""
ASK = """\
import socket, subprocess
try:
    s = socket.create_connection(("100.100.100.200", 80), 3)
    s.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
    print(s.recv(5).decode(), flush=True)
except (BrokenPipeError, ConnectionResetError):
    print("reset", flush=True)
subprocess.run("ibv_devinfo 2>&1 | grep hca_id || true", shell=True)
"""


def test_a_group_of_the_machines_own_network_can_be_kept_from_the_metadata(site: Site) -> None:
    """The engine's container reads it without the rule and not with it, the machine in both cases; RDMA it sees."""
    site.boot(rdma_devices=1)
    run = 'docker compose -f /srv/c.yaml -p t run --rm --no-deps -T engine "$(cat /srv/ask)" 2>/dev/null\n'

    shown = site.output(
        f"cat >/srv/c.yaml <<'END'\n{ENGINE}END\ncat >/srv/ask <<'END'\n{ASK}END\nmodprobe erdma compat_mode=Y\n"
        f"until docker info >/dev/null 2>&1; do sleep 1; done\n{run}iptables -I {FENCE}\n{run}python3 /srv/ask"
    )

    hca = "hca_id:\terdma_0\n"
    assert f"HTTP/\n{hca}reset\n{hca}HTTP/\n{hca}" == shown
