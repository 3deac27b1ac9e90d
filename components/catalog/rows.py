"""What a catalog row holds. A unit is in the name; bytes are bytes, MiB and GiB are powers of two."""

import dataclasses
import datetime as dt
from typing import ClassVar, Literal


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """A fact, with where it was read and when."""

    FILE: ClassVar[str]

    name: str
    source: str
    """URLs or files read, separated by `` ; ``."""
    checked: dt.date
    confidence: str = "one source"
    notes: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Gpu(Row):
    """A GPU as the engines see it."""

    FILE: ClassVar[str] = "gpus.toml"

    memory_mib: int
    """What nvidia-smi shows."""
    usable_mib: int
    """What a process is offered: the driver keeps about 1 %. Every fit is computed from this one."""
    nominal_gb: int
    """What the vendor prints, the unit in which published minimum sizes are stated."""
    sm: int | None = None
    """CUDA compute capability times ten; absent when nobody has said."""
    fp8: bool
    """Has FP8 tensor cores (sm 89 and newer)."""
    big_batches: bool
    """The engines default to prefill batches of 8192 tokens here (70 GiB and more, A100 excepted), else 2048."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Instance(Row):
    """An ECS instance type with GPUs."""

    FILE: ClassVar[str] = "instances.toml"

    gpu: str
    """A name in gpus.toml."""
    gpu_count: int
    vcpus: int
    memory_gib: int
    network_gbps: float | None = None
    """Absent where the vendor's page gives none."""
    eri: bool = False
    """Offers eRDMA interfaces."""
    rdma_interfaces: int | None = None
    """How many of them, one for each network card; absent where nobody has said."""
    low_latency: bool = False
    """May stand in a LowLatency deployment set."""
    nvlink: bool = False
    """The GPUs reach each other over NVLink."""
    uefi_image: bool = False
    """Boots only images in UEFI mode."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Model(Row):
    """A checkpoint, in the fields the memory arithmetic reads."""

    FILE: ClassVar[str] = "models.toml"

    modelscope: str | None = None
    """Id on ModelScope; absent when it was not confirmed."""
    license: str = ""
    weights_bytes: int
    """Tensor bytes on disk, MTP layers included."""
    quantization: Literal["bf16", "fp8", "int8"] = "bf16"
    quantization_flag: str = ""
    """What the engines are told with ``--quantization``, where the checkpoint alone does not tell them."""
    without_fp8: str | None = None
    """The row to serve instead, on GPUs without FP8."""
    layers: int
    attention_heads: int
    kv_heads: int | None = None
    """Grouped-query attention; absent with MLA."""
    head_dim: int | None = None
    kv_lora_rank: int | None = None
    """MLA: width of the compressed row."""
    qk_rope_head_dim: int | None = None
    """MLA: width of the positional part of the row."""
    max_context: int
    """Tokens the published config allows without passing a RoPE override."""
    moe: bool = False
    fp8_tp_limit: int | None = None
    """Largest tensor-parallel size whose slices are whole 128-wide FP8 blocks."""
    minimum_gb: int | None = None
    """Total GPU memory the vLLM recipes ask for, in vendor GB."""
    vllm_minimum: str | None = None
    sglang_minimum: str | None = None
    vllm_reasoning_parser: str | None = None
    vllm_tool_parser: str | None = None
    sglang_reasoning_parser: str | None = None
    sglang_tool_parser: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Engine(Row):
    """An inference engine, the version its flags were tried with, and its default image."""

    FILE: ClassVar[str] = "engines.toml"

    title: str
    version: str
    """Release whose command line parser accepted every flag used here."""
    image: str
    gate_image: str
    """Caddy, the same for every engine."""
    tools_image: str
    """Python, for the programs that prepare and check a cluster, the same for every engine."""
    ray_minimum: str
    """First release of Ray whose ports can be closed with a token, the same for every engine."""
    repository: str
    """Where the project itself publishes images."""
    without_ray_since: str
    """Release from which on those images hold no Ray."""
    tensor_parallel_over_machines: bool = False
    """On several machines, split each layer over all of them, not the layers between them."""
    refused_flags: dict[str, str]
    """Flags people copy from older guides that this version refuses, and what to write instead."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Image(Row):
    """A dated public system image with the GPU driver inside."""

    FILE: ClassVar[str] = "images.toml"

    default: bool = False
    family: str
    os: str
    driver: str | None = None
    minimum_system_disk_gib: int
    boot_mode: Literal["unknown", "BIOS", "UEFI"] = "unknown"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Region(Row):
    """A region and the zones of it that the sources name; its full list of zones is the vendor's."""

    FILE: ClassVar[str] = "regions.toml"

    zones: list[str]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fabric(Row):
    """A network between machines, and what NCCL is told about it."""

    FILE: ClassVar[str] = "fabrics.toml"

    mtu: int | None = None
    """Frame size that every interface must have, where it matters."""
    env: dict[str, str]
    """Environment variables of the engine."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Series(Row):
    """What ACS runs a pod on: a series of GPUs, or a CPU class."""

    FILE: ClassVar[str] = "acs.toml"

    compute_class: str
    aliases: list[str] = dataclasses.field(default_factory=list)
    """What the series was called before."""
    gpu: str | None = None
    """A name in gpus.toml; absent for a CPU class."""
    resource: str = ""
    """What a container asks for by the number of GPUs."""
    sizes: dict[str, dict[str, str]]
    """GPUs, then vCPUs, to memory in GiB: ``2-16`` in steps of one, or the values."""
    nvlink: bool = False
    """The GPUs reach each other over NVLink, or over a link as fast."""
    rdma_gpus: int | None = None
    """GPUs of the pods that may use RDMA."""
    fabric: str | None = None
    """What is then between them: a name in fabrics.toml."""
    drivers: list[str] = dataclasses.field(default_factory=list)
    """Driver versions, the newest first."""
    engine_images: dict[str, str] = dataclasses.field(default_factory=dict)
    """Engine to path and tag of an image of the vendor's, where the engines' own do not run."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Chart(Row):
    """A Helm chart that a cluster needs."""

    FILE: ClassVar[str] = "charts.toml"

    version: str
    url: str
    namespace: str
