"""nvidia-smi and nvidia-ctk."""

from pathlib import Path

from scripts.localcloud.machines.guest import gpus
from scripts.localcloud.machines.guest.commands import RefusedError, complain, say
from scripts.localcloud.machines.guest.commands.options import Options, last
from scripts.localcloud.machines.guest.places import machine

DRIVER_VERSION = "570.133.20"
RUNTIME_FILE = Path("/etc/docker/daemon.json")
NO_DRIVER = 9
"""Exit status of nvidia-smi without a loaded driver. Source: nvidia-smi(1)."""


def _smi(arguments: list[str]) -> int:
    given, words = Options(("-L", "--list-gpus"), ("--query-gpu", "--format", "-i", "--id")).read(arguments)
    if words:
        raise RefusedError(f"unexpected: {' '.join(words)}")
    facts, count = machine(), gpus.count()
    if not count:
        complain("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.")
        return NO_DRIVER
    if "-L" in given or "--list-gpus" in given:
        for index in range(count):
            say(f"GPU {index}: NVIDIA {facts['gpu_name']} (UUID: GPU-{index:08d}-0000-0000-0000-000000000000)")
        return 0
    if "--query-gpu" in given:
        _query(given["--query-gpu"][-1].split(","), last(given, "--format").split(","))
    else:
        say(f"NVIDIA-SMI {DRIVER_VERSION}   Driver Version: {DRIVER_VERSION}")
    return 0


def _query(fields: list[str], form: list[str]) -> None:
    facts = machine()
    if not {"csv", "noheader"} <= set(form):
        raise RefusedError("--query-gpu needs --format=csv,noheader[,nounits]")
    unit = "" if "nounits" in form else " MiB"
    for index in range(gpus.count()):
        memory = int(facts["gpu_memory_mib"])
        values = {
            "index": str(index),
            "name": f"NVIDIA {facts['gpu_name']}",
            "driver_version": DRIVER_VERSION,
            "memory.total": f"{memory}{unit}",
            "memory.used": f"0{unit}",
            "memory.free": f"{memory}{unit}",
            "utilization.gpu": "0" if "nounits" in form else "0 %",
        }
        if unknown := set(fields) - set(values):
            raise RefusedError(f"Field {min(unknown)!r} is not a valid field to query.")
        say(", ".join(values[field] for field in fields))


def _toolkit(arguments: list[str]) -> int:
    given, words = Options(("--version", "--quiet"), ("--runtime",)).read(arguments)
    if "--version" in given:
        say("NVIDIA Container Toolkit CLI version 1.17.8")
        return 0
    if words != ["runtime", "configure"] or last(given, "--runtime") != "docker":
        raise RefusedError(f"only 'runtime configure --runtime=docker' is known, got: {' '.join(arguments)}")
    RUNTIME_FILE.parent.mkdir(parents=True, exist_ok=True)
    RUNTIME_FILE.write_text('{"runtimes": {"nvidia": {"args": [], "path": "nvidia-container-runtime"}}}\n')
    return 0


def main(name: str, arguments: list[str]) -> int:
    """Run one of the two commands."""
    return {"nvidia-smi": _smi, "nvidia-ctk": _toolkit}[name](arguments)
