"""Machines: encrypted disks, metadata only for those with a token, nobody logs in."""

import json
from collections.abc import Iterator

from .networks import lets_in
from .resources import Resource, at, is_on, may_be, one
from .rule import View

_INSTANCE = "alicloud:ecs/instance:Instance"
_TEMPLATE = "alicloud:ecs/ecsLaunchTemplate:EcsLaunchTemplate"
_NODE_POOL = "alicloud:cs/nodePool:NodePool"
_SCALING = "alicloud:ess/scalingConfiguration:ScalingConfiguration"
_NAS = "alicloud:nas/fileSystem:FileSystem"
_STORAGE_CLASS = "kubernetes:storage.k8s.io/v1:StorageClass"

_ENCRYPTED = {
    _INSTANCE: ("systemDiskEncrypted", "dataDisks[].encrypted"),
    _NODE_POOL: ("systemDiskEncrypted", "dataDisks[].encrypted"),
    _SCALING: ("systemDiskEncrypted", "dataDisks[].encrypted"),
    _TEMPLATE: ("systemDisk.encrypted", "dataDisks[].encrypted"),
    "alicloud:ecs/ecsDisk:EcsDisk": ("encrypted",),
    "alicloud:ecs/disk:Disk": ("encrypted",),
    _STORAGE_CLASS: ("parameters.encrypted",),
}

_DISK_DRIVER = "diskplugin.csi.alibabacloud.com"
"""
Makes encrypted disks where a StorageClass asks for them.

Source: GitHub kubernetes-sigs/alibaba-cloud-csi-driver pkg/disk/utils.go @8aacf900, 2026-08-20.
"""

_TOKENS = {
    _INSTANCE: "httpTokens",
    _TEMPLATE: "httpTokens",
    _NODE_POOL: "instanceMetadataOptions.httpTokens",
}

_LOGINS = {
    _INSTANCE: ("keyName", "password", "kmsEncryptedPassword", "passwordInherit"),
    _NODE_POOL: ("keyName", "password", "kmsEncryptedPassword"),
    _SCALING: ("keyName", "password", "kmsEncryptedPassword", "passwordInherit"),
    _TEMPLATE: ("keyPairName", "passwordInherit"),
    "alicloud:ecs/ecsKeyPair:EcsKeyPair": ("keyPairName",),
    "alicloud:ecs/ecsKeyPairAttachment:EcsKeyPairAttachment": ("keyPairName",),
    "alicloud:ecs/keyPair:KeyPair": ("keyName",),
    "alicloud:ecs/keyPairAttachment:KeyPairAttachment": ("keyName",),
}

_PORTS = {22: "SSH", 3389: "RDP"}
_WITHOUT = "Session Manager (Cloud Assistant) opens a shell without it."


def encrypted_disks(resource: Resource, _view: View) -> Iterator[str]:
    """Yield which disk of *resource* is not encrypted."""
    props = resource.props
    # CPFS is left out: no source says what it takes.
    if resource.type == _NAS and may_be(props.get("fileSystemType", "standard"), "standard", "extreme"):
        if not may_be(props.get("encryptType"), 1, 2):
            yield "encryptType is not set, so its files are not encrypted. Set it to 1 or 2."
        return
    if resource.type == _STORAGE_CLASS and props.get("provisioner") != _DISK_DRIVER:
        return
    for path in _ENCRYPTED.get(resource.type, ()):
        for place, value in at(props, path):
            if not is_on(value) and not _left_to_template(resource, value):
                yield f"{place} is {_shown(value)}. Set it to true: a disk is encrypted when it is made or never."


def tokens_required(resource: Resource, _view: View) -> Iterator[str]:
    """Yield how *resource* answers metadata requests without a token."""
    path = _TOKENS.get(resource.type)
    if path is None or may_be(resource.props.get("httpEndpoint"), "disabled"):
        return
    value = one(resource.props, path)
    if not may_be(value, "required") and not _left_to_template(resource, value):
        yield (
            f"{path} is {_shown(value)}: whoever makes a program on it fetch a URL gets the keys of its role. "
            "Set it to 'required'."
        )


def nobody_logs_in(resource: Resource, _view: View) -> Iterator[str]:
    """Yield how somebody could log in to *resource*, or through it."""
    for name in _LOGINS.get(resource.type, ()):
        if resource.props.get(name) not in (None, "", False):
            yield f"{name} is set, which is for logging in. Leave it out: {_WITHOUT}"
    if resource.type == "alicloud:ecs/securityGroupRule:SecurityGroupRule" and lets_in(resource.props):
        yield from _login_ports(resource)


def _login_ports(resource: Resource) -> Iterator[str]:
    props = resource.props
    ports = props.get("portRange", "-1/-1")
    # Members of a group that trust each other with every port are no door for people.
    members = "sourceSecurityGroupId" in props and ports in ("-1/-1", "1/65535")
    if not isinstance(ports, str) or members or props.get("ipProtocol") == "udp":
        return
    first, _, last = ("1/65535" if ports == "-1/-1" else ports).partition("/")
    opened = [f"{port} ({name})" for port, name in _PORTS.items() if _number(first) <= port <= _number(last)]
    if opened:
        yield f"portRange {ports} opens port {' and '.join(opened)}. Leave it closed: {_WITHOUT}"


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _left_to_template(resource: Resource, value: object) -> bool:
    """Say whether the launch template of *resource*, which is judged by itself, has the *value* that is left out."""
    return value is None and any(resource.props.get(name) for name in ("launchTemplateId", "launchTemplateName"))


def _shown(value: object) -> str:
    return "not set" if value is None else json.dumps(value)
