"""The nodes that serve one model: how they meet, work together, and end when one of them is gone."""

import asyncio
import contextlib
import threading
from dataclasses import dataclass

from scripts.localcloud.machines.engine.lines import Line, LostError

KILLED = 137


class StartError(Exception):
    """The engine gives up at its start; the text is the last line of its traceback."""


@dataclass(frozen=True)
class Node:
    """
    Node *rank* of *count*; they meet at *host*:*port*, on rank 0.

    *layout* is the tensor and pipeline parallelism. *own* is where it listens for the others, empty for the address on
    the way to *host*. With *watches* it ends as soon as another one is gone, and not because it is told to while rank 0
    lives.
    """

    rank: int
    count: int
    layout: tuple[int, int]
    host: str
    port: int
    own: str
    watches: bool


class Alone:
    """The only node there is; what the others do differently, they override."""

    leads = True
    """Whether it serves the model's HTTP routes."""

    deaf = False
    """Whether it goes on when it is told to end."""

    def ready(self) -> None:
        """
        Wait until every node has loaded its part.

        Raises:
            StartError: One of them could not.
        """

    async def step(self) -> None:
        """
        Work on one request with every node.

        Raises:
            LostError: One of them is gone.
        """

    def ended(self) -> int | None:
        """Return the exit status once there is no going on."""
        return None

    def stop(self) -> None:
        """Tell the others that this is the end."""


class Leader(Alone):
    """Rank 0, with a line for requests to each other node and one for its answers."""

    def __init__(self, node: Node, requests: list[Line], answers: list[Line]) -> None:
        self._watches = node.watches
        self._requests = _patient(requests)
        self._answers = _patient(answers)
        self._turn = asyncio.Lock()
        self._lost = False

    def ready(self) -> None:
        """Wait until every node has loaded its part."""
        try:
            self._work()
        except LostError as problem:
            raise _closed(problem) from None

    async def step(self) -> None:
        """Work on one request with every node; a thread of its own, because the end does not wait for an answer."""
        async with self._turn:
            done = asyncio.get_running_loop().create_future()
            threading.Thread(target=self._settle, args=(done,), daemon=True).start()
            if not await done:
                raise LostError

    def _settle(self, done: "asyncio.Future[bool]") -> None:
        try:
            self._work()
        except LostError:
            self._lost = True
        done.get_loop().call_soon_threadsafe(done.set_result, not self._lost)

    def _work(self) -> None:
        for line in self._requests:
            line.send("work")
        for line in self._answers:
            line.receive()

    def ended(self) -> int | None:
        """Return the exit status: vLLM's own after a lost step is 0."""
        if self._watches:
            return KILLED if any(line.gone() for line in self._answers) else None
        return 0 if self._lost else None

    def stop(self) -> None:
        """Tell the others that this is the end, where they listen to it."""
        for line in self._requests if self._watches else []:
            with contextlib.suppress(LostError):
                line.send("stop")


class Follower(Alone):
    """Any other rank: it does its part of what rank 0 asks for."""

    leads = False

    def __init__(self, node: Node, requests: Line, answers: Line) -> None:
        self.deaf = node.watches
        self._watches = node.watches
        [self._requests, self._answers] = _patient([requests, answers])
        self._end: int | None = None

    def ready(self) -> None:
        """Wait until rank 0 has loaded its part; from then on work in the background."""
        try:
            self._work()
        except LostError as problem:
            raise _closed(problem) from None
        threading.Thread(target=self._follow, daemon=True).start()

    def _work(self) -> None:
        wanted = self._requests.receive()
        self._end = 0 if wanted == "stop" else None
        self._answers.send("done")

    def _follow(self) -> None:
        try:
            while self._end is None:
                self._work()
        except LostError:
            self._end = KILLED

    def ended(self) -> int | None:
        """Return the exit status; vLLM's does not notice that rank 0 is gone."""
        return self._end if self._watches else None


def _closed(problem: LostError) -> StartError:
    return StartError(f"RuntimeError: [gloo/transport/tcp/pair.cc] Connection closed by peer {problem}")


def _patient(lines: list[Line]) -> list[Line]:
    for line in lines:
        line.until(None)
    return lines
