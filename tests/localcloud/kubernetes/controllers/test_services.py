"""Services: which pods they lead to."""

from tests.localcloud.kubernetes.controllers.cluster import Cluster

SERVICE = """
apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec:
  selector: {{app: qwq}}
  ports: {ports}
  {more}
"""
POD = """
apiVersion: v1
kind: Pod
metadata: {{name: {name}, labels: {{app: {app}}}}}
spec:
  containers: [{{name: gate, image: caddy, ports: [{{name: api, containerPort: 8000}}]}}]
"""


def served(more: str = "", ports: str = "[{name: http, port: 80, targetPort: api}]") -> Cluster:
    """Return a cluster with a ready pod, one that is not, and one of another app."""
    cluster = Cluster()
    cluster.add(SERVICE, name="qwq", ports=ports, more=more)
    for name, app in (("a", "qwq"), ("bb", "qwq"), ("ccc", "other")):
        cluster.add(POD, name=name, app=app)
    cluster.play([pod for pod in cluster.pods() if pod["metadata"]["name"] != "bb"])
    cluster.play([cluster.get("Pod", "bb")], ready=False)
    return cluster


def addresses(cluster: Cluster) -> list[tuple[list[str], list[str], list[tuple[str, int]]]]:
    """Return the ready and other addresses and the ports of each subset."""
    return [
        (
            [each["ip"] for each in subset.get("addresses", [])],
            [each["ip"] for each in subset.get("notReadyAddresses", [])],
            [(each.get("name", ""), each["port"]) for each in subset.get("ports", [])],
        )
        for subset in cluster.get("Endpoints", "qwq")["subsets"]
    ]


def test_endpoints() -> None:
    """Only pods that are ready are addresses; a port is found by the name the pod gives it."""
    assert [(["10.0.0.1"], ["10.0.0.2"], [("http", 8000)])] == addresses(served())


def test_early_addresses() -> None:
    """A Service that asks for it leads to pods before they are ready: how the pods of a group find each other."""
    assert [(["10.0.0.1", "10.0.0.2"], [], [])] == addresses(served("publishNotReadyAddresses: true", "[]"))


def test_lost_pod() -> None:
    """A pod that ends or is deleted leaves the endpoints; a Service without pods has none."""
    cluster = served()
    cluster.remove("Pod", "a")
    cluster.play([cluster.get("Pod", "bb")], phase="Failed", ready=False)

    assert [] == addresses(cluster)


def test_deletion() -> None:
    """The endpoints go with their Service."""
    cluster = served()
    cluster.remove("Service", "qwq")

    assert [] == cluster.contents.all("Endpoints")
