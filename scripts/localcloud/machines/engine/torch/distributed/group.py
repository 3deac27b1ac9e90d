"""The process group: who is in it, and the numbers and bytes that go between them."""

import os
import time

from scripts.localcloud.machines.engine import lines
from scripts.localcloud.machines.engine.lines import Line

SCALE = 256
"""A link carries one byte for so many that a real one would carry."""

SECONDS = 60
"""How long a rank waits for another, torch's 600 s: many processes on few cores need a while to start."""


class Group:
    """
    Every rank has a line to rank 0 for its numbers; the first rank of every other node has one more for the bytes.

    *address* is where rank 0 listens for the latter.
    """

    def __init__(self, address: str) -> None:
        self.rank, self.size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
        self._first = os.environ["LOCAL_RANK"] == "0"
        deadline = time.monotonic() + SECONDS
        self._lines, self._links = self._gather(address, deadline) if self.rank == 0 else self._find(deadline)

    def _gather(self, address: str, deadline: float) -> tuple[list[Line], list[Line]]:
        with lines.listen("", int(os.environ["MASTER_PORT"])) as master, lines.listen(address) as data:
            others = [lines.accept(master, deadline) for _ in range(self.size - 1)]
            nodes = sum(line.receive() for line in others)
            for line in others:
                line.send(data.getsockname())
            return others, [lines.accept(data, deadline) for _ in range(nodes)]

    def _find(self, deadline: float) -> tuple[list[Line], list[Line]]:
        line = lines.connect((os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])), deadline)
        line.send(int(self._first))
        data = tuple(line.receive())
        return [line], [lines.connect(data, deadline)] if self._first else []

    def sum(self, value: float, size: int) -> float:
        """
        Return the sum of every rank's *value*, which takes *size* bytes on each.

        Raises:
            LostError: A rank is gone.
            TimeoutError: A rank does not take part.
        """
        data = bytes(size // SCALE)
        for line in [*self._lines, *self._links]:
            line.until(time.monotonic() + SECONDS)
        if self.rank == 0:
            total = value + sum(line.receive() for line in self._lines)
            for link in self._links:
                link.take(len(data))
                link.give(data)
            for line in self._lines:
                line.send(total)
            return float(total)
        self._lines[0].send(value)
        for link in self._links:
            link.give(data)
            link.take(len(data))
        return float(self._lines[0].receive())

    def close(self) -> None:
        """Leave the group."""
        for line in [*self._lines, *self._links]:
            line.close()
