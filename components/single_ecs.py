"""One GPU instance serving one model."""

import pulumi

from components.args import SingleEcsLlmArgs
from components.checks import checked, names
from components.credentials import credentials, parameter_names
from components.endpoint import Endpoint, Where
from components.exposure import address, allow_rules
from components.machine import Boot, machine
from components.names import Name
from components.network import network
from components.readiness import readiness
from components.review import review
from components.settings import settings
from components.userdata import cloud_config


class SingleEcsLlm(Endpoint):
    """An OpenAI-compatible endpoint on one GPU ECS instance, private unless an allow-list is given."""

    instance_id: pulumi.Output[str]
    """Id of the instance; another one after a change of what it boots."""
    weights_disk_id: pulumi.Output[str]
    """Id of the disk that holds the weights and survives the instance."""

    def __init__(self, name: str, args: SingleEcsLlmArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """
        Create the endpoint.

        Raises:
            ArgsError: The arguments do not go with the options or another endpoint, or the user data is too large.
        """
        called = Name.of(name, args)
        parameters = parameter_names(called, args)
        user_data = checked(
            name, args, opts, names(called, args), lambda: cloud_config(settings(args, parameters), args.node_argv(0))
        )
        super().__init__(name, args, opts)
        child = self._of_children
        if pulumi.runtime.is_dry_run():
            pulumi.log.info(review(name, args), self)
        keys = credentials(called, args, parameters, child)
        net = network(called, args, child)
        rules = allow_rules(called, args, net.security_group_id, child)
        box = machine(called, args, net, Boot(user_data, parameters, list(keys.parameters.values())), child)
        reached = address(called, args, box.instance, child)
        before = (*rules, *reached.joined, *box.joined)
        ready = readiness(called, args, box.instance.id, keys.edition, before, child)
        self.instance_id, self.weights_disk_id = box.instance.id, box.disk.id
        self.answers(
            args, Where(reached.address, net.vpc_id, net.vswitch_id, net.security_group_id), keys.api_key, ready
        )
