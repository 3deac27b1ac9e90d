"""One program before and after many changes at once, and what both doors foresee of it."""

HEAD = """
import pulumi
import pulumi_alicloud as alicloud
import pulumi_random as random
from pulumi import ResourceOptions as Options


class Part(pulumi.ComponentResource):
    def __init__(self, name, props=None, opts=None):
        super().__init__("demo:index:Part", name, props or {}, opts)


def net(name, **inputs):
    options = inputs.pop("opts", None)
    return alicloud.vpc.Network(name, **{"cidr_block": "10.0.0.0/8"} | inputs, opts=options)


def role(name, **inputs):
    options = inputs.pop("opts", None)
    trust = '{"Version": "1", "Statement": []}'
    return alicloud.ram.Role(name, role_name=name, assume_role_policy_document=trust, **inputs, opts=options)
"""

BEFORE = (
    HEAD
    + """
net("old-name")

home = Part("home")
net("home-net", opts=Options(parent=home))
Part("home-inner", opts=Options(parent=home))

net("moved")

wide = net("wide")
switch = alicloud.vpc.Switch("wide-switch", vpc_id=wide.id, zone_id="cn-hangzhou-k", cidr_block="10.0.1.0/24")
alicloud.ecs.SecurityGroup("wide-group", vpc_id=wide.id)

first = role("first", description="one")
policy = alicloud.ram.RolePolicyAttachment(
    "first-policy", role_name=first.role_name, policy_name="AliyunOSSReadOnlyAccess", policy_type="System"
)
role("after-first", description="x", opts=Options(depends_on=[policy]))

net("ignored", tags={"a": "1", "b": "1"}, description="one")
net("starred", description="one")
net("triggered", opts=Options(replacement_trigger="one"))
net("with-starred", opts=Options())
net("auto", opts=Options())
Part("settings", {"size": 1})
net("gone")
random.RandomId("kept", byte_length=4)
tagged = Part("tagged")
net("tagged-net", opts=Options(parent=tagged))
alicloud.Provider("east", region="cn-hangzhou")
"""
)

AFTER = (
    HEAD
    + """
net("new-name", opts=Options(aliases=[pulumi.Alias(name="old-name")]))

house = Part("house", opts=Options(aliases=[pulumi.Alias(name="home")]))
net("house-net", opts=Options(parent=house))
Part("house-inner", opts=Options(parent=house))

roof = Part("roof")
net("moved", opts=Options(parent=roof, aliases=[pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)]))

wide = net("wide", user_cidrs=["192.168.0.0/16"])
switch = alicloud.vpc.Switch("wide-switch", vpc_id=wide.id, zone_id="cn-hangzhou-k", cidr_block="10.0.1.0/24")
alicloud.ecs.SecurityGroup("wide-group", vpc_id=wide.id)

first = role("first", description="two", opts=Options(replace_on_changes=["description"], delete_before_replace=True))
policy = alicloud.ram.RolePolicyAttachment(
    "first-policy", role_name=first.role_name, policy_name="AliyunOSSReadOnlyAccess", policy_type="System"
)
role("after-first", description="x", opts=Options(depends_on=[policy]))

net("ignored", tags={"a": "2", "b": "1"}, description="two", opts=Options(ignore_changes=["tags.a", "description"]))
starred = net("starred", description="two", opts=Options(replace_on_changes=["*"]))
net("triggered", opts=Options(replacement_trigger="two"))
net("with-starred", opts=Options(replace_with=[starred]))
net("auto", opts=Options(deleted_with=starred))
Part("settings", {"size": 2})
random.RandomId("kept", byte_length=4)


def tag(args):
    if args.type_ == "alicloud:vpc/network:Network":
        return pulumi.ResourceTransformResult(props={**args.props, "tags": {"team": "llm"}}, opts=args.opts)


tagged = Part("tagged", opts=Options(transforms=[tag]))
net("tagged-net", opts=Options(parent=tagged))
alicloud.Provider("east", region="cn-beijing")
"""
)

STEPS = {
    "roof": "create",
    "wide": "replace",
    "wide-switch": "replace",
    "wide-group": "replace",
    "first": "replace",
    "first-policy": "replace",
    "starred": "replace",
    "triggered": "replace",
    "with-starred": "replace",
    "auto": "replace",
    "settings": "update",
    "gone": "delete",
    "tagged-net": "update",
    "east": "update",
}
"""What changes of AFTER over BEFORE; everything else stays as it is."""
