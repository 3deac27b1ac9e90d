"""Who reaches the cluster's API server: the VPC, and with an allow-list somebody on the internet."""

import dataclasses
import json

import pulumi
import pulumi_alicloud as alicloud

from components.acs.access_list import AccessList, access_list
from components.args import AcsLlmClusterArgs
from components.args.values import PRIVATE
from components.eip import public_address
from components.names import Name
from components.order import after

_PORT = 6443

_TEMPLATE = {
    "FormatVersion": "OOS-2019-06-01",
    "Description": "Let only an access control list reach a cluster's API server",
    "Parameters": {"loadBalancerId": {"Type": "String"}, "aclId": {"Type": "String"}},
    "Tasks": [
        {
            "Name": "setAccessControl",
            "Action": "ACS::ExecuteApi",
            "Properties": {
                "Service": "SLB",
                "API": "SetLoadBalancerTCPListenerAttribute",
                "Parameters": {
                    "LoadBalancerId": "{{ loadBalancerId }}",
                    "ListenerPort": _PORT,
                    "AclStatus": "on",
                    "AclType": "white",
                    "AclId": "{{ aclId }}",
                },
            },
        }
    ],
}
"""
No resource of the provider changes a listener that somebody else made, and the cluster's service made this one.

Source: https://www.alibabacloud.com/help/doc-detail/27604.htm, 2026-11-21; read, not run.
"""


@dataclasses.dataclass(frozen=True)
class Door:
    """Who will be let in, and the address at which the internet will find it; both are there before the cluster."""

    allowed: AccessList
    address: alicloud.ecs.EipAddress | None


def api_door(name: Name, args: AcsLlmClusterArgs, opts: pulumi.ResourceOptions) -> Door:
    """Return who may reach the API server of the cluster to come: private networks, and those of *args*."""
    # Callers inside the VPC have to be listed as well, the service's own control plane (100.104.0.0/16) among them.
    # Source: https://www.alibabacloud.com/help/en/ack/cluster-access-control, 2026-03-26.
    allowed = access_list(name.part("api"), args, [*map(str, PRIVATE), *(args.api_allowed_cidrs or ())], opts)
    if args.api_access == "private":
        return Door(allowed, None)
    return Door(allowed, public_address(name.part("api"), args, opts))


def open_api(
    name: Name, cluster: alicloud.cs.ManagedKubernetes, door: Door, opts: pulumi.ResourceOptions
) -> pulumi.Output[str] | None:
    """Let the list, and only then the internet, reach the API server of *cluster*; return its public URL, if any."""
    parameters = pulumi.Output.json_dumps({"loadBalancerId": cluster.slb_id, "aclId": door.allowed.id})
    restricted = alicloud.oos.Execution(
        f"{name}-api-allow-list",
        template_name=f"{name.physical}-api-allow-list",
        template_content=json.dumps(_TEMPLATE),
        parameters=parameters,
        safety_check="Skip",
        opts=after(opts, door.allowed.entries),
    )
    if door.address is None:
        return None
    opened = alicloud.ecs.EipAssociation(
        f"{name}-api-eip-association",
        allocation_id=door.address.id,
        instance_id=pulumi.Output.all(cluster.slb_id, restricted.status, restricted.status_message).apply(
            lambda known: load_balancer_behind_list(*known)
        ),
        instance_type="SlbInstance",
        opts=opts,
    )
    return pulumi.Output.all(door.address.ip_address, opened.id).apply(lambda known: f"https://{known[0]}:{_PORT}")


def load_balancer_behind_list(load_balancer_id: str, status: str, message: str) -> str:
    """
    Return *load_balancer_id*, if the execution that sets its list succeeded; the provider asks only whether it ended.

    Raises:
        RunError: It did not.
    """
    if status != "Success":
        raise pulumi.RunError(f"the cluster's API stays private: its allow-list could not be set ({status}: {message})")
    return load_balancer_id
