# Readies the node's way to the other one, RDMA included, and writes down what the engine must know of it.

import fcntl
import ipaddress
import json
import os
import re
import socket
import struct
import subprocess

from cloud import FatalError, run

SIOCGIFADDR, SIOCGIFMTU, SIOCGIFNETMASK = 0x8915, 0x8921, 0x891B
# Nobody has this address, so the way to it is the default route.
ELSEWHERE = "192.0.2.1"
# The engine's containers share the machine's network, but not its role: they run with this group.
FENCE = ["OUTPUT", "-d", "100.100.100.200", "-m", "owner", "--gid-owner", "10001", "-j", "REJECT"]


def ask(interface, what):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        return fcntl.ioctl(any_socket, what, struct.pack("256s", interface.encode()))


def address(interface, what=SIOCGIFADDR):
    return socket.inet_ntoa(ask(interface, what)[20:24])


# Nothing is sent: the kernel only says where a packet would leave.
def route(target):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((target, 9))
        own = probe.getsockname()[0]
    for _, name in socket.if_nameindex():
        try:
            if address(name) == own:
                return name, own
        except OSError:
            continue
    raise OSError(f"no interface has {own}, the address on the way to {target}")


def call(*words):
    try:
        done = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
    except FileNotFoundError:
        raise FatalError(f"no {words[0]} on this system image: choose one that has it")
    said, _ = done.communicate()
    print(" ".join(words), flush=True)
    return done.returncode, said


def load_drivers():
    # Without this mode the driver joins no connection of NCCL's; one loaded at boot may lack it.
    mode = "/sys/module/erdma/parameters/compat_mode"
    if os.path.exists(mode):
        with open(mode) as file:
            if file.read().strip() not in ("Y", "1"):
                call("modprobe", "-r", "erdma")
    code, said = call("modprobe", "erdma", "compat_mode=Y")
    if code:
        raise FatalError(f"{last(said)}: choose a system image with the eRDMA driver, or interconnect tcp")
    # Lets the interface read the GPUs' memory; NCCL does without it, slower.
    call("modprobe", "nvidia_peermem")
    call("eadm", "info")


def rdma_devices(wanted):
    _, said = call("ibv_devinfo")
    states = {}
    for block in re.split(r"^hca_id:\s*", said, flags=re.MULTILINE)[1:]:
        states[block.split()[0]] = "".join(re.findall(r"state:\s*(\w+)", block)[:1]) or "without a port"
    # An interface may be joined to the machine after its boot: not final.
    if len(states) < wanted:
        raise OSError(f"ibv_devinfo lists {len(states)} of {wanted} RDMA devices: {' '.join(sorted(states)) or 'none'}")
    for name, state in sorted(states.items()):
        if state != "PORT_ACTIVE":
            raise OSError(f"RDMA device {name} is {state}")
    return sorted(states)


def last(text):
    return (text.strip().splitlines() or ["no reason given"])[-1]


def fence():
    if call("iptables", "-C", *FENCE)[0]:
        code, said = call("iptables", "-I", *FENCE)
        if code:
            raise OSError(f"the engine cannot be kept from the metadata service: {last(said)}")


def main(settings, folder):
    fence()
    name, own = route(settings["LLM_HEAD_ADDRESS"] or ELSEWHERE)
    mtu = struct.unpack_from("i", ask(name, SIOCGIFMTU), 16)[0]
    if settings["LLM_MTU"] and mtu != int(settings["LLM_MTU"]):
        raise FatalError(
            f"{name} has MTU {mtu}, eRDMA needs {settings['LLM_MTU']}: turn on the instance's jumbo frames"
        )
    variables = {
        "HEAD_ADDRESS": settings["LLM_HEAD_ADDRESS"] or own,
        "GLOO_SOCKET_IFNAME": name,
        "NCCL_SOCKET_IFNAME": name,
        "VLLM_HOST_IP": own,
    }
    devices = []
    if settings["LLM_INTERCONNECT"] == "erdma":
        load_drivers()
        devices = rdma_devices(int(settings["LLM_RDMA_DEVICES"]))
        network = ipaddress.ip_network(f"{own}/{address(name, SIOCGIFNETMASK)}", strict=False)
        variables["NCCL_IB_ADDR_RANGE"] = str(network)
    with open(os.path.join(folder, "fabric.env"), "w") as file:
        file.writelines(f"{key}={value}\n" for key, value in variables.items())
    with open(os.path.join(folder, "facts.json"), "w") as file:
        json.dump({"MTU": mtu, "RDMA devices": len(devices)}, file)
    return f"{own} on {name}, MTU {mtu}{''.join(', ' + device for device in devices)}"


if __name__ == "__main__":
    run(lambda: main(os.environ, "/run/llm"))
