"""Two GPU instances serving one model, over eRDMA or TCP."""

import dataclasses

import pulumi

from components.args import DualEcsRayLlmArgs
from components.checks import checked, names
from components.credentials import RAY_TOKEN, Credentials, credentials, parameter_names
from components.endpoint import Endpoint, Where
from components.exposure import address, allow_rules
from components.fabric import Fabric, fabric
from components.machine import Boot, Machine, machine
from components.names import Name
from components.network import Network, network
from components.readiness import readiness
from components.review import review
from components.settings import settings
from components.userdata import cloud_config

HEAD, WORKER = "head", "worker"
_RANKS = {HEAD: 0, WORKER: 1}

_LONGEST_ADDRESS = "255.255.255.255"


class DualEcsRayLlm(Endpoint):
    """An OpenAI-compatible endpoint on two GPU ECS instances, private unless an allow-list is given."""

    instance_ids: pulumi.Output[list[str]]
    """Ids of the instances, the head's first."""
    weights_disk_ids: pulumi.Output[list[str]]
    """Ids of the disks that hold the weights, the head's first."""
    nodes_security_group_id: pulumi.Output[str]
    """Id of the group in which the instances reach each other on every port."""

    def __init__(self, name: str, args: DualEcsRayLlmArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """
        Create the endpoint.

        Raises:
            ArgsError: The arguments do not go with the options or another endpoint, or the user data is too large.
        """
        called = Name.of(name, args)
        self._called, self._args = called, args
        self._names = parameter_names(called, args, ray=args.launcher == "ray")
        # The worker's waits for the head's address; that it has room is known now.
        for_head, _ = checked(
            name,
            args,
            opts,
            names(called, args, HEAD, WORKER),
            lambda: (self._user_data(HEAD, ""), self._user_data(WORKER, _LONGEST_ADDRESS)),
        )
        super().__init__(name, args, opts)
        child = self._of_children
        if pulumi.runtime.is_dry_run():
            pulumi.log.info(review(name, args, _between(args)), self)
        keys = credentials(called, args, self._names, child)
        net = network(called, args, child)
        fab = fabric(called, args, net, child)
        rules = (*fab.rules, *allow_rules(called, args, net.security_group_id, child))
        head = self._machine(HEAD, for_head, net, fab, keys, child)
        for_worker = head.instance.primary_ip_address.apply(lambda known: self._user_data(WORKER, known))
        worker = self._machine(WORKER, for_worker, net, fab, keys, child)
        reached = address(called, args, head.instance, child)
        before = (*rules, *reached.joined, *head.joined, *worker.joined)
        ready = readiness(called, args, head.instance.id, keys.edition, before, child)
        self.instance_ids = pulumi.Output.all(head.instance.id, worker.instance.id)
        self.weights_disk_ids = pulumi.Output.all(head.disk.id, worker.disk.id)
        self.nodes_security_group_id = fab.group.id
        self.answers(
            args, Where(reached.address, net.vpc_id, net.vswitch_id, net.security_group_id), keys.api_key, ready
        )

    def _user_data(self, node: str, head_address: str) -> str:
        args, rank = self._args, _RANKS[node]
        place: dict[str, str | int] = {
            "LLM_NODES": args.NODES,
            "LLM_NODE_RANK": rank,
            "LLM_HEAD_ADDRESS": head_address,
            "LLM_INTERCONNECT": args.interconnect,
            "LLM_RDMA_DEVICES": args.rdma_devices,
            "LLM_MTU": args.mtu or "",
            "LLM_LAUNCHER": args.launcher,
            "LLM_WORKER_MINUTES": args.worker_timeout_minutes,
        }
        return cloud_config(settings(args, self._read_by(node), place), args.node_argv(rank), args.fabric_env)

    def _read_by(self, node: str) -> dict[str, str]:
        """Return the settings that name what *node* may read: the gate's secrets are the head's alone."""
        return {
            setting: parameter if node == HEAD or setting == RAY_TOKEN else ""
            for setting, parameter in self._names.items()
        }

    def _machine(
        self,
        node: str,
        user_data: pulumi.Input[str],
        net: Network,
        fab: Fabric,
        keys: Credentials,
        opts: pulumi.ResourceOptions,
    ) -> Machine:
        own = self._read_by(node)
        secrets = [parameter for setting, parameter in keys.parameters.items() if own[setting]]
        place = dataclasses.replace(fab.place, on_error=self._head_is_billed() if node == WORKER else None)
        return machine(self._called.part(node), self._args, net, Boot(user_data, own, secrets), opts, place)

    def _head_is_billed(self) -> pulumi.ErrorHook:
        """Return the hook that says what a zone with one machine, not two, costs meanwhile."""

        def say(_: pulumi.ErrorHookArgs) -> bool:
            said = f"{self._called}: the worker could not be created, and the head runs and is billed"
            pulumi.log.error(f"{said}. Give another zoneId, or `pulumi up` again later, or `pulumi destroy`.", self)
            return False

        return pulumi.ErrorHook(f"{self._called}-head-is-billed", say)


def _between(args: DualEcsRayLlmArgs) -> list[str]:
    if args.interconnect == "erdma":
        count = args.rdma_devices
        link = f"eRDMA, {count} interface{'' if count == 1 else 's'} each, MTU {args.mtu}"
    else:
        link = "TCP sockets, no RDMA: slower between the nodes"
    place = f"{'one LowLatency deployment set of ' if args.low_latency else ''}zone {args.zone_id}"
    return [
        f"nodes:  {args.NODES} x {args.instance_type} in {place}, launcher {args.launcher}",
        f"        {link}; every port between them is open to each other and to nobody else",
    ]
