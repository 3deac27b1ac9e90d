"""
The API servers of clusters: the kubeconfig of one, and which cluster answers at the address in a kubeconfig.

Each cluster has a CLB of its own, listening on `PORT`: its address in the VPC is the server of the kubeconfig, and an
EIP bound to it is another. Whoever runs the program is taken to be in the VPC and on the internet at once, so the
address chosen decides. The list of the CLB's listener holds for both. A public address without a list is refused
here, other than by the real service: it would be open to everybody.
"""

import base64
from urllib.parse import urlsplit

import yaml

from scripts.localcloud import acls
from scripts.localcloud.errors import LocalCloudError
from scripts.localcloud.kinds import CLUSTER, EIP, EIP_ASSOCIATION, VPC
from scripts.localcloud.values import text
from scripts.localcloud.world import Balancer, Record, World

PORT = 6443
KEY = "key"
"""Under which hidden name a cluster keeps the private key of its one user."""


class UnreachableError(LocalCloudError):
    """No API server answers the owner of a kubeconfig."""


def balancer_of(world: World, cluster_id: str) -> Balancer | None:
    """Return the CLB of the API server of a cluster, if that exists."""
    return next((each for each in world.balancers if each.cluster == cluster_id and not each.service), None)


def credential(cluster: Record, expiration: str = "") -> dict[str, str]:
    """Return the certificate of *cluster*, and that of its owner with the key, temporary until *expiration*."""
    words = {
        "clusterCert": f"local cloud: certificate of {cluster.id}",
        "clientCert": f"local cloud: certificate of the owner of {cluster.id} {expiration}".rstrip(),
        "clientKey": text(cluster.hidden, KEY),
    }
    return {name: base64.b64encode(value.encode()).decode() for name, value in words.items()}


def kubeconfig(cluster: Record, expiration: str = "") -> str:
    """Return the kubeconfig of the owner of *cluster*, as YAML; its server is the address in the VPC."""
    known = credential(cluster, expiration)
    user = f"kubernetes-admin-{cluster.id}"
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "kubernetes",
                "cluster": {
                    "server": f"https://{cluster.text('slbIntranet')}:{PORT}",
                    "certificate-authority-data": known["clusterCert"],
                },
            }
        ],
        "contexts": [{"name": user, "context": {"cluster": "kubernetes", "user": user}}],
        "current-context": user,
        "users": [
            {
                "name": user,
                "user": {"client-certificate-data": known["clientCert"], "client-key-data": known["clientKey"]},
            }
        ],
    }
    return yaml.safe_dump(document, sort_keys=False)


def cluster_behind(world: World, config: str) -> Record:
    """
    Return the cluster that the text of a kubeconfig leads to.

    Raises:
        UnreachableError: It leads nowhere, or the API server does not let its owner in.

    """
    endpoint, user = chosen(config)
    server = urlsplit(str(endpoint.get("server", "")))
    balancer = _listening(world, server.hostname or "", server.port or 443)
    cluster = world.find(CLUSTER, balancer.cluster)
    if cluster is None:
        raise UnreachableError(f"{server.netloc} does not answer: its cluster {balancer.cluster} is gone.")
    _check_access(world, balancer, cluster, server.hostname or "")
    known = credential(cluster)
    if endpoint.get("certificate-authority-data") != known["clusterCert"]:
        raise UnreachableError(f"{server.netloc} shows a certificate that the kubeconfig does not trust.")
    if user.get("client-key-data") != known["clientKey"]:
        raise UnreachableError(f"{server.netloc} refuses the credential: Unauthorized.")
    return cluster


def chosen(config: str) -> tuple[dict[str, object], dict[str, object]]:
    """
    Return the cluster and the user of the current context.

    Raises:
        UnreachableError: The text is no kubeconfig.

    """
    try:
        document = yaml.safe_load(config)
        contexts = {row["name"]: row["context"] for row in document["contexts"]}
        context = contexts[document["current-context"]]
        clusters = {row["name"]: row["cluster"] for row in document["clusters"]}
        users = {row["name"]: row["user"] for row in document["users"]}
        return clusters[context["cluster"]], users[context["user"]]
    except (yaml.YAMLError, KeyError, TypeError):
        raise UnreachableError("the kubeconfig is no kubeconfig with a current context.") from None


def _listening(world: World, host: str, port: int) -> Balancer:
    links = (
        link
        for eip in world.where(EIP, "ipAddress", host)
        for link in world.where(EIP_ASSOCIATION, "allocationId", eip.id)
    )
    bound = {link.text("instanceId") for link in links}
    for balancer in world.balancers:
        if port == PORT and not balancer.service and (balancer.address == host or balancer.id in bound):
            return balancer
    raise UnreachableError(f"{host}:{port} does not answer: no API server listens there.")


def _check_access(world: World, balancer: Balancer, cluster: Record, host: str) -> None:
    acl_id = balancer.acls.get(str(PORT), "")
    if host == balancer.address:
        vpc = world.find(VPC, cluster.text("vpcId"))
        if acl_id and vpc is not None and not acls.admits_network(world, acl_id, vpc.text("cidrBlock")):
            raise UnreachableError(f"{host}:{PORT} does not answer: {acl_id} does not list the VPC {vpc.id}.")
        return
    if not acl_id:
        raise UnreachableError(f"{host}:{PORT} is open to everybody: give its listener an ACL before the EIP.")
    if not acls.admits_internet(world, acl_id):
        raise UnreachableError(f"{host}:{PORT} does not answer: {acl_id} lists nobody on the internet.")
    if host not in cluster.text("customSan").replace(" ", "").split(","):
        raise UnreachableError(f"{host}:{PORT} shows a certificate for other names: customSan lacks {host}.")
