"""The components for Pulumi programs in other languages: what a plugin answers to the engine."""

import argparse
import asyncio
import json
import tomllib
from collections.abc import Sequence
from pathlib import Path

import grpc
import pulumi
from pulumi.provider import ConstructResult, Provider
from pulumi.provider.server import ProviderServicer
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc
from pydantic.alias_generators import to_camel

import components
from components import catalog
from components.args import Args
from components.args.base import is_secret
from components.endpoint import Endpoint
from components.schema import schema, token
from components.topologies import TOPOLOGIES

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
"""Its version is the package's; a plugin is a checkout, not an installed package."""


class Plugin(Provider):
    """The package of the components."""

    def __init__(self) -> None:
        """Read the version and make the schema."""
        version = tomllib.loads(PROJECT.read_text())["project"]["version"]
        self._published = {
            token(name): (getattr(components, name), getattr(components, f"{name}Args")) for name in TOPOLOGIES.values()
        }
        super().__init__(version, json.dumps(schema(version, dict(self._published.values()))))

    def construct(
        self, name: str, resource_type: str, inputs: pulumi.Inputs, options: pulumi.ResourceOptions | None = None
    ) -> ConstructResult:
        """
        Create the component.

        Raises:
            ArgsError: What is wrong with *inputs*, all of it.
            RunError: There is no such component; the caller is newer.
        """
        if resource_type not in self._published:
            close = catalog.nearest(resource_type, list(self._published))
            raise pulumi.RunError(f"{resource_type}: no such component.{close}")
        component, args = self._published[resource_type]
        built = component(name, args.from_config(inputs), options)
        return ConstructResult(_urn(built, args, inputs), built.outputs())


async def _urn(built: Endpoint, args: type[Args], inputs: pulumi.Inputs) -> str:
    """
    Return the URN of *built*, once the secrets in *inputs* were looked at: they come as Outputs, which nobody checks.

    Raises:
        ArgsError: A secret that is known is refused.
    """
    hidden = {to_camel(name) for name, field in args.model_fields.items() if is_secret(field)}
    read = {name: await pulumi.Output.from_input(inputs[name]).future() for name in hidden.intersection(inputs)}
    args.from_config({**inputs, **{name: value for name, value in read.items() if value is not None}})
    return str(await built.urn.future())


class Servicer(ProviderServicer):
    """The SDK's answers, where an error is the user's to read as it was written."""

    async def Construct(  # noqa: N802 - the protocol's name
        self,
        request: provider_pb2.ConstructRequest,
        context: grpc.aio.ServicerContext[provider_pb2.ConstructRequest, provider_pb2.ConstructResponse],
    ) -> provider_pb2.ConstructResponse:
        """Create a component; what is refused is not an exception to speak of."""
        try:
            return await super().Construct(request, context)
        except pulumi.RunError as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))


def serve(argv: Sequence[str]) -> None:
    """Answer the engine whose address is the first of *argv*, until it ends this process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("engine")
    known, _ = parser.parse_known_args(argv)
    asyncio.run(_serve(known.engine))


async def _serve(engine: str) -> None:
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", -1)])
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Servicer(Plugin(), [], engine), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    # The engine reads the port from the first line.
    print(port, flush=True)  # noqa: T201
    await server.wait_for_termination()
