"""What the tests of the cloud share: machines that write down what they are told, and resources in one line each."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Event

from scripts.localcloud.cloud import Cloud, Target
from scripts.localcloud.kinds import (
    ACL,
    CLUSTER,
    COMMAND,
    DEPLOYMENT_SET,
    DISK,
    EIP,
    EXECUTION,
    INSTANCE,
    NAT_GATEWAY,
    NETWORK_INTERFACE,
    NETWORK_INTERFACE_ATTACHMENT,
    ROLE,
    SECURITY_GROUP,
    SECURITY_RULE,
    SWITCH,
    VPC,
)
from scripts.localcloud.machines.spec import CommandResult, Ingress, MachineSpec
from scripts.localcloud.values import Value, Values
from scripts.localcloud.world import Record

IMAGE = "ubuntu_24_04_x64_100G_with_gpu_driver_and_cuda_alibase_20260519.vhd"
ZONE = "cn-hangzhou-k"
TARGET = Target("cn-hangzhou")
TRUST = '{"Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"Service":["ecs.aliyuncs.com"]}}]}'


@dataclass
class RecordedMachines:
    """Machines that do nothing; *calls* holds what they were told, *result* is what a command answers after *hold*."""

    calls: list[tuple[object, ...]] = field(default_factory=list)
    specs: list[MachineSpec] = field(default_factory=list)
    result: CommandResult | Exception = field(default_factory=lambda: CommandResult(0, "ready\n"))
    start_problem: Exception | None = None
    hold: Event | None = None
    commanded: Event = field(default_factory=Event)

    def available(self) -> str | None:
        """Say that everything is fine."""
        return None

    def start(self, spec: MachineSpec) -> None:
        """Remember the start."""
        if self.start_problem is not None:
            raise self.start_problem
        self.specs.append(spec)
        self.calls.append(("start", spec.instance_id))

    def stop(self, instance_id: str) -> None:
        """Remember the stop."""
        self.calls.append(("stop", instance_id))

    def reboot(self, instance_id: str) -> None:
        """Remember the reboot."""
        self.calls.append(("reboot", instance_id))

    def delete(self, instance_id: str) -> None:
        """Remember the delete."""
        self.calls.append(("delete", instance_id))

    def create_disk(self, disk_id: str) -> None:
        """Remember the disk."""
        self.calls.append(("create_disk", disk_id))

    def delete_disk(self, disk_id: str) -> None:
        """Remember the end of the disk."""
        self.calls.append(("delete_disk", disk_id))

    def attach_disk(self, instance_id: str, disk_id: str, size_gib: int) -> None:
        """Remember the attachment."""
        self.calls.append(("attach_disk", instance_id, disk_id, size_gib))

    def detach_disk(self, instance_id: str, disk_id: str) -> None:
        """Remember the detachment."""
        self.calls.append(("detach_disk", instance_id, disk_id))

    def set_role(self, instance_id: str, role_name: str | None) -> None:
        """Remember the role."""
        self.calls.append(("set_role", instance_id, role_name))

    def set_listeners(self, instance_id: str, listeners: set[tuple[str, int]]) -> None:
        """Remember the listeners."""
        self.calls.append(("set_listeners", instance_id, sorted(listeners)))

    def set_internet(self, instance_id: str, internet: bool) -> None:  # noqa: FBT001 the agreed signature
        """Remember the route."""
        self.calls.append(("set_internet", instance_id, internet))

    def set_ingress(self, instance_id: str, ingress: set[Ingress]) -> None:
        """Remember the flows."""
        self.calls.append(("set_ingress", instance_id, sorted(ingress)))

    def set_names(self, instance_id: str, names: Mapping[str, str]) -> None:
        """Remember the names."""
        self.calls.append(("set_names", instance_id, dict(names)))

    def set_rdma_devices(self, instance_id: str, count: int) -> None:
        """Remember the devices."""
        self.calls.append(("set_rdma_devices", instance_id, count))

    def run_command(self, instance_id: str, script: str, timeout_seconds: float) -> CommandResult:
        """Remember the command and answer what was prepared."""
        self.calls.append(("run_command", instance_id, script, timeout_seconds))
        self.commanded.set()
        if self.hold is not None:
            self.hold.wait()
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


@dataclass
class RecordedControlPlanes:
    """Control planes that act on nothing and remember what they were told."""

    calls: list[tuple[str, str]] = field(default_factory=list)

    def start(self, cluster_id: str) -> None:
        """Remember the start."""
        self.calls.append(("start", cluster_id))

    def stop(self, cluster_id: str) -> None:
        """Remember the stop."""
        self.calls.append(("stop", cluster_id))


class Region:
    """cn-hangzhou: makes resources, with enough filled in to be accepted; anything may be given otherwise."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self._asked: dict[str, Values] = {}

    def make(self, type_: str, /, **inputs: Value) -> Record:
        """Check and create; None leaves a property out."""
        return self.make_secret(type_, frozenset(), **inputs)

    def make_secret(self, type_: str, secret: frozenset[str], /, **inputs: Value) -> Record:
        """Check and create, with the properties named in *secret* secret."""
        given: Values = {name: value for name, value in inputs.items() if value is not None}
        checked = self.cloud.check(type_, "thing", given, secret=secret)
        assert () == checked.failures
        record = self.cloud.create(type_, checked.inputs, secret, TARGET)
        self._asked[record.id] = checked.inputs
        return record

    def update(self, record: Record, **changes: Value) -> Record:
        """Update with *changes*; None takes a property out."""
        asked: Values = self._asked[record.id] | changes
        inputs: Values = {name: value for name, value in asked.items() if value is not None}
        return self.cloud.update(record.type, record.id, "thing", inputs, frozenset(record.secret), TARGET)

    def delete(self, record: Record) -> None:
        """Delete."""
        self.cloud.delete(record.type, record.id, TARGET.region)

    def read(self, record: Record) -> Values:
        """Return the properties as they are now."""
        now = self.cloud.read(record.type, record.id, {})
        assert now is not None
        return now.properties

    def vpc(self, **inputs: Value) -> Record:
        """Make a VPC, 10.0.0.0/8."""
        given: Values = {"cidrBlock": "10.0.0.0/8"}
        return self.make(VPC, **(given | inputs))

    def switch(self, vpc: Record, **inputs: Value) -> Record:
        """Make a switch, 10.0.1.0/24."""
        given: Values = {"vpcId": vpc.id, "zoneId": ZONE, "cidrBlock": "10.0.1.0/24"}
        return self.make(SWITCH, **(given | inputs))

    def group(self, vpc: Record, **inputs: Value) -> Record:
        """Make a security group."""
        return self.make(SECURITY_GROUP, vpcId=vpc.id, **inputs)

    def rule(self, group: Record, **inputs: Value) -> Record:
        """Let 10.0.0.0/8 in at port 8000."""
        given: Values = {"type": "ingress", "ipProtocol": "tcp", "portRange": "8000/8000", "cidrIp": "10.0.0.0/8"}
        return self.make(SECURITY_RULE, **(given | {"securityGroupId": group.id} | inputs))

    def instance(self, switch: Record, group: Record, **inputs: Value) -> Record:
        """Make an instance with one A10."""
        given: Values = {
            "vswitchId": switch.id,
            "securityGroups": [group.id],
            "imageId": IMAGE,
            "instanceType": "ecs.gn7i-c8g1.2xlarge",
            "systemDiskSize": 100,
        }
        return self.make(INSTANCE, **(given | inputs))

    def machine(self, **inputs: Value) -> Record:
        """Make an instance with a VPC, a switch and a group of its own."""
        vpc = self.vpc()
        return self.instance(self.switch(vpc), self.group(vpc), **inputs)

    def machine_beside(self, other: Record, **inputs: Value) -> Record:
        """Make another instance on the switch and in the groups of *other*."""
        return self.make(INSTANCE, **(self._asked[other.id] | inputs))

    def deployment_set(self, **inputs: Value) -> Record:
        """Make a deployment set that keeps its instances near each other."""
        given: Values = {"strategy": "LowLatency"}
        return self.make(DEPLOYMENT_SET, **(given | inputs))

    def interface(self, instance: Record, **inputs: Value) -> Record:
        """Make a network interface with RDMA on the switch and in the groups of *instance*."""
        given: Values = {
            "vswitchId": instance.text("vswitchId"),
            "securityGroupIds": instance.properties["securityGroups"],
            "networkInterfaceTrafficMode": "HighPerformance",
        }
        return self.make(NETWORK_INTERFACE, **(given | inputs))

    def attach(self, interface: Record, instance: Record, card: int = 1) -> Record:
        """Attach *interface* to *instance* at a network card."""
        ids: Values = {"networkInterfaceId": interface.id, "instanceId": instance.id}
        return self.make(NETWORK_INTERFACE_ATTACHMENT, networkCardIndex=card, **ids)

    def disk(self, **inputs: Value) -> Record:
        """Make an ESSD of 100 GiB."""
        given: Values = {"zoneId": ZONE, "category": "cloud_essd", "size": 100}
        return self.make(DISK, **(given | inputs))

    def eip(self) -> Record:
        """Make an EIP."""
        return self.make(EIP)

    def gateway(self, switch: Record, **inputs: Value) -> Record:
        """Make a NAT gateway on *switch*."""
        given: Values = {"vpcId": switch.text("vpcId"), "vswitchId": switch.id, "natType": "Enhanced"}
        return self.make(NAT_GATEWAY, **(given | inputs))

    def role(self, name: str = "reader", **inputs: Value) -> Record:
        """Make a role that ECS may take."""
        given: Values = {"roleName": name, "assumeRolePolicyDocument": TRUST}
        return self.make(ROLE, **(given | inputs))

    def command(self, script: str = "true\n", **inputs: Value) -> Record:
        """Make a command."""
        content = base64.b64encode(script.encode()).decode()
        given: Values = {"type": "RunShellScript", "commandContent": content}
        return self.make(COMMAND, **(given | inputs))

    def cluster(self, switch: Record, **inputs: Value) -> Record:
        """Make an ACS cluster on *switch*."""
        given: Values = {
            "name": "llm",
            "profile": "Acs",
            "vswitchIds": [switch.id],
            "serviceCidr": "192.168.0.0/16",
            "newNatGateway": False,
            "slbInternetEnabled": False,
        }
        return self.make(CLUSTER, **(given | inputs))

    def acl(self, *cidrs: str) -> Record:
        """Make a list of *cidrs*."""
        return self.make(ACL, name="callers", entryLists=[{"entry": cidr} for cidr in cidrs])

    def put_acl(self, cluster: Record, acl: Record, **parameters: Value) -> Record:
        """Have a template put *acl* on the listener of the API server of *cluster*."""
        asked: Values = {
            "RegionId": "cn-hangzhou",
            "LoadBalancerId": cluster.text("slbId"),
            "ListenerPort": 6443,
            "AclStatus": "on",
            "AclType": "white",
            "AclId": acl.id,
        }
        return self.execution(asked | parameters)

    def execution(self, parameters: Values, **inputs: Value) -> Record:
        """Have a template call SetLoadBalancerTCPListenerAttribute with *parameters*."""
        call = {"Service": "SLB", "API": "SetLoadBalancerTCPListenerAttribute", "Parameters": parameters}
        task = {"Name": "list", "Action": "ACS::ExecuteApi", "Properties": call}
        content = json.dumps({"FormatVersion": "OOS-2019-06-01", "Tasks": [task]})
        given: Values = {"templateName": "list", "templateContent": content}
        return self.make(EXECUTION, **(given | inputs))
