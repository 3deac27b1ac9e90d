"""What is served and how: model and engine, and the plan computed from them and from what they run on."""

import dataclasses
import datetime as dt
import functools
from abc import abstractmethod
from collections.abc import Iterable
from typing import Annotated, Any, Literal

import pydantic
from pydantic.alias_generators import to_camel

from components import catalog, engine
from components.args.base import Args, rule
from components.args.values import ContainerImage, matching, within
from components.catalog import Engine, Model
from components.plan import Node, Nodes, Plan, PlanError, PlanRequest, Problem, make_plan
from components.sizing import GIB

Count = Annotated[int, within(1, 1_000_000_000)]
ModelId = Annotated[str, matching(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?", "a model id such as 'Qwen/Qwen3-8B'")]

_GQA = {"model_kv_heads", "model_head_dim"}
_MLA = {"model_kv_lora_rank", "model_qk_rope_head_dim"}
_SHAPE = {"model_weights_gib", "model_layers", "model_attention_heads", "model_max_context"}

PLANNED = {
    "model", "engine", "engine_image", "max_model_len", "tensor_parallel", "pipeline_parallel",
    "gpu_memory_utilization", "kv_cache_dtype", "extra_engine_args", "model_quantization",
    "model_fp8_tp_limit", *_SHAPE, *_GQA, *_MLA,
}  # fmt: skip
"""Arguments of these without which no plan can be computed."""

_ROW_FIELDS = (
    "layers",
    "attention_heads",
    "kv_heads",
    "head_dim",
    "kv_lora_rank",
    "qk_rope_head_dim",
    "max_context",
    "quantization",
    "fp8_tp_limit",
)


def _engine_image(data: dict[str, Any]) -> str:
    return catalog.find(Engine, data["engine"]).image


def given_weights_bytes(data: dict[str, Any]) -> int:
    """Return the weights of the model in *data*, arguments that are still being read; 0 when nobody has said."""
    row = catalog.rows(Model).get(data["model"])
    given = data["model_weights_gib"]
    return row.weights_bytes if row and given is None else round((given or 0) * GIB)


class ServingArgs(Args):
    """Model, engine and the shape they run in."""

    model: ModelId = "Qwen/Qwen3-8B"
    """Model to serve, by its id; one of the catalog's, or any other together with its `model…` numbers."""

    engine: Literal["vllm", "sglang"] = "vllm"
    """Inference engine: `vllm` or `sglang`."""

    engine_image: ContainerImage = pydantic.Field(default_factory=_engine_image)
    """Container image of the engine; default: the catalog's for that engine."""

    served_model_name: Annotated[
        str,
        matching(r"[A-Za-z0-9][\w.:@+-]{0,127}(/[\w.:@+-]{1,127})?", "letters, digits, . _ : @ + - and at most one /"),
    ] = pydantic.Field(default_factory=lambda data: data["model"])
    """Name to put in a request; default: the model's id."""

    max_model_len: Count | None = None
    """Longest context in tokens, prompt and answer together; default: what one request's cache has room for."""

    tensor_parallel: Count | None = None
    """GPUs that share each layer; default: as many as the model's heads allow."""

    pipeline_parallel: Count | None = None
    """Groups of GPUs that each hold some of the layers; default: what tensor parallelism leaves over."""

    gpu_memory_utilization: Annotated[float, within(0.1, 0.99)] = 0.90
    """Share of GPU memory the engine may plan with; CUDA graphs come on top, so 1 never works."""

    kv_cache_dtype: Literal["auto", "fp8"] = "auto"
    """`auto` keeps the cache in 16 bit, `fp8` halves it on GPUs with FP8 units."""

    extra_engine_args: tuple[str, ...] = ()
    """More of the engine's own flags, one list item each, put last on its command line."""

    allow_unfit: bool = False
    """Deploy although the plan says it does not work; what is overridden is printed in `preview`."""

    model_weights_gib: Annotated[float, within(0.01, 100_000)] | None = None
    """Weights of a model that the catalog lacks, in GiB; `model…` numbers also correct a catalog row."""

    model_layers: Count | None = None
    """Its `num_hidden_layers`."""

    model_attention_heads: Count | None = None
    """Its `num_attention_heads`."""

    model_kv_heads: Count | None = None
    """Its `num_key_value_heads` (grouped-query attention)."""

    model_head_dim: Count | None = None
    """Its `head_dim` (grouped-query attention)."""

    model_kv_lora_rank: Count | None = None
    """Its `kv_lora_rank` (MLA)."""

    model_qk_rope_head_dim: Count | None = None
    """Its `qk_rope_head_dim` (MLA)."""

    model_max_context: Count | None = None
    """Its `max_position_embeddings`."""

    model_quantization: Literal["bf16", "fp8"] | None = None
    """`fp8` for an FP8 checkpoint; default: `bf16`."""

    model_fp8_tp_limit: Count | None = None
    """Largest tensor-parallel size that leaves an FP8 checkpoint's blocks whole."""

    model_reasoning_parser: str | None = None
    """Reasoning parser in the engine's own spelling; empty for none."""

    model_tool_parser: str | None = None
    """Tool-call parser in the engine's own spelling; empty for none."""

    @functools.cached_property
    def model_row(self) -> Model:
        """The model's numbers: the catalog's, corrected by those given."""
        known = catalog.rows(Model).get(self.model)
        if known is not None:
            return dataclasses.replace(known, **self._numbers())
        return Model(name=self.model, modelscope=self.model, source="arguments", checked=dt.date.min, **self._numbers())

    def _numbers(self) -> dict[str, Any]:
        numbers = {name: getattr(self, f"model_{name}") for name in _ROW_FIELDS}
        numbers["weights_bytes"] = None if self.model_weights_gib is None else round(self.model_weights_gib * GIB)
        numbers[f"{self.engine}_reasoning_parser"] = self.model_reasoning_parser
        numbers[f"{self.engine}_tool_parser"] = self.model_tool_parser
        return {name: value for name, value in numbers.items() if value is not None}

    @functools.cached_property
    def plan(self) -> Plan:
        """The computed serving plan."""
        return make_plan(self._plan_request())

    @abstractmethod
    def _plan_request(self) -> PlanRequest:
        """Return what to plan for; `_request` fills in what is the same on whatever it runs."""

    def _request(self, nodes: Nodes[Node]) -> PlanRequest:
        return PlanRequest(
            model=self.model_row,
            on=nodes,
            engine=self.engine,
            engine_image=self.engine_image,
            gpu_memory_utilization=self.gpu_memory_utilization,
            kv_cache_dtype=self.kv_cache_dtype,
            max_model_len=self.max_model_len,
            tensor_parallel=self.tensor_parallel,
            pipeline_parallel=self.pipeline_parallel,
            cuda_graphs=engine.captures_graphs(self.extra_engine_args),
            expert_parallel=engine.splits_experts(self.extra_engine_args),
            allow_unfit=self.allow_unfit,
        )

    def node_argv(self, rank: int) -> list[str]:
        """Return the engine's command line on the machine of that *rank*; empty where none is given."""
        return engine.engine_argv(self.plan, self.served_model_name, self.extra_engine_args, rank)

    def _missing_numbers(self) -> list[str]:
        given = {name for name in self.model_fields_set if getattr(self, name) is not None}
        attention = _MLA if given & _MLA and not given & _GQA else _GQA
        wanted = [name for name in type(self).model_fields if name in _SHAPE | attention]
        return [] if self.model in catalog.rows(Model) else [name for name in wanted if name not in given]

    @rule("model", *_SHAPE, *_GQA, *_MLA)
    def _model_is_known(self) -> Iterable[Problem]:
        missing = [to_camel(name) for name in self._missing_numbers()]
        if not missing:
            return
        close = catalog.nearest(self.model, list(catalog.rows(Model)))
        numbers = f"{', '.join(missing)} (modelKvLoraRank and modelQkRopeHeadDim instead of the KV heads with MLA)"
        yield Problem("model", f"{self.model!r} is not in the catalog.{close} For another model give {numbers}.")

    @rule("extra_engine_args", "engine", "engine_image")
    def _extra_flags(self) -> Iterable[Problem]:
        extra = self.extra_engine_args
        for item in extra:
            if not item or any(not character.isprintable() for character in item):
                yield Problem("extra_engine_args", f"{item!r} is empty or holds a newline. Give one argument an item.")
            elif item.startswith("-") and " " in item.partition("=")[0]:
                text = f"{item!r} is a flag and its value in one item. Make it two items, or join them with '='."
                yield Problem("extra_engine_args", text)
        if extra and not extra[0].startswith("-"):
            yield Problem("extra_engine_args", f"{extra[0]!r} is not a flag. Begin with one, such as '--max-num-seqs'.")
        for flag in engine.flag_names(extra):
            if instead := engine.owner(flag):
                yield Problem("extra_engine_args", f"{flag!r} may not be given here: {instead}.")
            elif instead := engine.refused_flag(self.engine, self.engine_image, flag):
                yield Problem("extra_engine_args", f"{flag!r} is refused by {self.engine_image}. {instead}")

    @rule(*PLANNED)
    def _fits(self) -> Iterable[Problem]:
        if self._missing_numbers():
            return
        try:
            _ = self.plan
        except PlanError as error:
            yield from error.problems
