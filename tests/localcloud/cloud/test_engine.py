"""The real pulumi command on the local cloud: preview, up, no change, refresh, replace, interrupt, destroy."""

import json
import signal
import time
from pathlib import Path

import pytest

from scripts.localcloud.faults import VARIABLE
from scripts.localcloud.kinds import INVOCATION
from scripts.localcloud.store import Store
from tests.localcloud.stacks import NEEDS_ENGINE, SENTINEL, Stack

pytestmark = NEEDS_ENGINE

PROGRAM = """
import base64
import pulumi
import pulumi_alicloud as alicloud
import pulumi_random as random

config = pulumi.Config()
vpc = alicloud.vpc.Network("vpc", cidr_block="10.0.0.0/8")
switch = alicloud.vpc.Switch("switch", vpc_id=vpc.id, zone_id="cn-hangzhou-k", cidr_block="10.0.1.0/24")
group = alicloud.ecs.SecurityGroup("group", vpc_id=vpc.id)
alicloud.oos.SecretParameter("key", secret_parameter_name="llm-key", value=config.require_secret("apiKey"))
machine = alicloud.ecs.Instance(
    "machine",
    vswitch_id=switch.id,
    security_groups=[group.id],
    image_id="ubuntu_24_04_x64_100G_with_gpu_driver_and_cuda_alibase_20260519.vhd",
    instance_type="ecs.gn7i-c8g1.2xlarge",
    system_disk_size=100,
    user_data=pulumi.Output.secret("#cloud-config\\n# " + config.require("model")),
    opts=pulumi.ResourceOptions(replace_on_changes=["user_data"]),
)
disk = alicloud.ecs.EcsDisk("weights", zone_id="cn-hangzhou-k", category="cloud_essd", size=100)
attachment = alicloud.ecs.EcsDiskAttachment(
    "attachment",
    disk_id=disk.id,
    instance_id=machine.id,
    opts=pulumi.ResourceOptions(delete_before_replace=True),
)
command = alicloud.ecs.Command(
    "ready", type="RunShellScript", command_content=base64.b64encode(b"true").decode(), timeout=600
)
alicloud.ecs.EcsInvocation(
    "ready",
    command_id=command.id,
    instance_ids=[machine.id],
    opts=pulumi.ResourceOptions(depends_on=[attachment], replace_on_changes=["*"]),
)
pulumi.export("machine", machine.id)
pulumi.export("disk", disk.id)
pulumi.export("random", random.RandomPassword("other", length=16).result)
"""


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """Return a configured stack with nothing made yet."""
    return Stack(tmp_path, PROGRAM)


def test_the_life_of_a_stack(stack: Stack) -> None:
    """Preview, up, the same again, refresh, a change that replaces the machine and keeps its disk, destroy."""
    assert "+ 11 to create" in stack("preview")
    assert "+ 11 created" in stack.up()
    stack.up("--expect-no-changes")
    stack("refresh", "--yes", "--suppress-progress", "--skip-preview")
    stack.up("--expect-no-changes")
    before = (stack.output("machine"), stack.output("disk"))
    stack("config", "set", "model", "two")
    stack.up()
    after = (stack.output("machine"), stack.output("disk"))
    assert (True, before[1]) == (before[0] != after[0], after[1])
    stack.up("--expect-no-changes")
    assert "- 11 deleted" in stack("destroy", "--yes", "--skip-preview", "--suppress-progress")
    assert [] == Store(stack.home).read().records


def test_an_interrupted_up_resumes(stack: Stack) -> None:
    """Ctrl-C while the machine is waited for ends the update; the next one waits again and succeeds."""
    interrupted = stack.start(
        "up", "--skip-preview", "--suppress-progress", **{VARIABLE: json.dumps({"slow": {INVOCATION: 600}})}
    )
    while not stack.exists(INVOCATION):
        assert interrupted.poll() is None
        time.sleep(0.05)
    interrupted.send_signal(signal.SIGINT)
    said, _ = interrupted.communicate()
    assert (True, True) == (interrupted.returncode != 0, "cancelled while waiting for the resource." in said)

    assert "#initerror" in stack.up()
    stack.up("--expect-no-changes")


def test_the_state_holds_no_plain_secret(stack: Stack) -> None:
    """The key is encrypted in pulumi's state and in its preview; the user data, marked secret, too."""
    preview = stack("preview", "--json")
    stack.up()
    kept = "".join(path.read_text() for path in (stack.folder / "backend").rglob("*") if path.is_file())

    assert [False] * 4 == [text in place for text in (SENTINEL, "#cloud-config") for place in (preview, kept)]
    assert SENTINEL in (stack.home / "services.json").read_text()


def test_refusals_reach_the_person(stack: Stack) -> None:
    """A wrong region stops the preview before any resource, in one sentence."""
    stack("config", "set", "alicloud:region", "cn-hangzou")
    process = stack.start("preview")
    said, _ = process.communicate()

    assert process.returncode != 0
    assert "'cn-hangzou' is not a region of the local cloud. Did you mean 'cn-hangzhou'?" in said
