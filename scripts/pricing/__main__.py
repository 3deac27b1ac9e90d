"""Ask ECS for prices and write them into a list of prices; without names, for those that were asked for before."""

import argparse
import datetime as dt
import functools
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from components import catalog
from components.catalog import Instance
from components.cost import PriceError
from components.cost.goods import essd, quoted
from components.cost.prices import DEFAULT_FILE
from scripts.openapi import ApiError, RefusedError, connect
from scripts.pricing.listing import Listing
from scripts.pricing.quotes import NoQuoteError, Quote, quote

ROOT = Path(__file__).parents[2]
DISKS = [essd(f"PL{level}") for level in range(4)]

Wanted = tuple[str, str]
"""Name and region."""


class WrongCallError(Exception):
    """How the command was called, in a sentence."""


def main() -> int:
    """Run the command: 0 when every price was asked for, 1 when one was not, 2 when it was called wrongly."""
    return run(sys.argv[1:], os.environ, dt.datetime.now(dt.UTC).date())


def run(arguments: Sequence[str], environment: Mapping[str, str], today: dt.date) -> int:
    """Ask for what *arguments* say, with the credentials of *environment*, and write it down as read *today*."""
    options = _options(arguments)
    try:
        listing = Listing(ROOT / DEFAULT_FILE if options.file is None else options.file)
        wanted = _wanted(options, listing)
    except (WrongCallError, PriceError) as error:
        print(f"scripts/prices: {error}", file=sys.stderr)
        return 2
    try:
        return _refresh(listing, wanted, environment, today)
    except (ApiError, PriceError) as error:
        print(f"scripts/prices: {error} Nothing was changed.", file=sys.stderr)
        return 1


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/prices", description=__doc__)
    parser.add_argument("name", nargs="*", help=f"what to ask for, such as ecs.gn7i-c8g1.2xlarge or {DISKS[1]}")
    parser.add_argument("--region", help="where; required with names, and without them all regions of the list")
    parser.add_argument("--file", type=Path, help=f"the list of prices (default {DEFAULT_FILE}); made if need be")
    return parser.parse_args(arguments)


def _wanted(options: argparse.Namespace, listing: Listing) -> list[Wanted]:
    if not options.name:
        found = [(name, region) for name, region in listing.asked() if options.region in (None, region)]
        if not found:
            raise WrongCallError(f"nothing was asked for before. Name something, such as {DISKS[1]}, and a --region.")
        return found
    if options.region is None:
        raise WrongCallError("names need a --region, such as cn-hangzhou.")
    return [(_known(name), options.region) for name in dict.fromkeys(options.name)]


def _known(name: str) -> str:
    if not quoted(name):
        raise WrongCallError(f"{name!r}: ECS has no price of it. Write a row for it by hand; see docs/cost.md.")
    known = [*catalog.rows(Instance), *DISKS]
    if name not in known:
        raise WrongCallError(f"{name!r} is no machine of the catalog, and no disk.{catalog.nearest(name, known)}")
    return name


def _refresh(listing: Listing, wanted: Iterable[Wanted], environment: Mapping[str, str], today: dt.date) -> int:
    failed = False
    # Connecting fetches the credentials, which may be a call of its own.
    connected = functools.cache(functools.partial(connect, environment))
    for name, region in wanted:
        try:
            found = quote(connected(region), name)
        except (RefusedError, NoQuoteError) as error:
            if isinstance(error, RefusedError) and (error.wrong_key or error.denied):
                raise
            print(f"{region}  {name}  not changed: {error}", file=sys.stderr)
            failed = True
        else:
            _write(listing, (name, region), found, today)
    listing.save()
    return int(failed)


def _write(listing: Listing, wanted: Wanted, found: Quote, today: dt.date) -> None:
    if listing.currency not in (None, found.currency):
        raise ApiError(
            f"the account pays in {found.currency}, and the list is in {listing.currency}. Give another --file."
        )
    before = listing.hourly(*wanted)
    listing.put(*wanted, found, today)
    was = "" if before is None or before == found.hourly else f" (was {before:.8g})"
    print(f"{wanted[1]}  {wanted[0]}  {found.hourly:.8g} {found.currency}{was}")


if __name__ == "__main__":
    sys.exit(main())
