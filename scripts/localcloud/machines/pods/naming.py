"""The DNS names of a cluster."""

from pathlib import Path

from scripts.localcloud.kubernetes.objects import ClusterGoneError, Contents, Manifest, Objects

_SUFFIX = ".svc.cluster.local"


def address(home: Path, cluster_id: str, name: str) -> str | None:
    """Return the address of the Service or pod *name*, a whole name of *cluster_id*, None when there is no such."""
    try:
        contents = Objects(home / "kubernetes" / cluster_id).read()
    except ClusterGoneError:
        return None
    words = name.removesuffix(_SUFFIX).split(".") if name.endswith(_SUFFIX) else []
    match words:
        case [service, namespace]:
            found = contents.get("Service", namespace, service)
            return _of_service(contents, found) if found else None
        case [hostname, subdomain, namespace]:
            named = (pod for pod in contents.all("Pod", namespace) if _is_named(pod, hostname, subdomain))
            return next(filter(None, map(_of_pod, named)), None)
    return None


def _of_service(contents: Contents, service: Manifest) -> str | None:
    """Return where a Service leads: a balancer's address stands for its ClusterIP, which nothing here routes."""
    spec = service["spec"]
    if spec.get("clusterIP") == "None":
        namespace = service["metadata"]["namespace"]
        chosen = (pod for pod in contents.all("Pod", namespace) if _selects(spec.get("selector", {}), pod))
        return next(filter(None, map(_of_pod, chosen)), None)
    balanced = service.get("status", {}).get("loadBalancer", {}).get("ingress", [])
    return next((str(one["ip"]) for one in balanced if "ip" in one), None)


def _selects(selector: Manifest, pod: Manifest) -> bool:
    return bool(selector) and selector.items() <= pod["metadata"].get("labels", {}).items()


def _is_named(pod: Manifest, hostname: str, subdomain: str) -> bool:
    return (pod["spec"].get("hostname"), pod["spec"].get("subdomain")) == (hostname, subdomain)


def _of_pod(pod: Manifest) -> str | None:
    found: str | None = pod.get("status", {}).get("podIP")
    return found
