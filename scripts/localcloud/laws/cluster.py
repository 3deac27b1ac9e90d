"""
Managed Kubernetes clusters, those of ACS and others.

A cluster in the local cloud is a folder of objects, a control plane that acts on them, a CLB for the API server and,
unless one is given, a security group. The kubernetes provider finds it by the kubeconfig that `getClusterCredential`
answers: see `scripts.localcloud.api_server`.
"""

import hashlib
import secrets

from scripts.localcloud.api_server import KEY, PORT, credential
from scripts.localcloud.errors import CloudError
from scripts.localcloud.kinds import CLUSTER, LOG_PROJECT, NAT_GATEWAY, SECURITY_GROUP
from scripts.localcloud.kubernetes.objects import Objects, folder_of
from scripts.localcloud.laws import balancers, cluster_terms
from scripts.localcloud.laws.law import Ask, Law, record_of
from scripts.localcloud.laws.ram import ACCOUNT
from scripts.localcloud.values import Values, text
from scripts.localcloud.world import Balancer, Record, World, now


class ManagedKubernetes(Law):
    """A cluster."""

    type = CLUSTER

    def create(self, ask: Ask) -> Record:
        """Add a cluster on switches of one VPC."""
        switches = cluster_terms.check(ask)
        cluster_id = _new_id(ask)
        outputs: Values = {
            "clusterSpec": "ack.pro.small",
            "deletionProtection": False,
            "disableEncryption": "encryptionProviderKey" not in ask.inputs,
            "ipStack": "ipv4",
            "profile": "Default",
            "rrsaMetadata": _rrsa(ask, cluster_id),
            "securityGroupId": _security_group(ask, switches[0], cluster_id),
            "version": cluster_terms.VERSION,
            "vpcId": switches[0].text("vpcId"),
            "workerRamRoleName": "",
        }
        record = record_of(self.type, ask, cluster_id, outputs)
        record.hidden = {KEY: secrets.token_hex(32), "created": now()}
        record.properties["auditLogConfig"] = _audit(ask, record)
        record.properties |= _addresses(record, balancers.add(ask.world, ask.home, record, {str(PORT): ""}))
        skipped = ask.inputs.get("skipSetCertificateAuthority") is True
        shown = {name: "" if skipped else value for name, value in credential(record).items()}
        record.properties["certificateAuthorities"] = [{**shown}]
        Objects(folder_of(ask.home, cluster_id)).create()
        ask.world.then(lambda _machines: ask.control_planes.start(cluster_id))
        return ask.world.add(record)

    def update(self, ask: Ask, record: Record, changed: frozenset[str]) -> None:
        """Change the cluster in place."""
        cluster_terms.check(ask)
        cluster_terms.check_change(ask.inputs, record, changed)
        if "enableRrsa" in changed:
            ask.inputs["rrsaMetadata"] = _rrsa(ask, record.id)
        if "auditLogConfig" in changed:
            ask.inputs["auditLogConfig"] = _audit(ask, record)

    def delete(self, ask: Ask, record: Record) -> None:
        """Refuse a protected cluster; what the cluster made goes with it, unless ``deleteOptions`` retain it."""
        if record.properties.get("deletionProtection") is True:
            message = f"{record.id} has deletionProtection on. Switch it off first."
            raise CloudError("OperationDenied.DeletionProtection", message)
        options = cluster_terms.delete_options(record.properties)
        for balancer in [each for each in ask.world.balancers if each.cluster == record.id]:
            if not (balancer.service and options.get("SLB") == "retain"):
                balancers.remove(ask.world, balancer)
        logs_go = options.get("SLS_Data") == options.get("SLS_ControlPlane") == "delete"
        for made in _made(ask.world, record):
            if made.type != LOG_PROJECT or logs_go:
                ask.world.remove(made)
        folder = folder_of(ask.home, record.id)
        ask.world.then(lambda _machines: ask.control_planes.stop(record.id))
        ask.world.then(lambda _machines: Objects(folder).destroy())

    def read(self, world: World, record: Record) -> Values:
        """Return the cluster with the NAT gateway of its VPC."""
        gateway = next(iter(world.where(NAT_GATEWAY, "vpcId", record.text("vpcId"))), None)
        return record.properties | {"natGatewayId": gateway.id if gateway is not None else ""}


def _new_id(ask: Ask) -> str:
    return "c" + hashlib.sha256(f"{ask.region}/{ask.world.count('cluster')}".encode()).hexdigest()[:32]


def _made(world: World, cluster: Record) -> list[Record]:
    return [record for record in world.records if record.hidden.get("cluster") == cluster.id]


def _security_group(ask: Ask, switch: Record, cluster_id: str) -> str:
    given = text(ask.inputs, "securityGroupId")
    if given:
        return given
    properties: Values = {
        "createTime": now(),
        "innerAccessPolicy": "Accept",
        "securityGroupName": f"alicloud-cs-auto-created-security-group-{cluster_id}",
        "securityGroupType": "normal",
        "vpcId": switch.text("vpcId"),
    }
    group_id = ask.world.new_id("sg", ask.region)
    group = Record(SECURITY_GROUP, group_id, ask.region, properties, hidden={"cluster": cluster_id})
    return ask.world.add(group).id


def _rrsa(ask: Ask, cluster_id: str) -> Values:
    if ask.inputs.get("enableRrsa") is not True:
        return {"enabled": False, "rrsaOidcIssuerUrl": "", "ramOidcProviderName": "", "ramOidcProviderArn": ""}
    name = f"ack-rrsa-{cluster_id}"
    return {
        "enabled": True,
        "rrsaOidcIssuerUrl": f"https://oidc-ack-{ask.region}.oss-{ask.region}.aliyuncs.com/{cluster_id}",
        "ramOidcProviderName": name,
        "ramOidcProviderArn": f"acs:ram::{ACCOUNT}:oidc-provider/{name}",
    }


def _audit(ask: Ask, cluster: Record) -> Values:
    """Return where audit logs go; without a project of one's own, the cluster makes one."""
    asked = ask.inputs.get("auditLogConfig")
    if not isinstance(asked, dict) or asked.get("enabled") is not True:
        return {"enabled": False}
    given = text(asked, "slsProjectName")
    if given:
        return {"enabled": True, "slsProjectName": ask.world.need(LOG_PROJECT, given, "ProjectNotExist").id}
    name = f"k8s-log-{cluster.id}"
    if ask.world.find(LOG_PROJECT, name) is None:
        properties: Values = {"projectName": name, "name": name, "createTime": now(), "status": "Normal"}
        ask.world.add(Record(LOG_PROJECT, name, ask.region, properties, hidden={"cluster": cluster.id}))
    return {"enabled": True, "slsProjectName": name}


def _addresses(cluster: Record, balancer: Balancer) -> Values:
    connection: Values = {
        "apiServerInternet": "",
        "apiServerIntranet": f"https://{balancer.address}:{PORT}",
        "masterPublicIp": "",
        "serviceDomain": f"*.{cluster.id}.{cluster.region}.alicontainer.com",
    }
    return {"connections": [connection], "slbId": balancer.id, "slbIntranet": balancer.address, "slbInternet": ""}
