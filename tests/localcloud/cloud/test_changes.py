"""What a preview foresees of a change of what exists: as the engine does, which is asked the same."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pulumi
import pulumi_alicloud as alicloud
import pytest
from pulumi.runtime.proto import resource_pb2

from scripts.localcloud.cloud import Cloud
from scripts.localcloud.inprocess.monitor import CloudMonitor, Setup
from scripts.localcloud.inprocess.stack_file import StackFile
from scripts.localcloud.kinds import VPC
from tests.localcloud.cloud.changes import AFTER, BEFORE, STEPS
from tests.localcloud.cloud.programs import Program, Runs, network
from tests.localcloud.stacks import NEEDS_ENGINE, Stack


def _text(program: str) -> Program:
    return lambda: exec(program, {"__name__": "__main__"})  # noqa: S102 what the other door runs from a file


def _changes(steps: Mapping[str, str]) -> dict[str, str]:
    return {name: step for name, step in steps.items() if step != "same"}


def test_a_change_is_foreseen(runs: Runs) -> None:
    """Renamed, moved, replaced with others, ignored, transformed, deleted: each as it would be."""
    assert runs(_text(BEFORE)), runs.errors()
    assert runs(_text(AFTER), preview=True), runs.errors()

    leaving = {item.name: item.step for item in runs.monitor.leaving}
    assert STEPS == _changes(runs.steps() | leaving)


@pytest.mark.engine
@NEEDS_ENGINE[1]
def test_the_engine_foresees_the_same(tmp_path: Path) -> None:
    """The same two programs with the real command."""
    stack = Stack(tmp_path, BEFORE)
    stack.up()
    (tmp_path / "__main__.py").write_text(AFTER)

    found: dict[str, str] = {}
    for step in json.loads(stack("preview", "--json", "--suppress-progress"))["steps"]:
        name = step["urn"].rsplit("::", 1)[1]
        op = "replace" if step["op"] in ("create-replacement", "delete-replaced") else step["op"]
        found[name] = op

    assert STEPS == _changes(found)


def _protected(name: str, *, opts: pulumi.ResourceOptions | None = None) -> pulumi.ComponentResource:
    return pulumi.ComponentResource("demo:index:Part", name, {}, opts)


def test_what_is_protected_stays(runs: Runs) -> None:
    """A child is as protected as its parent; a preview that would replace or delete it fails and still shows it all."""

    def program(user_cidrs: list[str] | None = None) -> Program:
        def declare() -> None:
            part = _protected("part", opts=pulumi.ResourceOptions(protect=True))
            opts = pulumi.ResourceOptions(parent=part)
            alicloud.vpc.Network("net", cidr_block="10.0.0.0/8", user_cidrs=user_cidrs, opts=opts)
            alicloud.vpc.Network("free", cidr_block="10.0.0.0/8")

        return declare

    assert runs(program())
    assert not runs(program(["192.168.0.0/16"]), preview=True)
    assert [
        "net is protected and would be replaced (userCidrs). Take protect off in the program and run up first."
    ] == runs.errors()
    assert {"net": "replace"} == _changes(runs.steps())
    assert not runs(lambda: None, preview=True)
    assert {
        "part is protected and would be deleted. Take protect off in the program and run up first.",
        "net is protected and would be deleted. Take protect off in the program and run up first.",
    } == set(runs.errors())


def test_a_child_has_options_of_its_parent(cloud: Cloud) -> None:
    """Whatever the SDK sends: what it leaves out is the parent's, what it says stays."""
    setup = Setup("project", "dev", "cn-hangzhou", preview=False)
    monitor = CloudMonitor(cloud, setup, StackFile(cloud.home, "project", "dev"))

    def register(type_: str, name: str, **options: object) -> str:
        request = resource_pb2.RegisterResourceRequest(type=type_, name=name, **options)  # type: ignore[arg-type]  # names
        return monitor.RegisterResource(request).urn

    other = register("demo:index:Part", "other")
    part = register("demo:index:Part", "part", protect=True, retainOnDelete=True, deletedWith=other)
    register(VPC, "silent", custom=True, parent=part)
    register(VPC, "outspoken", custom=True, parent=part, protect=False)

    found = {
        known.name: (known.protect, known.retain, known.deleted_with) for known in monitor.known.resources.values()
    }
    assert ((True, True, other), (False, True, other)) == (found["silent"], found["outspoken"])


def test_the_old_name_is_given_up(runs: Runs) -> None:
    """An update takes the new name over, so that the alias may go, and nothing has the old one."""
    assert runs(network)
    vpc = runs.monitor.journal.registrations[-1].id

    def renamed(*aliases: pulumi.Alias) -> Program:
        return lambda: alicloud.vpc.Network(
            "new", cidr_block="10.0.0.0/8", opts=pulumi.ResourceOptions(aliases=list(aliases))
        )

    assert runs(renamed(pulumi.Alias(name="net")))
    assert runs(renamed())
    assert {"project-dev": "same", "new": "same"} == runs.steps()
    assert vpc == runs.monitor.journal.registrations[-1].id


def test_an_alias_is_one_resource_only(runs: Runs) -> None:
    """What two resources claim to have been is refused with both names."""
    assert runs(network)

    def twice() -> None:
        for name in ("one", "two"):
            alicloud.vpc.Network(
                name,
                cidr_block="10.0.0.0/8",
                opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="net")]),
            )

    assert not runs(twice, preview=True)
    urn = "urn:pulumi:dev::project::alicloud:vpc/network:Network::"
    [error] = runs.errors()
    assert error in {
        f"aliases: {urn}net is {urn}{a} now and cannot be {urn}{b}, too." for a, b in (("one", "two"), ("two", "one"))
    }


def test_hooks_of_a_preview_see_the_change(runs: Runs) -> None:
    """A hook that runs in previews gets both inputs and may refuse, or only warn."""

    def program(cidr: str, *, ignore: bool = False) -> Program:
        def check(args: pulumi.ResourceHookArgs) -> None:
            assert args.old_inputs
            assert args.new_inputs
            raise ValueError(f"{args.old_inputs['cidrBlock']} to {args.new_inputs['cidrBlock']}")

        def declare() -> None:
            options = pulumi.ResourceHookOptions(on_dry_run=True, ignore_errors=ignore)
            hook = pulumi.ResourceHook("check", check, options)
            alicloud.vpc.Network(
                "net",
                cidr_block=cidr,
                opts=pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(before_update=[hook])),
            )

        return declare

    assert runs(program("10.0.0.0/8"))
    assert not runs(program("10.0.0.0/16"), preview=True)
    assert ['before hook "check" failed: 10.0.0.0/8 to 10.0.0.0/16'] == runs.errors()
    assert runs(program("10.0.0.0/16", ignore=True), preview=True)
    [warning] = runs.monitor.journal.messages
    assert ("warning", 'before hook "check" failed: 10.0.0.0/8 to 10.0.0.0/16') == (warning.severity, warning.text)


def test_transforms_of_the_stack_and_of_parents(runs: Runs) -> None:
    """The resource's own transforms run first, then its parents' from inside out, then the stack's."""
    order: list[str] = []

    def noting(word: str) -> pulumi.ResourceTransform:
        def transform(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
            if args.name != "net":
                return None
            order.append(word)
            tags = {**cast("dict[str, str]", args.props.get("tags") or {}), word: "1"}
            opts = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(protect=True))
            return pulumi.ResourceTransformResult(props={**args.props, "tags": tags}, opts=opts)

        return transform

    def program() -> None:
        pulumi.runtime.register_resource_transform(noting("stack"))
        outer = _protected("outer", opts=pulumi.ResourceOptions(transforms=[noting("outer")]))
        inner = _protected("inner", opts=pulumi.ResourceOptions(parent=outer, transforms=[noting("inner")]))
        network(parent=inner, transforms=[noting("own")])

    assert runs(program)
    assert ["own", "inner", "outer", "stack"] == order
    net = next(item for item in runs.monitor.known.resources.values() if item.name == "net")
    assert (dict.fromkeys(order, "1"), True) == (net.inputs["tags"], net.protect)


def test_a_transform_that_fails(runs: Runs) -> None:
    """Its own words are the error."""

    def broken(_: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        raise ValueError("no team")

    assert not runs(lambda: network(transforms=[broken]), preview=True)
    assert runs.errors()[0].startswith("transform of net failed: ")
    assert "no team" in runs.errors()[0]


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        (lambda: network(import_="vpc-1"), "net is an import, which needs the pulumi command."),
        (
            lambda: pulumi.ComponentResource("demo:index:Part", "part", {}, remote=True),
            "part is a component of another program, which needs the pulumi command.",
        ),
    ],
)
def test_what_only_the_real_command_does(runs: Runs, declare: Program, message: str) -> None:
    """It is refused, not done otherwise."""
    assert not runs(declare, preview=True)
    assert [message] == runs.errors()
