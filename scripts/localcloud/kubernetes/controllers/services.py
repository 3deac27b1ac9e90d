"""Services: which pods answer behind one, and the load balancer in front of it."""

from datetime import datetime

from scripts.localcloud.kubernetes.controllers.status import has_ended, is_going, is_ready
from scripts.localcloud.kubernetes.objects import Contents, Manifest


def control(cluster: Contents, moment: datetime) -> None:  # noqa: ARG001 the same for all controllers
    """Write down for each Service with a selector which pods it leads to."""
    for service in cluster.all("Service"):
        if service["spec"].get("selector") and not is_going(service):
            cluster.put(_endpoints(cluster, service))
    for endpoints in cluster.all("Endpoints"):
        metadata = endpoints["metadata"]
        if cluster.get("Service", metadata["namespace"], metadata["name"]) is None:
            cluster.remove("Endpoints", metadata["namespace"], metadata["name"])


def selected(cluster: Contents, service: Manifest) -> list[Manifest]:
    """Return the pods that *service* chooses and that have an address."""
    wanted = service["spec"].get("selector", {}).items()
    return [
        pod
        for pod in cluster.all("Pod", service["metadata"]["namespace"])
        if wanted <= pod["metadata"].get("labels", {}).items()
        and pod.get("status", {}).get("podIP")
        and not has_ended(pod)
    ]


def target_port(port: Manifest, pod: Manifest) -> int | None:
    """Return the number of the port of *pod* to which *port* of a Service leads; None when the pod names none so."""
    target = port.get("targetPort", port["port"])
    if isinstance(target, int):
        return target
    named = (each for container in pod["spec"]["containers"] for each in container.get("ports", []))
    return next((int(each["containerPort"]) for each in named if each.get("name") == target), None)


def _endpoints(cluster: Contents, service: Manifest) -> Manifest:
    early = service["spec"].get("publishNotReadyAddresses", False)
    groups: dict[str, Manifest] = {}
    for pod in selected(cluster, service):
        ports = _ports(service, pod)
        subset = groups.setdefault(str(ports), {"ports": ports} if ports else {})
        which = "addresses" if early or is_ready(pod) else "notReadyAddresses"
        subset.setdefault(which, []).append(_address(pod))
    return {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {"namespace": service["metadata"]["namespace"], "name": service["metadata"]["name"]},
        "subsets": list(groups.values()),
    }


def _ports(service: Manifest, pod: Manifest) -> list[Manifest]:
    found = []
    for port in service["spec"].get("ports", []):
        number = target_port(port, pod)
        if number is not None:
            name = {"name": port["name"]} if "name" in port else {}
            found.append(name | {"port": number, "protocol": port.get("protocol", "TCP")})
    return found


def _address(pod: Manifest) -> Manifest:
    metadata = pod["metadata"]
    target = {"kind": "Pod", "namespace": metadata["namespace"], "name": metadata["name"], "uid": metadata["uid"]}
    named = {"hostname": pod["spec"]["hostname"]} if pod["spec"].get("subdomain") and "hostname" in pod["spec"] else {}
    return named | {"ip": pod["status"]["podIP"], "targetRef": target}
