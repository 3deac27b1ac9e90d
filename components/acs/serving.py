"""The pods that serve, who reaches them, and the Job that says that they answer."""

import dataclasses
import ipaddress
from typing import Any

import pulumi

from components import manifests
from components.acs.access_list import access_list
from components.acs.inside import Inside
from components.acs.objects import Object
from components.args import AcsLlmClusterArgs
from components.manifests.base import digest
from components.network import vswitch_cidr


@dataclasses.dataclass(frozen=True)
class Reached:
    """The Services in front of the pods."""

    private: Object
    public: Object | None


def reached(inside: Inside, base: tuple[Object, ...], child: pulumi.ResourceOptions) -> Reached:
    """
    Return the Services, each behind its allow-list.

    They come before the pods: the provider waits until no pod of a Service is unready, and these take long.
    """
    args = inside.args
    private = _service(inside, _private(args), base, child, public=False)
    public = args.public_allowed_cidrs
    return Reached(private, _service(inside, public, base, child, public=True) if public else None)


def _private(args: AcsLlmClusterArgs) -> tuple[str, ...]:
    """Return the private callers; the Job that asks for the first completion is one, too."""
    own = () if args.own_network else (vswitch_cidr(args.vpc_cidr),)
    networks = map(ipaddress.IPv4Network, (*args.allowed_private, *own))
    return tuple(map(str, ipaddress.collapse_addresses(networks)))


def _service(
    inside: Inside, cidrs: tuple[str, ...], base: tuple[Object, ...], child: pulumi.ResourceOptions, *, public: bool
) -> Object:
    noun = "public" if public else "private"
    allowed = access_list(f"{inside.name}-{noun}", inside.args, cidrs, child)
    service = manifests.service(inside.args, inside.name, allowed.id, public=public)
    return inside.put(f"{noun}-service", service, (*base, *allowed.entries))


def serving(inside: Inside, at: Reached, edition: pulumi.Output[str], before: tuple[pulumi.Resource, ...]) -> Object:
    """
    Serve once everything in *before* is there, and return the Job that ends when a completion succeeds.

    Another *edition* of the endpoint's secrets makes other pods.
    """
    name, args = inside.name, inside.args
    engine = manifests.engine(args, name, edition)
    if args.pods > 1 and args.lws_install == "helm":
        before = (*before, inside.install("lws", {}))
    pods = [inside.put("engine", engine, (*before, at.private, *((at.public,) if at.public else ())))]
    pods.append(inside.put("disruption-budget", manifests.disruption_budget(args, name), before))
    if args.pods > 1:
        pods.append(inside.put("network-policy", manifests.network_policy(args, name), before))
    if args.elastic:
        pods.append(inside.put("autoscaler", manifests.autoscaler(args, name), pods[:1]))
    url = address(at.private).apply(lambda known: f"{args.scheme}://{known}:{args.port}")
    ready = inside.run("ready", manifests.ready_job(args, name, _hash(engine), url), args.ready_timeout_minutes, pods)
    if args.benchmark:
        inside.put("benchmark", manifests.benchmark_job(args, name, url), (ready,))
    return ready


def address(service: Object) -> pulumi.Output[str]:
    """Return the address of the load balancer of *service*."""
    return service.status.apply(lambda status: status["loadBalancer"]["ingress"][0]["ip"])


def _hash(engine: dict[str, Any]) -> pulumi.Output[str]:
    return pulumi.Output.from_input(engine).apply(digest)
