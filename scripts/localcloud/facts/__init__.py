"""What the cloud sells and where: regions, instance types, public images, error codes. Its own list, on purpose."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Region:
    """A region; *infix* is the three characters its ids carry."""

    name: str
    infix: str

    def has_zone(self, zone: str) -> bool:
        """Whether *zone* is named like a zone of this region: ``cn-hangzhou-k``, ``ap-southeast-1a``."""
        letter = zone.removeprefix(self.name).removeprefix("-")
        return zone.startswith(self.name) and len(letter) == 1 and letter.isalpha()


@dataclass(frozen=True)
class InstanceType:
    """A GPU instance type; memory of one GPU as ``nvidia-smi`` shows it."""

    vcpus: int
    memory_gib: int
    gpu_count: int
    gpu_name: str
    gpu_memory_mib: int


@dataclass(frozen=True)
class Family:
    """What the network of an instance family can do; None where the vendor gives no number."""

    rdma_interfaces: int | None = 0
    network_cards: int | None = 1
    low_latency: bool = False
    jumbo_frames: bool = False


@dataclass(frozen=True)
class Image:
    """A public system image; *size_gib* is the smallest system disk it fits on."""

    size_gib: int
    os_name: str


def _load(name: str) -> dict[str, dict[str, dict[str, object]]]:
    document: dict[str, dict[str, dict[str, object]]] = json.loads(
        (Path(__file__).parent / f"{name}.json").read_text(encoding="utf-8")
    )
    return document


@cache
def regions() -> Mapping[str, Region]:
    """Return the regions by name."""
    return {name: Region(name, str(row["infix"])) for name, row in _load("regions")["regions"].items()}


@cache
def instance_types() -> Mapping[str, InstanceType]:
    """Return the instance types by name."""
    rows = _load("instance_types")["types"]
    return {name: InstanceType(**row) for name, row in rows.items()}  # type: ignore[arg-type]  # the file's own keys


@cache
def _families() -> Mapping[str, Family]:
    rows = _load("families")["families"]
    return {name: Family(**row) for name, row in rows.items()}  # type: ignore[arg-type]  # the file's own keys


def family(instance_type: str) -> Family:
    """Return the family of *instance_type*: ``ecs.gn8is`` for ``ecs.gn8is-2x.8xlarge``."""
    name = instance_type.rsplit(".", 1)[0].split("-", 1)[0]
    return _families().get(name, Family())


@cache
def images() -> Mapping[str, Image]:
    """Return the public images by id."""
    rows = _load("images")["images"]
    return {name: Image(**row) for name, row in rows.items()}  # type: ignore[arg-type]  # the file's own keys


@cache
def error_codes() -> Mapping[str, str]:
    """Return the vendor's sentence of each error code that a fault may name."""
    return {code: str(sentence) for code, sentence in _load("faults")["codes"].items()}


@cache
def system_policies() -> Mapping[str, list[dict[str, object]]]:
    """Return the statements of the system policies known here."""
    rows = _load("system_policies")["policies"]
    return {name: list(statements) for name, statements in rows.items()}  # type: ignore[arg-type]  # lists in this file


@cache
def addons() -> tuple[str, ...]:
    """Return the names of the add-ons of clusters known here."""
    return tuple(_load("addons")["addons"])
