"""Requests for a plan, with the components' defaults."""

from typing import Any

from components import catalog
from components.catalog import Engine, Instance, Model
from components.plan import Machines, PlanRequest

_MACHINES = {"count": "nodes", "erdma": "rdma", "weights_disk_gib": "weights_disk_gib"}


def on_machines(model: str, instance: str, **change: Any) -> PlanRequest:  # noqa: ANN401
    """Return a request for *model* on machines of that type; ``nodes`` and ``rdma`` say how many and how joined."""
    given = {field: change.pop(name) for field, name in _MACHINES.items() if name in change}
    engine = change.pop("engine", "vllm")
    return PlanRequest(
        **{
            "model": catalog.find(Model, model),
            "on": Machines(each=catalog.find(Instance, instance), **given),
            "engine": engine,
            "engine_image": catalog.find(Engine, engine).image,
            "gpu_memory_utilization": 0.90,
            "kv_cache_dtype": "auto",
            **change,
        }
    )
