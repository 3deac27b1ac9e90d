"""What it may cost, and by which prices that is computed."""

import functools
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import Annotated

from components.args.base import rule
from components.args.network import NetworkArgs
from components.args.values import matching, within
from components.cost import Bill, Good, PriceError, make_bill, price_list
from components.cost.words import over_budget
from components.plan import Problem


class CostArgs(NetworkArgs):
    """The budget, and the list of prices."""

    monthly_budget: Annotated[float, within(0.01, 1_000_000_000)] | None = None
    """Most that the endpoint may cost in a month (730 hours), in the currency of the price list."""

    price_file: Annotated[str, matching(r"(?s).*\S.*\.toml", "the path of a TOML file")] | None = None
    """List of prices, a path from the program's folder; default: `components/catalog/prices.toml`."""

    @functools.cached_property
    def bill(self) -> Bill:
        """What it costs."""
        return make_bill(self._goods(), self._by_usage(), price_list(self.price_file), self.region)

    @abstractmethod
    def _goods(self) -> Iterator[Good]:
        """Yield what is rented by the hour."""

    @abstractmethod
    def _by_usage(self) -> Iterator[str]:
        """Yield what is paid by use."""

    @rule("price_file")
    def _prices_are_read(self) -> Iterable[Problem]:
        try:
            price_list(self.price_file)
        except PriceError as error:
            yield Problem("price_file", str(error))

    def _over_budget(self) -> Iterable[Problem]:
        """Yield why the budget does not hold; a component's rule, as only it knows what the bill needs."""
        if self.monthly_budget is not None and (problem := over_budget(self.bill, self.monthly_budget)):
            yield Problem("monthly_budget", problem)
