"""The list of prices: a TOML file with a currency, and rows that each say where and when they were read."""

import dataclasses
import datetime as dt
import functools
import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from components.catalog import nearest

DEFAULT_FILE = "components/catalog/prices.toml"
"""How users call the list that is used unless they name their own."""

_DEFAULT = Path(__file__).parents[1] / "catalog" / "prices.toml"


class PriceError(ValueError):
    """What is wrong with a list of prices, in a sentence."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Price:
    """The list price of one thing for an hour, paid as you go."""

    name: str
    regions: list[str]
    hourly: float
    covers: dict[str, float] = dataclasses.field(default_factory=dict)
    """What is rented with it and costs nothing more: names of this list, and how much of each."""
    source: str
    checked: dt.date
    notes: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Prices:
    """A list of prices in one currency."""

    file: str
    """As users call it."""
    currency: str
    rows: Mapping[tuple[str, str], Price]
    """By name and region."""


def price_list(file: str | None) -> Prices:
    """
    Return the prices in *file*, relative to the working directory, or those of the catalog; each is parsed once.

    Raises:
        PriceError: There is no such file, or something in it is not what it should be.
    """
    path = _DEFAULT if file is None else Path(file)
    name = DEFAULT_FILE if file is None else file
    try:
        return _parsed(name, path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        raise PriceError(f"{name!r} does not exist. A path begins at the program's folder.") from None
    except OSError as error:
        raise PriceError(f"{name!r} cannot be read: {error.strerror}.") from None


@functools.cache
def _parsed(name: str, path: Path, _changed: int) -> Prices:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PriceError(f"{name!r} is not TOML: {error}.") from None
    return read(name, document)


def read(name: str, document: Mapping[str, Any]) -> Prices:
    """
    Return the prices in the TOML *document* of the file that users call *name*.

    Raises:
        PriceError: Something in it is not what it should be.
    """
    currency, tables = document.get("currency"), document.get("row")
    if not isinstance(currency, str) or not re.fullmatch("[A-Z]{3}", currency):
        raise PriceError(f'{name!r}: currency is {currency!r}. Write the code of one, such as currency = "CNY".')
    if not isinstance(tables, list):
        raise PriceError(f"{name!r}: there are no prices. Write each as a [[row]].")
    rows: dict[tuple[str, str], Price] = {}
    for number, table in enumerate(tables, 1):
        for problem in _problems(table, currency):
            raise PriceError(f"{name!r}: row {_called(table) or number}: {problem}")
        price = Price(**table)
        for key in ((price.name, region) for region in price.regions):
            if key in rows:
                raise PriceError(f"{name!r}: two rows are called {key[0]!r} in {key[1]}. Leave one out.")
            rows[key] = price
    return Prices(file=name, currency=currency, rows=rows)


def _called(table: Any) -> str:  # noqa: ANN401 - as TOML gave it
    name = table.get("name") if isinstance(table, dict) else None
    return repr(name) if isinstance(name, str) else ""


_FIELDS = {field.name: field for field in dataclasses.fields(Price)}


def _problems(table: Any, currency: str) -> Iterator[str]:  # noqa: ANN401
    if not isinstance(table, dict):
        yield f"{table!r} is not a table. Write it as a [[row]]."
        return
    if table.get("currency", currency) != currency:
        yield f"currency is {table['currency']!r}, and the list's is {currency!r}. Keep a file for each."
    for key in table.keys() - _FIELDS.keys():
        yield f"{key!r} is not known.{nearest(key, list(_FIELDS))}"
    for key, field in _FIELDS.items():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if key not in table and required:
            yield f"{key!r} is missing."
        elif key in table and not _CHECKS[key][0](table[key]):
            yield f"{key} is {table[key]!r}, and not {_CHECKS[key][1]}."


def _is_price(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


_CHECKS = {
    "name": (_is_text, 'a name such as "nat-gateway"'),
    "regions": (
        lambda value: isinstance(value, list) and bool(value) and all(map(_is_text, value)),
        'a list of regions such as ["cn-hangzhou"]',
    ),
    "hourly": (_is_price, "a price of 0 or more"),
    "covers": (
        lambda value: isinstance(value, dict) and all(map(_is_price, value.values())),
        "a table of names and amounts",
    ),
    "source": (_is_text, "a text that says where it was read"),
    "checked": (lambda value: type(value) is dt.date, "a date such as 2026-11-21"),
    "notes": (lambda value: isinstance(value, str), "a text"),
}
