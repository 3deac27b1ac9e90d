"""The pods that serve, who reaches them, and the Job that says that they answer."""

import dataclasses
from typing import Any

import pulumi

from components import manifests
from components.acs.access_list import AccessList, access_list
from components.acs.callers import private_callers
from components.acs.inside import Inside
from components.acs.objects import Object
from components.args import AcsLlmClusterArgs
from components.manifests.base import digest
from components.names import Name

_BALANCER_TIMEOUT = "5m"
"""How long a load balancer may take; one is there in less than a minute, as a rule."""

_BENCHMARK_MINUTES = 60
"""Estimate: its requests leave within four minutes, and a slow engine takes far longer to answer them."""


@dataclasses.dataclass(frozen=True)
class Reached:
    """The Services in front of the pods."""

    private: Object
    public: Object | None


@dataclasses.dataclass(frozen=True)
class Callers:
    """Who may call, as the lists of the load balancers."""

    private: AccessList
    public: AccessList | None

    @property
    def resources(self) -> tuple[pulumi.Resource, ...]:
        """The lists and their entries."""
        return (*self.private.resources, *(self.public.resources if self.public else ()))


def callers(name: Name, args: AcsLlmClusterArgs, opts: pulumi.ResourceOptions) -> Callers:
    """Return the lists of who may call."""
    private = access_list(name.part("private"), args, private_callers(args), opts)
    public = args.public_allowed_cidrs
    return Callers(private, access_list(name.part("public"), args, public, opts) if public else None)


def reached(inside: Inside, allowed: Callers, before: tuple[Object, ...]) -> Reached:
    """
    Return the Services, each behind its list.

    They come before the pods: the provider waits until no pod of a Service is unready, and these take long. And after
    the weights, so that an update keeps leading to the old pods while others are prepared.
    """
    private = _service(inside, "private", allowed.private, before)
    return Reached(private, _service(inside, "public", allowed.public, before) if allowed.public else None)


def _service(inside: Inside, noun: str, allowed: AccessList, before: tuple[Object, ...]) -> Object:
    service = manifests.service(inside.args, allowed.id, public=noun == "public")
    more = pulumi.ResourceOptions(
        custom_timeouts=pulumi.CustomTimeouts(create=_BALANCER_TIMEOUT, update=_BALANCER_TIMEOUT),
        hooks=pulumi.ResourceHookBinding(on_error=[_where_to_look(inside, noun, service)]),
    )
    return inside.put(f"{noun}-service", service, (*before, *allowed.entries), more)


def _where_to_look(inside: Inside, noun: str, service: manifests.Manifest) -> pulumi.ErrorHook:
    """Return the hook that says where the reason is: the provider reads no events, and there it is written."""

    def say(_: pulumi.ErrorHookArgs) -> bool:
        look = f"kubectl -n {inside.args.namespace} describe service {service['metadata']['name']}"
        pulumi.log.error(
            f"{inside.name}: the {noun} Service has no load balancer after {_BALANCER_TIMEOUT}. `{look}` says why; "
            "most often the account's quota of classic load balancers is used up.",
            inside.opts.parent,
        )
        return False

    return pulumi.ErrorHook(f"{inside.name}-{noun}-service-where-to-look", say)


def serving(
    inside: Inside,
    at: Reached,
    edition: pulumi.Output[str],
    group: pulumi.Output[str] | None,
    before: tuple[pulumi.Resource, ...],
) -> Object:
    """
    Serve once everything in *before* is there, and return the Job that ends when a completion succeeds.

    Another *edition* of the endpoint's secrets makes other pods; *group* is their security group, if not the cluster's.
    """
    args = inside.args
    engine = manifests.engine(args, edition, group)
    if args.pods > 1 and args.lws_install == "helm":
        before = (*before, inside.install("lws", {}))
    pods = [inside.put("engine", engine, (*before, at.private, *((at.public,) if at.public else ())))]
    pods.append(inside.put("disruption-budget", manifests.disruption_budget(args), before))
    if args.pods > 1:
        pods.append(inside.put("network-policy", manifests.network_policy(args), before))
    if args.elastic:
        pods.append(inside.put("autoscaler", manifests.autoscaler(args), pods[:1]))
    url = address(at.private).apply(lambda known: f"{args.scheme}://{known}:{args.port}")
    ready = inside.run("ready", manifests.ready_job(args, _hash(engine), url), args.ready_timeout_minutes, pods)
    if args.benchmark:
        inside.run("benchmark", manifests.benchmark_job(args, url), _BENCHMARK_MINUTES, (ready,))
    return ready


def address(service: Object) -> pulumi.Output[str]:
    """Return the address of the load balancer of *service*."""
    return service.status.apply(lambda status: status["loadBalancer"]["ingress"][0]["ip"])


def _hash(engine: dict[str, Any]) -> pulumi.Output[str]:
    return pulumi.Output.from_input(engine).apply(digest)
