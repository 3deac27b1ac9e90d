"""One GPU instance serving one model."""

import json
from collections.abc import Iterator

import pulumi
import pulumi_alicloud as alicloud

from components.args import ArgsError, SingleEcsLlmArgs
from components.credentials import credentials, parameter_names
from components.exposure import allow_rules, public_address
from components.machine import Machine, machine
from components.network import network
from components.readiness import readiness
from components.review import review
from components.settings import settings
from components.userdata import cloud_config


class SingleEcsLlm(pulumi.ComponentResource):
    """An OpenAI-compatible endpoint on one GPU ECS instance, private unless an allow-list is given."""

    endpoint: pulumi.Output[str]
    """Base URL, ending in ``/v1``. Known once an authenticated completion has passed through it."""
    api_key: pulumi.Output[str]
    """Secret; send it as ``Authorization: Bearer``."""
    model: pulumi.Output[str]
    """The name to put in a request."""

    def __init__(self, name: str, args: SingleEcsLlmArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """
        Create the endpoint.

        Raises:
            ArgsError: The arguments do not go together with the provider, or the user data is too large.
        """
        user_data = _user_data(name, args, opts)
        super().__init__("alicloud-llm:index:SingleEcsLlm", name, args.inputs(), opts)
        child = pulumi.ResourceOptions(parent=self)
        if pulumi.runtime.is_dry_run():
            pulumi.log.info(review(name, args), self)
        keys = credentials(name, args, child)
        net = network(name, args, child)
        rules = allow_rules(name, args, net.security_group_id, child)
        box = machine(name, args, net, keys, user_data, child)
        address, joined = self._address(name, args, box, child)
        before = (*rules, *joined, *box.joined)
        ready = readiness(name, args, box.instance.id, keys.edition, before, child)
        self.endpoint = pulumi.Output.all(ready.id, address).apply(lambda known: endpoint_url(args, known[1]))
        self.api_key = keys.api_key
        self.model = pulumi.Output.from_input(args.served_model_name)
        self.register_outputs(self.stack_outputs())

    def _address(
        self, name: str, args: SingleEcsLlmArgs, box: Machine, opts: pulumi.ResourceOptions
    ) -> tuple[pulumi.Output[str], tuple[pulumi.Resource, ...]]:
        eip = public_address(name, args, opts)
        if eip is None:
            return box.instance.primary_ip_address, ()
        association = alicloud.ecs.EipAssociation(
            f"{name}-eip-association",
            allocation_id=eip.id,
            instance_id=box.instance.id,
            instance_type="EcsInstance",
            opts=opts,
        )
        return eip.ip_address, (association,)

    def stack_outputs(self) -> dict[str, pulumi.Output[str]]:
        """Return what a stack exports: where it answers, the key, the model, and a call to paste."""
        return {
            "endpoint": self.endpoint,
            "apiKey": self.api_key,
            "model": self.model,
            "curl": pulumi.Output.all(self.endpoint, self.model).apply(lambda known: curl_line(*known)),
        }


def endpoint_url(args: SingleEcsLlmArgs, address: str) -> str:
    """Return the base URL at *address*, or at the certificate's domain when one is given."""
    return f"{'https' if args.tls else 'http'}://{args.domain or address}:{args.port}/v1"


def curl_line(endpoint: str, model: str) -> str:
    """Return a completion to paste; the key goes through a pipe, so no process list shows it."""
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "Who are you?"}], "stream": True})
    return (
        "pulumi stack output apiKey --show-secrets | sed 's/^/Authorization: Bearer /' | "
        f"curl -sSN {endpoint}/chat/completions -H @- -H 'Content-Type: application/json' -d '{body}'"
    )


def _user_data(name: str, args: SingleEcsLlmArgs, opts: pulumi.ResourceOptions | None) -> str:
    problems = list(_region_problems(args, opts))
    try:
        text = cloud_config(settings(args, parameter_names(name, args)), args.node_argv(0))
    except ValueError as error:
        problems.append(f"extraEngineArgs: {error}")
    if problems:
        raise ArgsError(args.COMPONENT, problems)
    return text


def _region_problems(args: SingleEcsLlmArgs, opts: pulumi.ResourceOptions | None) -> Iterator[str]:
    # A provider given in opts has a region of its own, which cannot be read before it exists.
    region = None if opts and (opts.provider or opts.providers) else pulumi.Config("alicloud").get("region")
    if region and region != args.region:
        yield (
            f"zoneId: {args.zone_id!r} lies in {args.region}, and alicloud:region is {region!r}. "
            "Give a zone of that region, or change the region."
        )
