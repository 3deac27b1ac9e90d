"""What an endpoint costs: what it rents by the hour, a dated list of prices, and the bill made of both."""

from components.cost.bill import Bill, make_bill
from components.cost.goods import Good
from components.cost.prices import PriceError, price_list

__all__ = ["Bill", "Good", "PriceError", "make_bill", "price_list"]
