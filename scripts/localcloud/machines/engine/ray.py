"""Nodes that the real Ray brings together: the engine runs on one, and an actor on each does its part."""

import asyncio
import socket
import threading
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayError, RayTaskError
from ray.util.placement_group import PlacementGroup, placement_group, placement_group_table
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from scripts.localcloud.machines.engine import faults, process, weights
from scripts.localcloud.machines.engine.lines import LostError
from scripts.localcloud.machines.engine.nodes import Alone, StartError

PLACED_SECONDS = 36
"""How long vLLM waits for GPUs: its 1800 s at the pace of a machine's clock."""

MEET_SECONDS = 5


class Part:
    """What runs on the node with *address*, in the place of the engine's workers there."""

    def __init__(self, address: str) -> None:
        self._door = socket.create_server((address, 0))

    def door(self) -> tuple[str, int]:
        """Return where the other nodes reach this one."""
        address, port = self._door.getsockname()
        return str(address), int(port)

    def load(self, folder: str, gpus: int, meeting_place: tuple[str, int]) -> None:
        """Check the node's GPUs, reach *meeting_place* at a random port, as NCCL does, and read the model."""
        if faults.gpus() < gpus:
            raise RuntimeError("No CUDA GPUs are available")
        socket.create_connection(meeting_place, MEET_SECONDS).close()
        weights.load(Path(folder))

    def work(self) -> None:
        """Do this node's part of one request."""

    def live(self) -> None:
        """Run for as long as the node does."""
        threading.Event().wait()


class Parts(Alone):
    """
    The actors of one engine, one per node, this one's first.

    With *watched* their end is the engine's, as vLLM has it. SGLang does not look: its requests wait for ever.
    """

    def __init__(self, group: PlacementGroup, folder: str, *, watched: bool) -> None:
        places = _nodes(group)
        addresses = {node["NodeID"]: node["NodeManagerAddress"] for node in ray.nodes()}
        self._actors = [_actor(group, bundles[0], addresses[node]) for node, bundles in places.items()]
        self._gpus = [
            round(sum(group.bundle_specs[bundle]["GPU"] for bundle in bundles)) for bundles in places.values()
        ]
        self._folder = folder
        self._watched = watched
        self._lives: list[ray.ObjectRef[Any]] = []

    def addresses(self) -> list[str]:
        """Return where the actors run."""
        return [str(address) for address, _ in ray.get([actor.door.remote() for actor in self._actors])]

    def ready(self) -> None:
        """Wait until every node has loaded its part."""
        try:
            door = ray.get(self._actors[0].door.remote())
            loads = zip(self._actors, self._gpus, strict=True)
            ray.get([actor.load.remote(self._folder, gpus, door) for actor, gpus in loads])
        except RayTaskError as problem:
            raise StartError(_last_line(problem)) from None
        except RayError as problem:
            raise StartError(f"{type(problem).__module__}.{type(problem).__name__}: {problem}") from None
        self._lives = [actor.live.remote() for actor in self._actors]

    async def step(self) -> None:
        """Work on one request with every node."""
        try:
            await asyncio.gather(*[actor.work.remote() for actor in self._actors])
        except RayError as problem:
            if not self._watched:
                await asyncio.Event().wait()
            raise LostError(str(problem)) from None

    def ended(self) -> int | None:
        """Return vLLM's exit status once an actor is gone."""
        if not self._watched:
            return None
        gone, _ = ray.wait(self._lives, timeout=0)
        return 0 if gone else None


def vllm(world: int, folder: str) -> Parts:
    """
    Place *world* workers with one GPU each as vLLM 0.32 does, on as few nodes as can be.

    Raises:
        StartError: There is no Ray to connect to, or it has too few GPUs.
    """
    _connect()
    group = placement_group([{"GPU": 1.0}] * world, strategy="PACK")
    try:
        ray.get(group.ready(), timeout=PLACED_SECONDS)
    except GetTimeoutError:
        raise StartError(
            f"ValueError: Cannot provide a placement group requiring {float(world)} GPUs "
            f"(placement_group_specs={group.bundle_specs}) within 1800 seconds."
        ) from None
    return _start(group, folder, watched=True)


def sglang(world: int, count: int, folder: str) -> Parts:
    """
    Place *world* workers on *count* nodes as SGLang 0.5.23 does, which waits for GPUs as long as it takes.

    Raises:
        StartError: There is no Ray to connect to, or none of the nodes is the engine's own.
    """
    _connect()
    group = placement_group([{"CPU": 1.0, "GPU": float(world // count)}] * count, strategy="SPREAD")
    ray.get(group.ready())
    if ray.get_runtime_context().get_node_id() not in _nodes(group):
        raise StartError(
            "RuntimeError: Engine node not found in any placement group bundle. "
            "Rank-0 scheduler must be co-located with the Engine."
        )
    return _start(group, folder, watched=False)


def _connect() -> None:
    """Join the Ray that RAY_ADDRESS or the node names; the engines would start one of their own where there is none."""
    try:
        ray.init(address="auto", log_to_driver=False)
    except (ConnectionError, RayError) as problem:
        raise StartError(f"{type(problem).__name__}: {problem}") from None


def _start(group: PlacementGroup, folder: str, *, watched: bool) -> Parts:
    parts = Parts(group, folder, watched=watched)
    process.log(f"Ray workers on {' '.join(parts.addresses())}")
    return parts


def _nodes(group: PlacementGroup) -> dict[str, list[int]]:
    """Return the bundles of each node, the engine's own node first."""
    table: dict[int, str] = placement_group_table(group)["bundles_to_node_id"]
    own = ray.get_runtime_context().get_node_id()
    names = sorted(set(table.values()), key=lambda name: (name != own, name))
    return {name: [bundle for bundle, node in sorted(table.items()) if node == name] for name in names}


def _actor(group: PlacementGroup, bundle: int, address: str) -> Any:  # noqa: ANN401 - its methods are made as it runs
    place = PlacementGroupSchedulingStrategy(group, bundle)
    made = ray.remote(Part).options(num_cpus=0, num_gpus=1, max_concurrency=2, scheduling_strategy=place)
    return made.remote(address)


def _last_line(problem: RayTaskError) -> str:
    return str(problem).strip().splitlines()[-1]
