"""
What a program would do, as data: run in a process of its own, with no `pulumi`, no credential and no environment.

`foresee` runs one stack of a program; given a base, it says what the change from there does to what exists.
"""

from scripts.foreseen.run import foresee, foresee_change
from scripts.foreseen.seen import SECRET, UNKNOWN, Foreseen, Planned, Said, Source

__all__ = ["SECRET", "UNKNOWN", "Foreseen", "Planned", "Said", "Source", "foresee", "foresee_change"]
