"""
What ECS says that something costs an hour, paid as you go and before discounts.

Source of what is asked and answered:
https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-describeprice, 2025-02-17, and the
models of PyPI alibabacloud-ecs20140526 7.11.8.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from components.cost.goods import essd
from scripts.openapi import OpenApi

_CATEGORY, _LEVEL = "cloud_essd", "PL1"
_SYSTEM_DISK_GIB = 100
_DISK_GIB = 10_000
"""So large that a rounded price is still exact for one GiB, and that every performance level has it."""


class NoQuoteError(Exception):
    """An answer without a price in it."""

    def __init__(self) -> None:
        super().__init__("the answer holds no price.")


@dataclasses.dataclass(frozen=True)
class Quote:
    """The price of one hour."""

    hourly: float
    currency: str
    covers: Mapping[str, float] = dataclasses.field(default_factory=dict)
    """As in the list of prices: what the quote was for beside the thing itself."""


def quote(api: OpenApi, name: str) -> Quote:
    """
    Return what *name*, as the list of prices calls it, costs in the region of *api*.

    Raises:
        ApiError: The question was not answered.
        NoQuoteError: It was, without a price.
    """
    return _machine(api, name) if name.startswith("ecs.") else _disk(api, name)


def _machine(api: OpenApi, instance_type: str) -> Quote:
    disk = {"Category": _CATEGORY, "PerformanceLevel": _LEVEL, "Size": _SYSTEM_DISK_GIB}
    price = _price(api, ResourceType="instance", InstanceType=instance_type, SystemDisk=disk)
    details = (price.get("DetailInfos") or {}).get("DetailInfo") or []
    if alone := next((part for part in details if part.get("Resource") == "instanceType"), None):
        return Quote(_number(alone), price["Currency"])
    return Quote(_number(price), price["Currency"], {essd(_LEVEL): _SYSTEM_DISK_GIB})


def _disk(api: OpenApi, name: str) -> Quote:
    disk = {"Category": _CATEGORY, "PerformanceLevel": name.rpartition(".")[2], "Size": _DISK_GIB}
    price = _price(api, ResourceType="disk", DataDisk=[disk])
    return Quote(round(_number(price) / _DISK_GIB, 8), price["Currency"])


def _price(api: OpenApi, **asked: object) -> Mapping[str, Any]:
    answer = api.call("ecs", "DescribePrice", RegionId=api.region, PriceUnit="Hour", **asked)
    price = (answer.get("PriceInfo") or {}).get("Price") or {}
    if not isinstance(price.get("Currency"), str):
        raise NoQuoteError
    return dict(price)


def _number(price: Mapping[str, Any]) -> float:
    try:
        # The list price: what an account pays less is between it and the vendor.
        return float(price["OriginalPrice"])
    except (KeyError, TypeError, ValueError):
        raise NoQuoteError from None
