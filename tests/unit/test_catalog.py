"""Facts about the facts: every row of every catalog file is usable and says where it was read."""

import dataclasses
import datetime as dt
import pathlib
import typing

import pydantic
import pytest

from components import catalog
from components.catalog import Chart, Engine, Fabric, Gpu, Image, Instance, Model, Region, Row, Series
from components.plan.pod import gpu_counts, sizes
from components.sizing import divisible

KINDS = (Chart, Engine, Fabric, Gpu, Image, Instance, Model, Region, Series)
ROWS = [pytest.param(row, id=f"{kind.__name__}-{name}") for kind in KINDS for name, row in catalog.rows(kind).items()]


def names(kind: type[Row]) -> list[str]:
    """Return the row names of *kind*."""
    return list(catalog.rows(kind))


@pytest.mark.parametrize("row", ROWS)
def test_every_row_has_a_source_and_a_day(row: Row) -> None:
    """A fact without a source, or read in the future, is no fact."""
    assert row.source
    assert dt.date(2026, 1, 1) <= row.checked <= dt.date(2026, 11, 21)


@pytest.mark.parametrize("row", ROWS)
def test_every_value_has_its_type(row: Row) -> None:
    """A number in quotes would stop the arithmetic of the first user who asks for that row."""
    kinds = typing.get_type_hints(type(row))
    for field in dataclasses.fields(row):
        value = getattr(row, field.name)

        assert value == pydantic.TypeAdapter(kinds[field.name]).validate_python(value, strict=True)


@pytest.mark.parametrize("name", names(Instance))
def test_instance_row_is_consistent(name: str) -> None:
    """An instance type has a known GPU and the shape of an ECS name."""
    row = catalog.find(Instance, name)

    assert name.startswith("ecs.")
    assert row.gpu in catalog.rows(Gpu)
    assert row.gpu_count in {1, 2, 4, 8}
    assert row.vcpus > 0
    assert row.memory_gib >= row.vcpus
    assert row.network_gbps is None or 1 <= row.network_gbps <= 400
    assert row.rdma_interfaces is None or (row.eri and 1 <= row.rdma_interfaces <= 8)


@pytest.mark.parametrize("name", names(Gpu))
def test_gpu_row_is_consistent(name: str) -> None:
    """A process is never offered more than nvidia-smi shows, and FP8 follows from the compute capability."""
    row = catalog.find(Gpu, name)

    assert 0.97 * row.memory_mib < row.usable_mib < row.memory_mib
    assert row.memory_mib <= row.nominal_gb * 1024
    assert row.fp8 == (row.sm is not None and row.sm >= 89)


@pytest.mark.parametrize("name", names(Model))
def test_model_row_is_consistent(name: str) -> None:
    """A model has the numbers of exactly one attention formula, and FP8 facts only when it is FP8."""
    row = catalog.find(Model, name)
    gqa = (row.kv_heads, row.head_dim)
    mla = (row.kv_lora_rank, row.qk_rope_head_dim)

    assert (None not in gqa, None not in mla) in {(True, False), (False, True)}
    assert row.fp8_tp_limit is None or row.quantization == "fp8"
    assert divisible(row, 1)
    assert 1024 <= row.max_context
    assert 2e9 < row.weights_bytes < 2e12


def test_eri_interfaces_that_were_read() -> None:
    """The families whose number a page gives; for the others one is taken, and said."""
    known = {row.name.split(".")[1].split("-")[0]: row.rdma_interfaces for row in catalog.rows(Instance).values()}

    assert {"ebmgn8v": 2, "ebmgn8is": 2, "gn8is": 1} == {name: number for name, number in known.items() if number}


@pytest.mark.parametrize("name", names(Fabric))
def test_fabric_row_is_consistent(name: str) -> None:
    """Variables are NCCL's and Gloo's, and none of those that a machine finds from its route; a pod finds none."""
    row = catalog.find(Fabric, name)
    found = [key for key in row.env if "IFNAME" in key or "ADDR_RANGE" in key]

    assert [] == [key for key in row.env if not key.startswith(("NCCL_", "GLOO_"))]
    assert (["NCCL_SOCKET_IFNAME", "GLOO_SOCKET_IFNAME"] if name.startswith("acs-") else []) == found


@pytest.mark.parametrize(("name", "off"), [("erdma", "0"), ("tcp", "1"), ("acs-type-1", None), ("acs-type-2", "1")])
def test_what_each_fabric_says_about_rdma(name: str, off: str | None) -> None:
    """The PPU's RDMA is not what NCCL calls IB; the sets are not to be mixed."""
    assert off == catalog.find(Fabric, name).env.get("NCCL_IB_DISABLE")


@pytest.mark.parametrize("name", names(Series))
def test_series_row_is_consistent(name: str) -> None:
    """A series has a known GPU, a fabric and drivers, a CPU class none of them; every size has memory for its vCPUs."""
    row = catalog.find(Series, name)
    whole = row.rdma_gpus is None or row.rdma_gpus == gpu_counts(row)[-1]
    shapes = [sizes(row, gpus) for gpus in gpu_counts(row)]

    assert (row.gpu in catalog.rows(Gpu), row.resource != "", row.drivers != []) == (row.gpu is not None,) * 3
    assert (row.fabric in catalog.rows(Fabric), whole) == (row.rdma_gpus is not None, True)
    assert all(memory >= vcpus for shape in shapes for vcpus, memories in shape.items() for memory in memories)
    assert all(memories == sorted(set(memories)) for shape in shapes for memories in shape.values())


@pytest.mark.parametrize("name", names(Engine))
def test_default_images_carry_the_version_that_was_checked(name: str) -> None:
    """The image an engine runs by default is the release whose flags were tried."""
    row = catalog.find(Engine, name)

    assert row.image.endswith(f":v{row.version}")
    assert row.gate_image == "caddy:2.11.7"


def test_one_system_image_is_the_default() -> None:
    """Exactly one public image is taken when none is named, and it needs the 100 GiB that it is large."""
    defaults = [row for row in catalog.rows(Image).values() if row.default]

    assert ["ubuntu_24_04_x64_100G_with_gpu_driver_and_cuda_alibase_20260519.vhd"] == [row.name for row in defaults]
    assert {100} == {row.minimum_system_disk_gib for row in catalog.rows(Image).values()}


@pytest.mark.parametrize("name", names(Region))
def test_zones_belong_to_their_region(name: str) -> None:
    """Every zone named is its region and one letter."""
    row = catalog.find(Region, name)

    assert [zone for zone in row.zones if zone.rstrip("abcdefghijkl").rstrip("-") != name] == []


def test_the_models_people_ask_for_are_there() -> None:
    """The models of the deployment guides that this project follows."""
    wanted = {
        "Qwen/Qwen3-235B-A22B",
        "Qwen/Qwen3-32B",
        "Qwen/Qwen3-8B",
        "Qwen/QwQ-32B",
        "Qwen/Qwen2.5-32B-Instruct",
        "deepseek-ai/DeepSeek-R1-Distill-Llama-70B",
        "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B",
        "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",
        "deepseek-ai/DeepSeek-R1",
        "deepseek-ai/DeepSeek-V3",
    }

    assert wanted <= set(names(Model))


def test_unknown_name_suggests_the_nearest() -> None:
    """A typing error gets the row that was meant."""
    with pytest.raises(ValueError, match="is not in the catalog") as error:
        catalog.find(Instance, "ecs.gn7i-c8g1.2xlrge")

    assert "'ecs.gn7i-c8g1.2xlrge' is not in the catalog. Did you mean 'ecs.gn7i-c8g1.2xlarge'?" == str(error.value)


def test_name_like_no_other_points_at_the_file() -> None:
    """Without anything close, the way out is the list itself."""
    with pytest.raises(ValueError, match="is not in the catalog") as error:
        catalog.find(Gpu, "zzz")

    assert "'zzz' is not in the catalog. See components/catalog/gpus.toml." == str(error.value)


EDITS = {
    "unknown": ("sm = 86", "cuda = 86", "got an unexpected keyword argument 'cuda'"),
    "missing": ("fp8 = false", "", "missing 1 required keyword-only argument: 'fp8'"),
}


@pytest.mark.parametrize(("old", "new", "wrong"), EDITS.values(), ids=EDITS)
def test_a_slip_in_an_edited_row_is_found(tmp_path: pathlib.Path, old: str, new: str, wrong: str) -> None:
    """A name that is no field's, or a field left out, is told with its file and row."""
    edited = tmp_path / "edited.toml"
    edited.write_text((pathlib.Path(catalog.__file__).parent / Gpu.FILE).read_text().replace(old, new, 1))

    with pytest.raises(ValueError, match="argument") as error:
        catalog.rows(type("Edited", (Gpu,), {"FILE": str(edited)}))

    assert f"{edited}, row 'A10': {wrong}" == str(error.value)


def test_no_python_file_states_a_fact() -> None:
    """Names of models and instance types stand in the catalog, and as defaults and examples in args only."""
    folder = pathlib.Path(catalog.__file__).parent.parent
    words = [name for kind in (Model, Instance, Gpu, Image) for name in names(kind) if len(name) > 4]
    guilty = {
        (str(path.relative_to(folder)), word)
        for path in folder.rglob("*.py")
        if "args" not in path.parts
        for word in words
        if word in path.read_text(encoding="utf-8")
    }

    assert set() == guilty
