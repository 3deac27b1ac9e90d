"""What is checked before a component has any resource: its provider, its names, what its machines are to read."""

import dataclasses
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakKeyDictionary

import pulumi
from pulumi.runtime.settings import SETTINGS, get_monitor, get_root_resource

from components.args import ArgsError
from components.names import Name

if TYPE_CHECKING:
    from components.args import LlmArgs

Rendered = TypeVar("Rendered")

_ALICLOUD = "alicloud:ecs/instance:Instance"
"""Any type of the provider."""


@dataclasses.dataclass(frozen=True)
class Claim:
    """Something that one endpoint of a stack may have and no other: *what* it is, as *argument* says it."""

    key: Hashable
    what: str
    argument: str


_OWNERS: WeakKeyDictionary[object, dict[Hashable, tuple[str, str]]] = WeakKeyDictionary()
"""Whose what is, by the run of a program."""


def checked(
    name: str,
    args: "LlmArgs",
    opts: pulumi.ResourceOptions | None,
    claims: Iterable[Claim],
    render: Callable[[], Rendered],
) -> Rendered:
    """
    Return the user data that *render* makes of *args*, before any resource exists.

    Raises:
        ArgsError: The arguments do not go together with the options or with another endpoint of the stack, or the
            user data is too large.
    """
    owner = (_type_of_parent(opts), f"{args.COMPONENT} {name!r}")
    problems = [*_options_problems(args, opts), *_clash(claims, owner)]
    try:
        rendered = render()
    except ValueError as error:
        problems.append(f"extraEngineArgs: {error}")
    if problems:
        raise ArgsError(args.COMPONENT, problems)
    return rendered


def names(name: Name, args: "LlmArgs", *parts: str) -> Iterator[Claim]:
    """Return the claims of an endpoint on its name and on those of its *parts*, in the program and in the account."""
    argument = "name" if args.physical_name is None else "physicalName"
    for one in (name, *map(name.part, parts)):
        yield Claim(("program", one.logical), f"the name {one.logical!r}", "name")
        yield Claim(("account", one.physical.lower()), f"the name {one.physical!r} in the account", argument)


def in_region(args: "LlmArgs", component: pulumi.ComponentResource) -> pulumi.Output[list[pulumi.Resource]] | None:
    """
    Return what every child of *component* has to depend on: nothing, once its provider is one of the zone's region.

    None where the stack's config says the region; a provider of the program's own says it when that is registered.
    """
    region = getattr(component.get_provider(_ALICLOUD), "region", None)
    if region is None:
        return None

    def check(known: str | None) -> list[pulumi.Resource]:
        if known and known != args.region:
            raise ArgsError(
                args.COMPONENT,
                [_elsewhere(args, f"its alicloud provider is set to {known!r}", f"a provider of {args.region}")],
            )
        return []

    return pulumi.Output.from_input(region).apply(check)


def _elsewhere(args: "LlmArgs", where: str, way_out: str) -> str:
    text = f"zoneId: {args.zone_id!r} lies in {args.region}, and {where}."
    return f"{text} Give a zone of that region, or {way_out}."


def _options_problems(args: "LlmArgs", opts: pulumi.ResourceOptions | None) -> Iterator[str]:
    given = _providers(opts)
    region = None if "alicloud" in given else pulumi.Config("alicloud").get("region")
    if region and region != args.region:
        yield _elsewhere(args, f"alicloud:region is {region!r}", "change the region")
    if args.COMPONENT == "AcsLlmCluster" and "kubernetes" in given:
        text = "a Kubernetes provider says nothing to this component, which makes its own for its cluster."
        yield f"opts: {text} Name a cluster of yours with clusterId or kubeconfig, and leave the provider out."


def _providers(opts: pulumi.ResourceOptions | None) -> set[str]:
    """Return the packages that have a provider in *opts*, or from the parent there."""
    if opts is None:
        return set()
    several = opts.providers.values() if isinstance(opts.providers, Mapping) else opts.providers or ()
    own = {one.package for one in (*several, opts.provider) if one is not None}
    return own | ({"alicloud"} if opts.parent and opts.parent.get_provider(_ALICLOUD) else set())


def _type_of_parent(opts: pulumi.ResourceOptions | None) -> str:
    # Of a parent in a program of another language only the URN is known, and that later.
    return getattr(opts.parent, "pulumi_resource_type", "") if opts else ""


def _clash(claims: Iterable[Claim], owner: tuple[str, str]) -> Iterator[str]:
    """
    Yield what another endpoint of this run has already, if anything.

    One of the same type, parent and name is the engine's to refuse; in a test of a user's own it is the same again.
    """
    # A plugin has no root, and a monitor for each component; it runs for one stack.
    run = get_monitor() if get_root_resource() else SETTINGS
    owners = _OWNERS.setdefault(run, {})
    for claim in claims:
        other = owners.setdefault(claim.key, owner)
        if other != owner:
            both = f"{other[1]} and {owner[1]} of one stack would both have {claim.what}"
            yield f"{claim.argument}: {both}. Give one of them another."
            return
