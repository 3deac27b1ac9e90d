"""Machines that boot their real user data in a sandbox of this laptop."""

from scripts.localcloud.machines.machines import Machines
from scripts.localcloud.machines.spec import CommandResult, MachineError, MachineSpec

__all__ = ["CommandResult", "MachineError", "MachineSpec", "Machines"]
