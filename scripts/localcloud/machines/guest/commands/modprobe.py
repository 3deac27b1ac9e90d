"""modprobe: the drivers that RDMA needs."""

import os

from scripts.localcloud.machines.guest import gpus, rdma
from scripts.localcloud.machines.guest.commands import RefusedError, complain
from scripts.localcloud.machines.guest.commands.options import Options

_MODES = {"Y": "Y", "1": "Y", "N": "N", "0": "N"}


def _there() -> set[str]:
    """Return the modules that the system image holds; the GPU driver brings its own."""
    return {"erdma", "nvidia_peermem"} if gpus.count() else {"erdma"}


def main(_name: str, arguments: list[str]) -> int:
    """Load one module with its parameters, or unload it with -r."""
    given, words = Options(("-r", "--remove")).read(arguments)
    if not words:
        raise RefusedError("give a module")
    module, *parameters = words
    if module not in _there():
        complain(f"modprobe: FATAL: Module {module} not found in directory /lib/modules/{os.uname().release}")
        return 1
    mode = _mode(module, parameters)
    if module == "erdma":
        rdma.unload() if given else rdma.load(mode)
    return 0


def _mode(module: str, parameters: list[str]) -> str:
    """Return the mode that *parameters* ask for; erdma has this one parameter, the others none."""
    mode = "N"
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if module != "erdma" or name != "compat_mode" or value not in _MODES:
            raise RefusedError(f"{module} has no parameter {parameter!r}")
        mode = _MODES[value]
    return mode
