"""Vendor facts as rows of TOML files; Python states no property of an instance type, pod, GPU, model or image."""

import difflib
import functools
import pathlib
import tomllib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from components.catalog.rows import Chart, Engine, Fabric, Gpu, Image, Instance, Model, Region, Row, Series

__all__ = [
    "Chart",
    "Engine",
    "Fabric",
    "Gpu",
    "Image",
    "Instance",
    "Model",
    "Region",
    "Row",
    "Series",
    "find",
    "nearest",
    "rows",
]

Kind = TypeVar("Kind", bound=Row)

_FOLDER = pathlib.Path(__file__).parent


@functools.cache
def _read(kind: type[Row]) -> Mapping[str, Row]:
    document = tomllib.loads((_FOLDER / kind.FILE).read_text(encoding="utf-8"))
    tables = document.pop("row")
    found: dict[str, Row] = {}
    for table in tables:
        # What stands above the first row (source, checked) holds for every row that does not say otherwise.
        row = _row(kind, {**document, **table})
        if row.name in found:
            raise ValueError(f"{kind.FILE}: two rows are called {row.name!r}")
        found[row.name] = row
    return MappingProxyType(found)


def _row(kind: type[Row], values: dict[str, Any]) -> Row:
    try:
        # Names are checked here, for a row edited by hand; types are, for every row, in the tests.
        return kind(**values)
    except TypeError as error:
        wrong = str(error).partition(" ")[2]
        raise ValueError(f"{kind.FILE}, row {values.get('name')!r}: {wrong}") from None


def rows(kind: type[Kind]) -> Mapping[str, Kind]:
    """Return every row of *kind* by name, in the file's order; each file is parsed once."""
    # _read is keyed by the row class, so what it holds for a kind are that kind's rows; mypy asks a row for its hash.
    return _read(kind)  # type: ignore[return-value, arg-type]


def nearest(name: str, known: Mapping[str, object] | list[str]) -> str:
    """Return `` Did you mean 'x'?`` for the known name closest to *name*, or an empty string."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" Did you mean {close[0]!r}?" if close else ""


def find(kind: type[Kind], name: str) -> Kind:
    """
    Return the row of *name*.

    Raises:
        ValueError: Not in the catalog; the nearest known name is suggested.
    """
    known = rows(kind)
    if name in known:
        return known[name]
    raise ValueError(
        f"{name!r} is not in the catalog.{nearest(name, known) or f' See components/catalog/{kind.FILE}.'}"
    )
