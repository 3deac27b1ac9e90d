"""Tell a process from another one that got its number later."""

from pathlib import Path

START_TIME_FIELD = 19
"""Index of the start time among the fields after the name in /proc/<pid>/stat. Source: proc(5)."""


def process_identity(pid: int) -> str:
    """Return *pid* with its start time, empty when there is no such living process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else f"{pid} {fields[START_TIME_FIELD]}"


def living_pid(identity: str) -> int | None:
    """Return the pid of *identity* while that very process lives, else None."""
    pid = int(identity.partition(" ")[0] or 0)
    return pid if pid and process_identity(pid) == identity else None
