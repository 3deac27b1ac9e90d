"""The listeners of load balancers, as far as their API can be called here."""

from scripts.localcloud.errors import CloudError, LocalCloudError
from scripts.localcloud.kinds import ACL
from scripts.localcloud.values import Values
from scripts.localcloud.world import World

_KNOWN = {"RegionId", "LoadBalancerId", "ListenerPort", "AclStatus", "AclType", "AclId"}


def set_tcp_attribute(world: World, parameters: Values) -> None:
    """
    Put a white list on a TCP listener, or take it off.

    Raises:
        CloudError: The service refuses.
        LocalCloudError: A parameter that is not known here.

    """
    unknown = sorted(set(parameters) - _KNOWN)
    if unknown:
        raise LocalCloudError(f"SetLoadBalancerTCPListenerAttribute: the local cloud knows no {', '.join(unknown)}.")
    asked = {name: str(value) for name, value in parameters.items()}
    balancer = next((each for each in world.balancers if each.id == asked.get("LoadBalancerId")), None)
    if balancer is None:
        raise CloudError("InvalidLoadBalancerId.NotFound", "The specified LoadBalancerId does not exist.")
    port = asked.get("ListenerPort", "")
    if port not in balancer.acls:
        raise CloudError("ListenerNotFound", f"{balancer.id} has no listener on port {port}.")
    balancer.acls[port] = _white_list(world, asked, balancer.region)


def _white_list(world: World, asked: dict[str, str], region: str) -> str:
    if asked.get("AclStatus") == "off":
        return ""
    if (asked.get("AclStatus"), asked.get("AclType")) != ("on", "white"):
        raise LocalCloudError(
            "SetLoadBalancerTCPListenerAttribute: the local cloud takes AclStatus off, or on with AclType white."
        )
    acl = world.need(ACL, asked.get("AclId", ""), "AclNotExist")
    if acl.region != region:
        raise CloudError("AclNotExist", f"{acl.id} is in {acl.region}, the load balancer in {region}.")
    return acl.id
