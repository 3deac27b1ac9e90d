"""A list of prices as a file that is edited: what people wrote in it stays, comments too."""

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tomlkit

from components.cost import PriceError, price_list
from scripts.pricing.quotes import Quote

ASKED = "DescribePrice"
"""How the source of a row begins that may be asked for again; a row with another source is somebody's own."""

_EMPTY = """\
# List prices for an hour, paid as you go. `scripts/prices` asks for more; docs/cost.md says what is in a row.
"""


class Listing:
    """The prices in a file, to be changed and saved."""

    def __init__(self, file: Path) -> None:
        """
        Open *file*, which need not exist yet.

        Raises:
            PriceError: It is no list of prices, or cannot be read.
        """
        self._file = file
        if file.exists():
            price_list(str(file))
            self._document = tomlkit.parse(file.read_text(encoding="utf-8"))
        else:
            self._document = tomlkit.parse(_EMPTY)

    @property
    def currency(self) -> str | None:
        """The currency of its prices; None where it has none yet."""
        return self._document.get("currency")

    def asked(self) -> Iterator[tuple[str, str]]:
        """Yield name and region of each price that may be asked for again."""
        for row in self._rows():
            if row["source"].startswith(ASKED):
                yield from ((str(row["name"]), str(region)) for region in row["regions"])

    def hourly(self, name: str, region: str) -> float | None:
        """Return the price it has, or None."""
        row = self._row(name, region)
        return None if row is None else float(row["hourly"])

    def put(self, name: str, region: str, quote: Quote, today: dt.date) -> None:
        """Write *quote* down as read *today*."""
        if self.currency is None:
            self._document.add(tomlkit.nl())
            self._document["currency"] = quote.currency
            self._document.add(tomlkit.nl())
        row = self._row(name, region)
        if row is None or len(row["regions"]) > 1:
            if row is not None:
                row["regions"].remove(region)
            row = tomlkit.table()
            row.update({"name": name, "regions": [region]})
            self._document.setdefault("row", tomlkit.aot()).append(row)
        row["hourly"] = quote.hourly
        row.pop("covers", None)
        if quote.covers:
            covers = tomlkit.inline_table()
            covers.update(quote.covers)
            row["covers"] = covers
        row["source"] = ASKED
        row["checked"] = today

    def save(self) -> None:
        """
        Write the file, all of it or nothing.

        Raises:
            PriceError: It cannot be written.
        """
        fresh = self._file.with_name(f".{self._file.name}.new")
        # tomlkit sets a new row close to the one above it.
        text = re.sub(r"(?<!\n)\n(?=\[\[row\]\])", "\n\n", tomlkit.dumps(self._document))
        try:
            fresh.write_text(text, encoding="utf-8")
            fresh.replace(self._file)
        except OSError as error:
            raise PriceError(f"{str(self._file)!r} cannot be written: {error.strerror}.") from None

    def _rows(self) -> list[Any]:
        return list(self._document.get("row", []))

    def _row(self, name: str, region: str) -> Any:  # noqa: ANN401 - a table of tomlkit
        return next((row for row in self._rows() if row["name"] == name and region in row["regions"]), None)
