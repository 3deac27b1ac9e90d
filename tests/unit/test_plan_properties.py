"""Laws that hold for every plan, tried on random ones."""

import dataclasses

from hypothesis import given, settings
from hypothesis import strategies as st

from components import catalog
from components.catalog import Engine, Instance, Model
from components.plan import Machines, Plan, PlanError, PlanRequest, make_plan

MACHINES = st.builds(
    Machines,
    each=st.sampled_from(list(catalog.rows(Instance).values())),
    count=st.integers(1, 2),
    erdma=st.booleans(),
)

REQUESTS = st.builds(
    PlanRequest,
    model=st.sampled_from(list(catalog.rows(Model).values())),
    on=MACHINES,
    launcher=st.sampled_from(["native", "ray"]),
    engine=st.sampled_from(list(catalog.rows(Engine))),
    engine_image=st.just("team/engine:1"),
    gpu_memory_utilization=st.sampled_from([0.5, 0.7, 0.8, 0.85, 0.9, 0.92, 0.95, 0.98]),
    kv_cache_dtype=st.sampled_from(["auto", "fp8"]),
    max_model_len=st.one_of(st.none(), st.integers(1, 200_000)),
    tensor_parallel=st.one_of(st.none(), st.integers(1, 16)),
    pipeline_parallel=st.one_of(st.none(), st.integers(1, 4)),
    cuda_graphs=st.booleans(),
)


def planned(request: PlanRequest) -> Plan | None:
    """Return the plan, or None when it is refused."""
    try:
        return make_plan(request)
    except PlanError:
        return None


@given(REQUESTS)
@settings(deadline=None)
def test_a_plan_that_fits_stays_within_its_budget(request: PlanRequest) -> None:
    """Weights, activations, CUDA's own and the cache of a full context fit, and the graphs fit beside them."""
    plan = planned(request)

    if plan is not None:
        budget = plan.budget
        assert budget.taken + plan.max_model_len * budget.token <= budget.planned
        assert budget.planned + budget.graphs <= budget.usable
        assert 1 <= plan.max_concurrent
        assert plan.max_model_len <= request.model.max_context


@given(REQUESTS)
@settings(deadline=None)
def test_a_layout_uses_what_there_is(request: PlanRequest) -> None:
    """Never more GPUs than there are, and none idle unless both sizes were given for one machine."""
    plan = planned(request)

    if plan is not None:
        used = plan.tensor_parallel * plan.pipeline_parallel
        assert used <= request.gpus
        assert request.model.attention_heads % plan.tensor_parallel == 0
        if request.on.count > 1 or (request.tensor_parallel is None and request.pipeline_parallel is None):
            assert used == request.gpus


@given(REQUESTS, st.integers(1, 50))
@settings(deadline=None)
def test_more_memory_never_gives_less_context(request: PlanRequest, percent: int) -> None:
    """A GPU with more memory of the same kind holds at least as much."""
    open_request = dataclasses.replace(request, max_model_len=None, allow_unfit=True)
    plan = planned(open_request)
    larger = _Bigger(**{**open_request.__dict__, "percent": percent})

    if plan is not None:
        bigger = make_plan(larger)
        assert plan.max_model_len <= bigger.max_model_len
        assert plan.kv_tokens <= bigger.kv_tokens


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Bigger(PlanRequest):
    """The same machine with *percent* more memory on each GPU."""

    percent: int

    @property
    def gpu(self) -> catalog.Gpu:
        """The larger GPU."""
        real = super().gpu
        return dataclasses.replace(real, usable_mib=real.usable_mib * (100 + self.percent) // 100)


@given(REQUESTS)
@settings(deadline=None)
def test_an_override_always_gets_a_plan_and_says_so(request: PlanRequest) -> None:
    """With `allowUnfit`, the same problems are printed instead of raised."""
    plan = planned(request)
    forced = planned(dataclasses.replace(request, allow_unfit=True))

    if plan is not None:
        assert forced is not None
        assert plan.problems == forced.problems == ()
    elif forced is not None:
        assert "OVERRIDDEN" in forced.verdict()
