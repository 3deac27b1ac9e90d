"""The command line of the local cloud: whole texts, exit statuses, no tracebacks."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts.localcloud.__main__ import main
from scripts.localcloud.cloud import HOME, MACHINES
from scripts.localcloud.faults import VARIABLE
from scripts.localcloud.kinds import SECURITY_GROUP
from scripts.localcloud.store import kept_at

ROOT = Path(__file__).parents[3]

PROGRAM = """
import base64
import pulumi
import pulumi_alicloud as alicloud
import pulumi_random as random

class Thing(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("acme:index:Thing", name)
        mine = pulumi.ResourceOptions(parent=self)
        key = random.RandomPassword(f"{name}-key", length=20, opts=mine)
        vpc = alicloud.vpc.Network(f"{name}-vpc", cidr_block=pulumi.Config().get("cidr") or "10.0.0.0/8", opts=mine)
        group = alicloud.ecs.SecurityGroup(f"{name}-group", vpc_id=vpc.id, opts=mine)
        pulumi.export("group", group.id)
        pulumi.export("key", key.result)
        self.register_outputs({})

pulumi.log.info("fits: 8 requests at once")
Thing("llm")
"""

PAIR = """
import pulumi
import pulumi_alicloud as alicloud

vpc = alicloud.vpc.Network("vpc", cidr_block="10.0.0.0/8")
switch = alicloud.vpc.Switch("switch", vpc_id=vpc.id, zone_id="cn-hangzhou-k", cidr_block="10.0.1.0/24")
group = alicloud.ecs.SecurityGroup("group", vpc_id=vpc.id, inner_access_policy="Drop")
alicloud.ecs.SecurityGroupRule(
    "nodes", security_group_id=group.id, source_security_group_id=group.id, type="ingress", ip_protocol="all"
)
near = alicloud.ecs.EcsDeploymentSet("near", strategy="LowLatency")
node = {
    "instance_name": "pair-worker",
    "deployment_set_id": near.id,
    "vswitch_id": switch.id,
    "security_groups": [group.id],
    "image_id": "ubuntu_24_04_x64_100G_with_gpu_driver_and_cuda_alibase_20260519.vhd",
    "instance_type": "ecs.ebmgn8v.48xlarge",
    "system_disk_size": 100,
}
rdma = {"network_interface_traffic_mode": "HighPerformance", "queue_pair_number": 64}
second = {"vswitch_id": switch.id, "security_group_ids": [group.id], "network_card_index": 1, **rdma}
head = alicloud.ecs.Instance("head", network_interfaces=second, **rdma, **(node | {"instance_name": "pair-head"}))
worker = alicloud.ecs.Instance("worker", user_data=head.primary_ip_address, **node)
interface = alicloud.ecs.EcsNetworkInterface(
    "interface",
    vswitch_id=switch.id,
    security_group_ids=[group.id],
    network_interface_traffic_mode="HighPerformance",
)
alicloud.ecs.EcsNetworkInterfaceAttachment(
    "attachment", network_interface_id=interface.id, instance_id=worker.id, network_card_index=1
)
"""
"""Two machines in one deployment set, one with each of the two ways to give a machine another interface."""

PREVIEW = """\
Previewing update (dev):
     Type                               Name       Plan
 +   pulumi:pulumi:Stack                demo-dev   create
 +   └─ acme:index:Thing                llm        create
 +      ├─ random:index:RandomPassword  llm-key    create
 +      ├─ alicloud:vpc:Network         llm-vpc    create
 +      └─ alicloud:ecs:SecurityGroup   llm-group  create

Diagnostics:
  pulumi:pulumi:Stack (demo-dev):
    fits: 8 requests at once

Outputs:
    group: [unknown]
    key  : [secret]

Resources:
    + 5 to create
"""

UP = """\
Updating (dev):
    fits: 8 requests at once
 +  pulumi:pulumi:Stack demo-dev created
 +  acme:index:Thing llm created
 +  random:index:RandomPassword llm-key created
 +  alicloud:vpc:Network llm-vpc created
 +  alicloud:ecs:SecurityGroup llm-group created

Outputs:
    group: "sg-bp100000000000000001"
    key  : [secret]

Resources:
    + 5 created
"""

STATUS = """\
alicloud:vpc:Network  vpc-bp100000000000000001  Available
alicloud:ecs:SecurityGroup  sg-bp100000000000000001
"""

DESTROY = """\
Destroying (dev):
 -  alicloud:ecs:SecurityGroup llm-group deleted
 -  alicloud:vpc:Network llm-vpc deleted
 -  random:index:RandomPassword llm-key deleted
 -  acme:index:Thing llm deleted
 -  pulumi:pulumi:Stack demo-dev deleted

Resources:
    - 5 deleted
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a program, made the current one."""
    (tmp_path / "Pulumi.yaml").write_text("name: demo\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  alicloud:region: cn-hangzhou\n")
    (tmp_path / "__main__.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(HOME, str(tmp_path / "home"))
    monkeypatch.setenv(MACHINES, "none")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run the command; return its status and what it wrote."""
    status = main(list(arguments))
    out, err = capsys.readouterr()
    return status, out, err


def test_a_pair_comes_and_goes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two machines with their deployment set and interfaces are made and removed in an order the cloud takes."""
    (folder / "__main__.py").write_text(PAIR)

    assert (0, "") == said(capsys, "preview")[::2]
    assert (0, "") == said(capsys, "up")[::2]
    assert "alicloud:ecs:EcsNetworkInterfaceAttachment  eni-bp1" in said(capsys, "status")[1]
    assert (0, "") == said(capsys, "destroy")[::2]
    assert (0, "Nothing exists", "") == _start(said(capsys, "status"), 14)


def test_a_command_runs_on_the_machine_that_is_meant(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With several machines the end of a name says which; nobody guesses."""
    (folder / "__main__.py").write_text(PAIR)
    said(capsys, "up")
    refused = (
        "error: run: 2 of 2 machines are meant, and it needs exactly one. "
        "Give --on with the end of a name: pair-head, pair-worker.\n"
    )

    assert (1, "", refused) == said(capsys, "run", "true")
    assert "0 of 2 machines are meant" in said(capsys, "run", "--on", "gate", "true")[2]
    assert said(capsys, "run", "--on", "head", "true")[2].startswith("error: i-bp")


@pytest.mark.usefixtures("folder")
def test_a_stack_from_preview_to_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Every command says what pulumi would, and destroy leaves nothing."""
    assert (0, PREVIEW, "") == said(capsys, "preview")
    assert (0, "Nothing exists", "") == _start(said(capsys, "status"), 14)
    status, out, err = said(capsys, "up")
    assert (0, sorted(UP.splitlines()), "") == (status, sorted(out.splitlines()), err)
    assert (0, STATUS, "") == said(capsys, "status")
    assert (0, "sg-bp100000000000000001\n", "") == said(capsys, "output", "group")
    assert (0, "[secret]\n", "") == said(capsys, "output", "key")
    assert len(said(capsys, "output", "--show-secrets", "key")[1]) == 21
    assert (1, "", "error: output: the stack has no 'kye'. Did you mean 'key'?\n") == said(capsys, "output", "kye")
    status, out, err = said(capsys, "destroy")
    assert (0, sorted(DESTROY.splitlines()), "") == (status, sorted(out.splitlines()), err)
    assert (0, "Nothing exists", "") == _start(said(capsys, "status"), 14)


def _start(answer: tuple[int, str, str], length: int) -> tuple[int, str, str]:
    return answer[0], answer[1][:length], answer[2]


def test_a_refused_stack(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A refusal is one diagnostic at its resource, a status of 1, and no traceback."""
    (folder / "Pulumi.dev.yaml").write_text("config:\n  alicloud:region: cn-hangzhou\n  demo:cidr: 8.0.0.0/8\n")
    status, out, err = said(capsys, "up")

    assert (1, "") == (status, err)
    assert (
        "Diagnostics:\n"
        "  alicloud:vpc:Network (llm-vpc):\n"
        "    error: InvalidCidrBlock: VPC CIDR block 8.0.0.0/8 is not inside 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16."
    ) in out
    assert "Traceback" not in out
    assert said(capsys, "destroy")[0] == 0


def test_a_resource_taken_out_of_the_program(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A preview shows what would go; up does not do it here."""
    said(capsys, "up")
    (folder / "__main__.py").write_text(PROGRAM.replace("group = ", "group = vpc or "))
    preview = said(capsys, "preview")
    status, out, _ = said(capsys, "up")

    assert "alicloud:ecs:SecurityGroup   llm-group  delete" in preview[1]
    assert (1, True) == (status, "llm-group: no longer in the program." in out)


def test_an_interrupted_up_keeps_what_exists(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends the wait, without a traceback, and destroy removes what was made."""
    slow = json.dumps({"slow": {SECURITY_GROUP: 600}})
    with subprocess.Popen(
        [sys.executable, "-m", "scripts.localcloud", "up"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), VARIABLE: slow, "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        state = kept_at(folder / "home")
        while not (state.exists() and SECURITY_GROUP in state.read_text()):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate()

    assert (1, True, False) == (process.returncode, "cancelled" in out, "Traceback" in out)
    assert said(capsys, "destroy")[0] == 0
    assert "Nothing exists" in said(capsys, "status")[1]


@pytest.mark.usefixtures("folder")
def test_down_removes_the_cloud(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Nothing of it stays on this host."""
    said(capsys, "up")

    assert said(capsys, "down")[0] == 0
    assert not (tmp_path / "home").exists()
    assert ["lock"] == [path.name for path in (tmp_path / "localcloud-sites").iterdir()]
