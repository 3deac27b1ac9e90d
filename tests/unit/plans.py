"""Requests for a plan, with the components' defaults."""

from typing import Any

from components import catalog
from components.catalog import Engine, Instance, Model, Series
from components.plan import Machines, Node, Nodes, PlanRequest
from components.plan.cache import make_cache
from components.plan.pod import pod_shape
from components.plan.pods import Pods

_MACHINES = {"count": "nodes", "erdma": "rdma", "weights_disk_gib": "weights_disk_gib"}


def on_machines(model: str, instance: str, **change: Any) -> PlanRequest:  # noqa: ANN401
    """Return a request for *model* on machines of that type; ``nodes`` and ``rdma`` say how many and how joined."""
    given = {field: change.pop(name) for field, name in _MACHINES.items() if name in change}
    return _request(model, Machines(each=catalog.find(Instance, instance), **given), change)


def on_pods(model: str, series: str, gpus: int, count: int = 1, **change: Any) -> PlanRequest:  # noqa: ANN401
    """Return a request for *model* on *count* pods of that series, with a cache in front."""
    each = pod_shape(catalog.find(Series, series), gpus, None, None)
    cache = make_cache(catalog.find(Model, model).weights_bytes, None, None)
    return _request(model, Pods(each=each, count=count, cache=cache), change)


def _request(model: str, nodes: Nodes[Node], change: dict[str, Any]) -> PlanRequest:
    engine = change.pop("engine", "vllm")
    return PlanRequest(
        **{
            "model": catalog.find(Model, model),
            "on": nodes,
            "engine": engine,
            "engine_image": catalog.find(Engine, engine).image,
            "gpu_memory_utilization": 0.90,
            "kv_cache_dtype": "auto",
            **change,
        }
    )
