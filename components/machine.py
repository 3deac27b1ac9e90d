"""One GPU instance, its role, and the weights disk that survives it."""

import dataclasses
import json

import pulumi
import pulumi_alicloud as alicloud

from components.args import SingleEcsLlmArgs
from components.credentials import Credentials, parameter_names
from components.names import physical_name
from components.network import Network
from components.policy import TRUST_ECS, boot_policy


@dataclasses.dataclass(frozen=True)
class Machine:
    """A machine and what must be joined to it before it can boot."""

    instance: alicloud.ecs.Instance
    joined: tuple[pulumi.Resource, ...]


def machine(
    name: str,
    args: SingleEcsLlmArgs,
    net: Network,
    keys: Credentials,
    user_data: str,
    opts: pulumi.ResourceOptions,
) -> Machine:
    """Return a GPU instance that boots *user_data*, with its weights disk and its role."""
    disk = _weights_disk(name, args, opts)
    role, granted = _role(name, args, opts)
    # The boot takes a missing secret or a refused read for final.
    before = [*net.egress, *keys.parameters, granted]
    instance = _instance(name, args, net, user_data, before, opts)
    joined = (
        alicloud.ecs.EcsDiskAttachment(
            f"{name}-weights-attachment", disk_id=disk.id, instance_id=instance.id, opts=opts
        ),
        alicloud.ecs.RamRoleAttachment(
            f"{name}-role-attachment", instance_id=instance.id, ram_role_name=role.role_name, opts=opts
        ),
    )
    return Machine(instance, joined)


def _instance(
    name: str,
    args: SingleEcsLlmArgs,
    net: Network,
    user_data: str,
    before: list[pulumi.Resource],
    opts: pulumi.ResourceOptions,
) -> alicloud.ecs.Instance:
    return alicloud.ecs.Instance(
        f"{name}-instance",
        instance_name=physical_name(name),
        availability_zone=args.zone_id,
        instance_type=args.instance_type,
        image_id=args.system_image_id,
        vswitch_id=net.vswitch_id,
        security_groups=[net.security_group_id],
        system_disk_category="cloud_essd",
        system_disk_size=args.system_disk_gib,
        system_disk_encrypted=True,
        http_endpoint="enabled",
        http_tokens="required",
        spot_strategy=args.spot_strategy,
        spot_price_limit=args.spot_price_limit,
        # Plain text: it cannot be mistaken for base64, and a reviewer reads its diff.
        user_data=user_data,
        tags=args.tags,
        volume_tags=args.tags,
        opts=pulumi.ResourceOptions.merge(
            opts,
            pulumi.ResourceOptions(
                # The provider would update both in place: cloud-init does not run twice, so a new
                # boot script would silently do nothing, and a new image would wipe the disk.
                replace_on_changes=["userData", "imageId"],
                # The weights disk and the EIP belong to one instance at a time, and GPU quota
                # rarely holds two machines.
                delete_before_replace=True,
                depends_on=before,
                custom_timeouts=pulumi.CustomTimeouts(create="30m", update="30m", delete="30m"),
            ),
        ),
    )


def _weights_disk(name: str, args: SingleEcsLlmArgs, opts: pulumi.ResourceOptions) -> alicloud.ecs.EcsDisk:
    return alicloud.ecs.EcsDisk(
        f"{name}-weights",
        disk_name=f"{physical_name(name)}-weights",
        zone_id=args.zone_id,
        category="cloud_essd",
        performance_level=args.weights_disk_performance_level,
        size=args.plan.weights_disk_gib,
        encrypted=True,
        delete_with_instance=False,
        tags=args.tags,
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(before_update=[_never_smaller(name)]))
        ),
    )


def _never_smaller(name: str) -> pulumi.ResourceHook:
    """Return the hook that refuses a smaller disk already in `preview`; the service would refuse it halfway through."""

    def check(update: pulumi.ResourceHookArgs) -> None:
        before, after = ((inputs or {}).get("size") or 0 for inputs in (update.old_inputs, update.new_inputs))
        if after < before:
            raise ValueError(
                f"weightsDiskGib: {after:g}, and the disk has {before:g} GiB. A disk does not shrink: "
                f"set weightsDiskGib to {before:g}, or replace the disk and fetch the weights again."
            )

    return pulumi.ResourceHook(f"{name}-weights-never-smaller", check, pulumi.ResourceHookOptions(on_dry_run=True))


def _role(
    name: str, args: SingleEcsLlmArgs, opts: pulumi.ResourceOptions
) -> tuple[alicloud.ram.Role, alicloud.ram.RolePolicyAttachment]:
    role = alicloud.ram.Role(
        f"{name}-role",
        role_name=physical_name(name),
        assume_role_policy_document=json.dumps(TRUST_ECS),
        description=f"What the boot of LLM endpoint {name} may read",
        opts=opts,
    )
    policy = alicloud.ram.Policy(
        f"{name}-policy",
        policy_name=physical_name(name),
        policy_document=json.dumps(boot_policy(args.region, _parameters(name, args), _weights(args))),
        rotate_strategy="DeleteOldestNonDefaultVersionWhenLimitExceeded",
        opts=opts,
    )
    granted = alicloud.ram.RolePolicyAttachment(
        f"{name}-role-policy", role_name=role.role_name, policy_name=policy.policy_name, policy_type="Custom", opts=opts
    )
    return role, granted


def _parameters(name: str, args: SingleEcsLlmArgs) -> list[str]:
    return [parameter for parameter in parameter_names(name, args).values() if parameter]


def _weights(args: SingleEcsLlmArgs) -> tuple[str, str] | None:
    return None if args.oss_bucket is None else (args.oss_bucket, args.oss_prefix)
