"""Each rule finds what breaks it, says where and what to do, and leaves alone what keeps it or is not known yet."""

from typing import Any

import pytest

from scripts.policy.resources import UNKNOWN, Resource
from scripts.policy.rules import RULES, findings

INSTANCE = "alicloud:ecs/instance:Instance"
RULE = "alicloud:ecs/securityGroupRule:SecurityGroupRule"
SERVICE = "kubernetes:core/v1:Service"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
STORAGE_CLASS = "kubernetes:storage.k8s.io/v1:StorageClass"
CLUSTER = "alicloud:cs/managedKubernetes:ManagedKubernetes"
NODE_POOL = "alicloud:cs/nodePool:NodePool"
TEMPLATE = "alicloud:ecs/ecsLaunchTemplate:EcsLaunchTemplate"
NAS = "alicloud:nas/fileSystem:FileSystem"

MACHINE = {"httpTokens": "required", "systemDiskEncrypted": True, "tags": {"team": "search"}}
INGRESS = {"type": "ingress", "ipProtocol": "tcp", "portRange": "443/443", "cidrIp": "203.0.113.0/24"}
ACL = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
BEHIND_LIST = {ACL + "acl-status": "on", ACL + "acl-type": "white", ACL + "acl-id": UNKNOWN}
KEY = "LTAI" + "x" * 16

NO_DOOR = "Session Manager (Cloud Assistant) opens a shell without it."
ROLE = "Use a role instead: an instance's own (ecs.RamRoleAttachment), or RRSA for pods."
PINNED = "may be another one tomorrow. Name a version or a digest."
FETCHING = "whoever makes a program on it fetch a URL gets the keys of its role. Set it to 'required'."
ANNOTATIONS = (
    f"Set the annotations {ACL}acl-status 'on', …-acl-type 'white' and …-acl-id, or …-address-type 'intranet'."
)


def service(annotations: object = None, **spec: object) -> dict[str, Any]:
    """Return the inputs of a Service with a load balancer."""
    return {"metadata": {"annotations": annotations or {}}, "spec": {"type": "LoadBalancer", **spec}}


def pod(**container: object) -> dict[str, Any]:
    """Return the inputs of a Deployment with one container."""
    containers = [{"name": "web", "image": "nginx:1.27", **container}]
    return {"spec": {"template": {"spec": {"containers": containers}}}}


def shared(**spec: object) -> dict[str, Any]:
    """Return the inputs of a Deployment whose pods share things with their node."""
    return {"spec": {"template": {"spec": {"containers": [], **spec}}}}


BROKEN = [
    (
        "allow-lists",
        RULE,
        INGRESS | {"cidrIp": "0.0.0.0/0"},
        "cidrIp 0.0.0.0/0 lets everybody reach port 443. Name the networks that may call.",
    ),
    (
        "allow-lists",
        RULE,
        {"type": "ingress", "ipProtocol": "tcp", "ipv6CidrIp": "::/0", "portRange": "8000/8000"},
        "ipv6CidrIp ::/0 lets everybody reach port 8000. Name the networks that may call.",
    ),
    (
        "allow-lists",
        "alicloud:slb/aclEntryAttachment:AclEntryAttachment",
        {"entry": "128.0.0.0/1"},
        "entry 128.0.0.0/1 is everybody, and so no list. Name the networks that may call.",
    ),
    (
        "allow-lists",
        "alicloud:slb/acl:Acl",
        {"entryLists": [{"entry": "10.0.0.0/8"}, {"entry": "0.0.0.0/0"}]},
        "entryLists[1].entry 0.0.0.0/0 is everybody, and so no list. Name the networks that may call.",
    ),
    (
        "allow-lists",
        "alicloud:rds/instance:Instance",
        {"securityIps": ["10.0.0.1,0.0.0.0/0"], "tags": {"a": "b"}},
        "securityIps[0] 0.0.0.0/0 is everybody, and so no list. Name the networks that may call.",
    ),
    (
        "allow-lists",
        CLUSTER,
        {"tags": {"a": "b"}},
        "slbInternetEnabled is on unless turned off: everybody reaches its API server. Set it to false.",
    ),
    (
        "allow-lists",
        "alicloud:cs/serverlessKubernetes:ServerlessKubernetes",
        {"endpointPublicAccessEnabled": True, "tags": {"a": "b"}},
        "endpointPublicAccessEnabled is on: everybody reaches its API server. Set it to false.",
    ),
    (
        "allow-lists",
        SERVICE,
        service(BEHIND_LIST | {ACL + "acl-type": "black"}, loadBalancerSourceRanges=["10.0.0.0/8"]),
        f"everybody reaches its load balancer, which takes no loadBalancerSourceRanges. {ANNOTATIONS}",
    ),
    (
        "allow-lists",
        SERVICE,
        service(loadBalancerClass="alibabacloud.com/nlb"),
        "everybody reaches its load balancer. Name the networks that may call in loadBalancerSourceRanges.",
    ),
    (
        "allow-lists",
        SERVICE,
        service(loadBalancerClass="alibabacloud.com/nlb", loadBalancerSourceRanges=["0.0.0.0/0"]),
        "spec.loadBalancerSourceRanges[0] 0.0.0.0/0 is everybody, and so no list. Name the networks that may call.",
    ),
    (
        "buckets-private",
        "alicloud:oss/bucketAcl:BucketAcl",
        {"acl": "public-read"},
        "acl public-read lets everybody read. Set it to private, and give readers a role.",
    ),
    (
        "buckets-private",
        "alicloud:oss/bucketPublicAccessBlock:BucketPublicAccessBlock",
        {"blockPublicAccess": False},
        "blockPublicAccess is off, so an ACL or a policy may let everybody read. Set it to true.",
    ),
    (
        "disks-encrypted",
        INSTANCE,
        MACHINE | {"systemDiskEncrypted": False},
        "systemDiskEncrypted is false. Set it to true: a disk is encrypted when it is made or never.",
    ),
    (
        "disks-encrypted",
        INSTANCE,
        MACHINE | {"dataDisks": [{"encrypted": True}, {"size": 40}]},
        "dataDisks[1].encrypted is not set. Set it to true: a disk is encrypted when it is made or never.",
    ),
    (
        "disks-encrypted",
        NAS,
        {"protocolType": "NFS", "tags": {"a": "b"}},
        "encryptType is not set, so its files are not encrypted. Set it to 1 or 2.",
    ),
    (
        "disks-encrypted",
        STORAGE_CLASS,
        {"provisioner": "diskplugin.csi.alibabacloud.com", "parameters": {"type": "cloud_essd"}},
        "parameters.encrypted is not set. Set it to true: a disk is encrypted when it is made or never.",
    ),
    (
        "imds-v2",
        INSTANCE,
        MACHINE | {"httpTokens": "optional"},
        (f'httpTokens is "optional": {FETCHING}'),
    ),
    (
        "imds-v2",
        NODE_POOL,
        {"systemDiskEncrypted": True, "tags": {"a": "b"}},
        f"instanceMetadataOptions.httpTokens is not set: {FETCHING}",
    ),
    (
        "no-ssh",
        INSTANCE,
        MACHINE | {"password": UNKNOWN},
        f"password is set, which is for logging in. Leave it out: {NO_DOOR}",
    ),
    (
        "no-ssh",
        RULE,
        INGRESS | {"portRange": "20/4000"},
        f"portRange 20/4000 opens port 22 (SSH) and 3389 (RDP). Leave it closed: {NO_DOOR}",
    ),
    (
        "no-ssh",
        RULE,
        INGRESS | {"portRange": "-1/-1", "ipProtocol": "all"},
        f"portRange -1/-1 opens port 22 (SSH) and 3389 (RDP). Leave it closed: {NO_DOOR}",
    ),
    (
        "no-access-key",
        "alicloud:ram/accessKey:AccessKey",
        {"userName": "weights"},
        f"it is a key that does not end, and stands in the state. {ROLE}",
    ),
    (
        "no-access-key",
        "pulumi:providers:alicloud",
        {"accessKey": KEY, "region": "cn-hangzhou"},
        "accessKey is set, and stands in the state. Leave it out, and give credentials to the command that runs.",
    ),
    (
        "no-access-key",
        DEPLOYMENT,
        pod(env=[{"name": "ID", "value": KEY}]),
        f"spec.template.spec.containers[0].env[0].value holds the id of an AccessKey. {ROLE}",
    ),
    (
        "no-privileged-container",
        DEPLOYMENT,
        pod(securityContext={"privileged": True}),
        "spec.template.spec.containers[0].securityContext.privileged is true. Name the capabilities that it needs.",
    ),
    (
        "no-privileged-container",
        DEPLOYMENT,
        pod(securityContext={"capabilities": {"add": ["IPC_LOCK", "SYS_ADMIN"]}}),
        "spec.template.spec.containers[0] adds SYS_ADMIN, with which it rules the node. Leave that out.",
    ),
    (
        "no-privileged-container",
        DEPLOYMENT,
        shared(hostNetwork=True),
        "spec.template.spec.hostNetwork is true, so its containers are on the node as if in none. Leave it out.",
    ),
    (
        "no-privileged-container",
        DEPLOYMENT,
        shared(volumes=[{"name": "docker", "hostPath": {"path": "/run/docker.sock"}}]),
        "spec.template.spec.volumes[0].hostPath.path mounts /run/docker.sock of the node. Use another kind of volume.",
    ),
    (
        "no-privileged-container",
        INSTANCE,
        # Base64 of a script that runs `docker run --privileged vllm`.
        MACHINE | {"userData": "IyEvYmluL3NoCmRvY2tlciBydW4gLS1wcml2aWxlZ2VkIHZsbG0K"},
        "userData starts a privileged container. Name the devices and capabilities that it needs.",
    ),
    (
        "images-pinned",
        "kubernetes:batch/v1:CronJob",
        {
            "spec": {
                "jobTemplate": {
                    "spec": {"template": {"spec": {"containers": [], "initContainers": [{"image": "a/b"}]}}}
                }
            }
        },
        f"spec.jobTemplate.spec.template.spec.initContainers[0].image a/b {PINNED}",
    ),
    (
        "images-pinned",
        DEPLOYMENT,
        pod(image="registry:5000/vllm/vllm-openai:latest"),
        f"spec.template.spec.containers[0].image registry:5000/vllm/vllm-openai:latest {PINNED}",
    ),
    (
        "images-pinned",
        "kubernetes:helm.sh/v3:Release",
        {"chart": "prometheus"},
        "chart prometheus has no version, so it is the newest of the day. Set version.",
    ),
    (
        "ram-documents",
        "alicloud:ram/policy:Policy",
        {"policyDocument": '{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'},
        "policyDocument Statement[0].Action: '*' allows everything, now and in future. Name the actions.",
    ),
    (
        "ram-least-privilege",
        "alicloud:ram/policy:Policy",
        {
            "document": '{"Version": "1", "Statement": '
            '[{"Effect": "Allow", "Action": "oss:*", "Resource": "acs:oss:*:*:weights"}]}'
        },
        "document Statement[0].Action: oss:* allows whatever the service can do, now and in future. Name the actions.",
    ),
    (
        "tags-present",
        INSTANCE,
        MACHINE | {"tags": {}},
        "it has no tags, so nobody can tell whose bill it is. Set tags.",
    ),
]

FINE = [
    (RULE, INGRESS),
    (RULE, INGRESS | {"cidrIp": UNKNOWN}),
    (RULE, INGRESS | {"cidrIp": "0.0.0.0/0", "type": "egress"}),
    (RULE, INGRESS | {"cidrIp": "0.0.0.0/0", "policy": "drop"}),
    (RULE, INGRESS | {"cidrIp": "0.0.0.0/0", "ipProtocol": "icmp", "portRange": "-1/-1"}),
    (RULE, {"type": "ingress", "ipProtocol": "all", "portRange": "-1/-1", "sourceSecurityGroupId": UNKNOWN}),
    (RULE, INGRESS | {"cidrIp": "not a network"}),
    (RULE, {"type": "ingress", "ipProtocol": "tcp", "portRange": "1/21", "ipv6CidrIp": "fd00::/8"}),
    (SERVICE, {"spec": {"type": "ClusterIP"}}),
    (SERVICE, service(BEHIND_LIST)),
    (SERVICE, service({"service.beta.kubernetes.io/alicloud-loadbalancer-address-type": "intranet"})),
    (SERVICE, service(UNKNOWN)),
    (SERVICE, service(loadBalancerClass="alibabacloud.com/nlb", loadBalancerSourceRanges=["203.0.113.0/24"])),
    (CLUSTER, {"slbInternetEnabled": False, "tags": UNKNOWN}),
    (INSTANCE, MACHINE),
    (INSTANCE, MACHINE | {"systemDiskEncrypted": UNKNOWN, "httpTokens": UNKNOWN, "dataDisks": UNKNOWN}),
    (INSTANCE, MACHINE | {"httpTokens": "optional", "httpEndpoint": "disabled"}),
    (INSTANCE, {"launchTemplateId": "lt-1", "tags": {"a": "b"}}),
    (INSTANCE, MACHINE | {"userData": "# never --privileged\ndocker run --privileged=false vllm\n"}),
    (TEMPLATE, {"systemDisk": {"encrypted": True}, "httpTokens": "required"}),
    (NAS, {"fileSystemType": "cpfs", "tags": {"a": "b"}}),
    (NAS, {"encryptType": 1.0, "tags": {"a": "b"}}),
    (STORAGE_CLASS, {"provisioner": "diskplugin.csi.alibabacloud.com", "parameters": {"encrypted": "true"}}),
    (STORAGE_CLASS, {"provisioner": "nasplugin.csi.alibabacloud.com"}),
    (DEPLOYMENT, pod(image="a/b:latest@sha256:" + "a" * 64, securityContext={"capabilities": {"add": ["IPC_LOCK"]}})),
    (DEPLOYMENT, pod(image=UNKNOWN)),
    (DEPLOYMENT, {"spec": UNKNOWN}),
    ("kubernetes:helm.sh/v3:Release", {"chart": "https://charts.example.com/lws-0.7.0.tgz"}),
    ("kubernetes:helm.sh/v3:Release", {"chart": "prometheus", "version": "27.1.0"}),
    ("alicloud:ram/role:Role", {"assumeRolePolicyDocument": UNKNOWN}),
    ("pulumi:providers:alicloud", {"region": "cn-hangzhou"}),
    ("alicloud:oss/bucket:Bucket", {"acl": "private", "tags": {"a": "b"}}),
]


def said(*resources: Resource, **config: object) -> list[str]:
    """Return what is found in *resources*, as the rule and the text."""
    return [f"{finding.rule}: {finding.text}" for finding in findings(resources, config)]


@pytest.mark.parametrize(("rule", "type_", "props", "text"), BROKEN)
def test_what_breaks_a_rule_is_found(rule: str, type_: str, props: dict[str, Any], text: str) -> None:
    """The one finding says where, with the value, and the way out."""
    assert [f"{rule}: {text}"] == said(Resource(type_, "it", props))


@pytest.mark.parametrize(("type_", "props"), FINE)
def test_what_keeps_the_rules_is_left_alone(type_: str, props: dict[str, Any]) -> None:
    """Nothing is found in it."""
    assert [] == said(Resource(type_, "it", props))


def test_every_rule_is_tried() -> None:
    """The table above, and the tests of load balancers below, have something that breaks each."""
    assert {rule.name for rule in RULES} == {row[0] for row in BROKEN} | {"listeners-have-lists"}


def test_the_key_itself_is_not_shown() -> None:
    """A finding about a key stands in logs and comments."""
    found = findings([Resource(DEPLOYMENT, "it", pod(env=[{"name": "ID", "value": KEY}]))])
    assert KEY not in found[0].text


def test_mandatory_rules_come_first() -> None:
    """A reader sees what stops the change before what is only advice."""
    untagged = Resource(INSTANCE, "first", MACHINE | {"tags": {}})
    bare = Resource(INSTANCE, "second", MACHINE | {"systemDiskEncrypted": False})

    found = findings([untagged, bare])
    assert [("mandatory", "second"), ("advisory", "first")] == [(one.level, one.resource.name) for one in found]
