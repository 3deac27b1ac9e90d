"""One GPU instance, its role, and the weights disk that survives it."""

import dataclasses
import json
from collections.abc import Mapping, Sequence

import pulumi
import pulumi_alicloud as alicloud

from components.args import EcsLlmArgs
from components.names import Name
from components.network import Network
from components.policy import TRUST_ECS, boot_policy

_RDMA = "HighPerformance"
"""The provider's name for an interface that carries eRDMA."""


@dataclasses.dataclass(frozen=True)
class Boot:
    """What a machine reads when it boots."""

    user_data: pulumi.Input[str]
    parameters: Mapping[str, str]
    """Its settings that name secret parameters, which its role may read; empty where one is not used."""
    secrets: Sequence[pulumi.Resource]
    """Those parameters: the boot takes a missing one for final."""


@dataclasses.dataclass(frozen=True)
class Placement:
    """Where a machine stands among others; the default is alone."""

    deployment_set_id: pulumi.Input[str] | None = None
    security_group_ids: tuple[pulumi.Input[str], ...] = ()
    """Groups beside the endpoint's own."""
    rdma_interfaces: int = 0
    """Network cards whose interface carries eRDMA, at most two: the provider creates one beside the primary."""
    jumbo_frames: bool | None = None
    on_error: pulumi.ErrorHook | None = None
    """Says what it means for the others when this machine cannot be created."""


@dataclasses.dataclass(frozen=True)
class Machine:
    """A machine, the disk with its weights, and what must be joined to it before it can boot."""

    instance: alicloud.ecs.Instance
    disk: alicloud.ecs.EcsDisk
    joined: tuple[pulumi.Resource, ...]


def machine(
    name: Name,
    args: EcsLlmArgs,
    net: Network,
    boot: Boot,
    opts: pulumi.ResourceOptions,
    place: Placement = Placement(),
) -> Machine:
    """Return a GPU instance that reads *boot*, with its weights disk, and its role when it has anything to read."""
    disk = _weights_disk(name, args, opts)
    role = _role(name, args, boot, opts)
    before = [*net.egress, *boot.secrets, *((role.granted,) if role else ())]
    instance = _instance(name, args, net, boot, place, pulumi.ResourceOptions.merge(opts, _after(before, place)))
    attachment = alicloud.ecs.EcsDiskAttachment(
        f"{name}-weights-attachment", disk_id=disk.id, instance_id=instance.id, opts=opts
    )
    if role is None:
        return Machine(instance, disk, (attachment,))
    taken = alicloud.ecs.RamRoleAttachment(
        f"{name}-role-attachment", instance_id=instance.id, ram_role_name=role.name, opts=opts
    )
    return Machine(instance, disk, (attachment, taken))


def _after(before: Sequence[pulumi.Resource], place: Placement) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(
        hooks=pulumi.ResourceHookBinding(on_error=[place.on_error]) if place.on_error else None,
        # The provider would update both in place: cloud-init does not run twice, so a new
        # boot script would silently do nothing, and a new image would wipe the disk.
        replace_on_changes=["userData", "imageId"],
        # The weights disk and the EIP belong to one instance at a time, and GPU quota
        # rarely holds two machines.
        delete_before_replace=True,
        depends_on=list(before),
        custom_timeouts=pulumi.CustomTimeouts(create="30m", update="30m", delete="30m"),
    )


def _instance(
    name: Name, args: EcsLlmArgs, net: Network, boot: Boot, place: Placement, opts: pulumi.ResourceOptions
) -> alicloud.ecs.Instance:
    return alicloud.ecs.Instance(
        f"{name}-instance",
        instance_name=name.physical,
        availability_zone=args.zone_id,
        instance_type=args.instance_type,
        image_id=args.system_image_id,
        vswitch_id=net.vswitch_id,
        security_groups=[net.security_group_id, *place.security_group_ids],
        deployment_set_id=place.deployment_set_id,
        network_interface_traffic_mode=_RDMA if place.rdma_interfaces else None,
        network_interfaces=_second_interface(net, place) if place.rdma_interfaces > 1 else None,
        enable_jumbo_frame=place.jumbo_frames,
        system_disk_category="cloud_essd",
        system_disk_size=args.system_disk_gib,
        system_disk_encrypted=True,
        http_endpoint="enabled",
        http_tokens="required",
        spot_strategy=args.spot_strategy,
        spot_price_limit=args.spot_price_limit,
        # Plain text: it cannot be mistaken for base64, and a reviewer reads its diff.
        user_data=boot.user_data,
        tags=args.tags,
        volume_tags=args.tags,
        opts=opts,
    )


def _second_interface(net: Network, place: Placement) -> alicloud.ecs.InstanceNetworkInterfacesArgs:
    return alicloud.ecs.InstanceNetworkInterfacesArgs(
        vswitch_id=net.vswitch_id,
        security_group_ids=list(place.security_group_ids),
        network_interface_traffic_mode=_RDMA,
        network_card_index=1,
    )


def _weights_disk(name: Name, args: EcsLlmArgs, opts: pulumi.ResourceOptions) -> alicloud.ecs.EcsDisk:
    return alicloud.ecs.EcsDisk(
        f"{name}-weights",
        disk_name=f"{name.physical}-weights",
        zone_id=args.zone_id,
        category="cloud_essd",
        performance_level=args.weights_disk_performance_level,
        size=args.disk_gib,
        encrypted=True,
        delete_with_instance=False,
        tags=args.tags,
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(before_update=[_never_smaller(name)]))
        ),
    )


def _never_smaller(name: Name) -> pulumi.ResourceHook:
    """Return the hook that refuses a smaller disk already in `preview`; the service would refuse it halfway through."""

    def check(update: pulumi.ResourceHookArgs) -> None:
        before, after = ((inputs or {}).get("size") or 0 for inputs in (update.old_inputs, update.new_inputs))
        if after < before:
            raise ValueError(
                f"weightsDiskGib: {after:g}, and the disk has {before:g} GiB. A disk does not shrink: "
                f"set weightsDiskGib to {before:g}, or replace the disk and fetch the weights again."
            )

    return pulumi.ResourceHook(f"{name}-weights-never-smaller", check, pulumi.ResourceHookOptions(on_dry_run=True))


@dataclasses.dataclass(frozen=True)
class _Role:
    name: pulumi.Output[str]
    granted: pulumi.Resource


def _role(name: Name, args: EcsLlmArgs, boot: Boot, opts: pulumi.ResourceOptions) -> _Role | None:
    weights = None if args.oss_bucket is None else (args.oss_bucket, args.oss_prefix)
    document = boot_policy(args.region, [parameter for parameter in boot.parameters.values() if parameter], weights)
    if document is None:
        return None
    role = alicloud.ram.Role(
        f"{name}-role",
        role_name=name.physical,
        assume_role_policy_document=json.dumps(TRUST_ECS),
        description=f"What the boot of LLM endpoint {name.physical} may read",
        opts=opts,
    )
    policy = alicloud.ram.Policy(
        f"{name}-policy",
        policy_name=name.physical,
        policy_document=json.dumps(document),
        rotate_strategy="DeleteOldestNonDefaultVersionWhenLimitExceeded",
        opts=opts,
    )
    granted = alicloud.ram.RolePolicyAttachment(
        f"{name}-role-policy", role_name=role.role_name, policy_name=policy.policy_name, policy_type="Custom", opts=opts
    )
    return _Role(role.role_name, granted)
