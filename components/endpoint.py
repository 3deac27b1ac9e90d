"""What every component answers with: a base URL, a key, a model, where it is, and a call to paste."""

import asyncio
import dataclasses
import inspect
import json
from typing import TYPE_CHECKING, Any, Self

import pulumi
from pydantic.alias_generators import to_camel

from components.args import ArgsError
from components.checks import in_region

if TYPE_CHECKING:
    from components.args import LlmArgs


@dataclasses.dataclass(frozen=True)
class Where:
    """The address that leads to an endpoint, and the network it is in; None where an id is not known."""

    address: pulumi.Input[str]
    vpc_id: pulumi.Input[str] | None
    vswitch_id: pulumi.Input[str] | None
    security_group_id: pulumi.Input[str] | None


class Endpoint(pulumi.ComponentResource):
    """An OpenAI-compatible endpoint, private unless an allow-list is given."""

    endpoint: pulumi.Output[str]
    """Base URL, ending in `/v1`. Known once an authenticated completion has passed through it."""
    api_key: pulumi.Output[str]
    """Secret; send it as `Authorization: Bearer`."""
    model: pulumi.Output[str]
    """The name to put in a request."""
    address: pulumi.Output[str]
    """IP address a DNS record should point to: private, or of a public endpoint the public one."""
    vpc_id: pulumi.Output[str | None]
    """Id of the VPC; none where it is yours and you did not name it."""
    vswitch_id: pulumi.Output[str | None]
    """Id of the vSwitch; none in a cluster of your own."""
    security_group_id: pulumi.Output[str | None]
    """Id of the security group that guards it; none where a kubeconfig alone names the cluster."""
    cost: pulumi.Output[dict[str, Any]]
    """What it costs by the list of prices, known in `preview`; docs/cost.md says what is in it."""

    def __new__(cls, name: str, args: object, opts: pulumi.ResourceOptions | None = None) -> Self:  # noqa: ARG004
        """
        Make sure that the arguments are this component's: those of another would be taken for them.

        Raises:
            ArgsError: They are not.
        """
        component = next(one.__name__ for one in cls.__mro__ if Endpoint in one.__bases__)
        if getattr(args, "COMPONENT", None) != component:
            own = f"{component}Args"
            text = f"{type(args).__name__} is not {own}. Give {own}(…), or {own}.from_config(…) of a map."
            raise ArgsError(component, [f"args: {text}"])
        return super().__new__(cls)

    def __init__(self, name: str, args: "LlmArgs", opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the component; what it is made of is the business of each."""
        super().__init__(f"alicloud-llm:index:{args.COMPONENT}", name, args.inputs(), opts)
        self._of_children = pulumi.ResourceOptions(parent=self, depends_on=in_region(args, self))

    def answers(self, args: "LlmArgs", where: Where, api_key: pulumi.Output[str], ready: pulumi.CustomResource) -> None:
        """Set the outputs and register them with those the component has beside; the endpoint is known with *ready*."""
        known = pulumi.Output.all(where.address, ready.id)
        self.endpoint = known.apply(lambda values: endpoint_url(args, values[0]))
        self.api_key = api_key
        self.model = self.known(args.served_model_name)
        self.address = self.known(where.address)
        self.vpc_id = self.known(where.vpc_id)
        self.vswitch_id = self.known(where.vswitch_id)
        self.security_group_id = self.known(where.security_group_id)
        self.cost = self.known(args.bill.output())
        self.register_outputs(self.outputs())

    def known(self, value: pulumi.Input[Any]) -> pulumi.Output[Any]:
        """Return *value* as an output: itself, or known once the component is registered."""
        if isinstance(value, pulumi.Output):
            return value
        certain: asyncio.Future[bool] = asyncio.Future()
        certain.set_result(True)

        async def registered() -> object:
            await self.urn.future()
            return value

        # Not from_input: that makes an output of each part of a map, and all are known at once. Whenever one gets
        # known the SDK goes through all that are not, which at first is every output of the program.
        return pulumi.Output(set(), registered(), certain)

    def outputs(self) -> dict[str, pulumi.Output[Any]]:
        """Return everything that it lets others know, as other languages spell it."""
        return {to_camel(name): getattr(self, name) for name in output_kinds(type(self))}

    def stack_outputs(self) -> dict[str, pulumi.Output[Any]]:
        """Return what a stack exports: where it answers, the key, the model, and a call to paste."""
        return {
            "endpoint": self.endpoint,
            "apiKey": self.api_key,
            "model": self.model,
            "curl": pulumi.Output.all(self.endpoint, self.model).apply(lambda known: curl_line(*known)),
        }


def output_kinds(component: type[Endpoint]) -> dict[str, Any]:
    """Return the outputs of *component* by name, with their annotations."""
    classes = [one for one in reversed(component.__mro__) if issubclass(one, Endpoint)]
    return {name: kind for one in classes for name, kind in inspect.get_annotations(one).items()}


def endpoint_url(args: "LlmArgs", address: str) -> str:
    """Return the base URL at *address*, or at the certificate's domain when one is given."""
    return f"{args.scheme}://{args.domain or address}:{args.port}/v1"


def curl_line(endpoint: str, model: str) -> str:
    """Return a completion to paste; the key goes through a pipe, so no process list shows it."""
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "Who are you?"}], "stream": True})
    return (
        "pulumi stack output apiKey --show-secrets | sed 's/^/Authorization: Bearer /' | "
        f"curl -sSN {endpoint}/chat/completions -H @- -H 'Content-Type: application/json' -d '{body}'"
    )
