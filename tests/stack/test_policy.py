"""The policy pack as users run it: installed by `pulumi install`, on this project's stack and on somebody else's."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from tests.stack.program import ROOT, Program
from tests.stack.project import Project

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(not shutil.which("pulumi"), reason="the pulumi command is not on PATH"),
]

SOMEBODYS = """
import json
import pulumi
import pulumi_alicloud as alicloud
import pulumi_kubernetes as kubernetes

vpc = alicloud.vpc.Network("vpc", cidr_block="10.0.0.0/16")
group = alicloud.ecs.SecurityGroup("group", vpc_id=vpc.id)
alicloud.ecs.SecurityGroupRule(
    "open", security_group_id=group.id, type="ingress", ip_protocol="tcp", port_range="22/22", cidr_ip="0.0.0.0/0"
)
alicloud.ecs.EcsDisk("later", zone_id="cn-hangzhou-i", size=20, encrypted=vpc.id.apply(bool), tags={"team": "web"})
allowed = {"Effect": "Allow", "Action": "*", "Resource": "*"}
alicloud.ram.Policy("all", policy_name="all", policy_document=json.dumps({"Version": "1", "Statement": [allowed]}))
cluster = kubernetes.Provider("cluster", kubeconfig=vpc.id)
kubernetes.core.v1.Pod(
    "pod",
    metadata={"name": "pod", "namespace": "default"},
    spec={"containers": [{"name": "web", "image": "nginx", "securityContext": {"privileged": True}}]},
    opts=pulumi.ResourceOptions(provider=cluster),
)
"""

UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine sends in the place of a text that is not known yet."""

FOUND = {
    "allow-lists": ("open", "cidrIp 0.0.0.0/0 lets everybody reach port 22. "),
    "no-ssh": ("open", "portRange 22/22 opens port 22 (SSH). "),
    "ram-documents": ("all", "policyDocument Statement[0].Action: '*' allows everything"),
    "no-privileged-container": ("pod", "spec.containers[0].securityContext.privileged is true. "),
    "images-pinned": ("pod", "spec.containers[0].image nginx may be another one tomorrow. "),
}


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the pack, copied to where nothing else is, with its own virtual environment."""
    folder = tmp_path_factory.mktemp("packs") / "alicloud-llm-0.1.0"
    shutil.copytree(ROOT / "scripts" / "policy", folder, ignore=shutil.ignore_patterns(".venv", "__pycache__"))
    ran = Program(folder).run("pulumi", "install")
    assert ran.returncode == 0, ran.stdout
    return folder


@pytest.fixture
def analyzer(pack: Path) -> Iterator[analyzer_pb2_grpc.AnalyzerStub]:
    """Return the pack, started and called as the engine does."""
    command = [str(pack / ".venv" / "bin" / "python"), "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(pack)]
    with subprocess.Popen(command, cwd=pack, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        with grpc.insecure_channel(f"127.0.0.1:{process.stdout.readline().strip()}") as channel:
            yield analyzer_pb2_grpc.AnalyzerStub(channel)
        process.terminate()


def violations(said: str) -> dict[str, tuple[str, str]]:
    """Return the mandatory violations in what a preview *said*: the resource and the text of each rule."""
    found = {}
    lines = iter(said.splitlines())
    for line in lines:
        if "[mandatory]" in line:
            _, _, rule, *_, name = line.split()
            next(lines)
            found[rule] = (name.rstrip(")"), next(lines).strip())
    return found


def test_this_projects_stack_passes(pack: Path, tmp_path: Path) -> None:
    """What is left is advice."""
    ran = Project(tmp_path, {}).pulumi("preview", "--policy-pack", str(pack))

    assert ran.returncode == 0, ran.stdout
    assert {} == violations(ran.stdout)
    assert "[advisory]  tags-present  (alicloud:ecs:Instance: llm-instance)" in ran.stdout


def test_a_stack_of_somebody_elses_fails(pack: Path, tmp_path: Path) -> None:
    """Whatever made its resources; what is not known yet is no violation."""
    folder = tmp_path / "somebodys"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: somebodys\nruntime: {name: python, options: {virtualenv: .venv}}\n")
    (folder / "Pulumi.dev.yaml").write_text("config: {alicloud:region: cn-hangzhou}\n")
    (folder / "__main__.py").write_text(SOMEBODYS)
    ran = Program(folder).pulumi("preview", "--policy-pack", str(pack))

    assert ran.returncode != 0
    found = violations(ran.stdout)
    assert FOUND.keys() == found.keys()
    for rule, (name, begins) in FOUND.items():
        assert found[rule][0] == name
        assert found[rule][1].startswith(begins)


def test_a_config_file_changes_the_rules(pack: Path, tmp_path: Path) -> None:
    """Levels, options and exemptions are those of the file."""
    required = {"enforcementLevel": "mandatory", "required": ["team", "env"]}
    rules = tmp_path / "rules.json"
    rules.write_text(json.dumps({"tags-present": required | {"exempt": ["llm-instance", "llm-weights", "llm-nat"]}}))
    stack = Project(tmp_path, {"tags": {"team": "search"}})
    ran = stack.pulumi("preview", "--policy-pack", str(pack), "--policy-pack-config", str(rules))

    lacks = "tags lack env. Set it: the bill is split by tags."
    assert {"tags-present": ("llm-nat-eip", lacks)} == violations(ran.stdout)


def test_an_option_that_there_is_not_is_a_violation(analyzer: analyzer_pb2_grpc.AnalyzerStub) -> None:
    """The command takes any option; a misspelt one must not turn a rule off in silence."""
    options = struct_pb2.Struct()
    options.update({"requird": ["team"]})
    config = analyzer_pb2.PolicyConfig(enforcementLevel=analyzer_pb2.MANDATORY, properties=options)
    analyzer.Configure(analyzer_pb2.ConfigureAnalyzerRequest(policyConfig={"tags-present": config}))
    request = analyzer_pb2.AnalyzeRequest(type="alicloud:ecs/ecsDisk:EcsDisk", name="disk", urn="urn:disk")

    said = {one.policyName: one.message for one in analyzer.Analyze(request).diagnostics}
    assert said["tags-present"].splitlines()[1] == "tags-present: requird: no such option. Did you mean 'required'?"


def test_listeners_are_judged_with_their_load_balancers(analyzer: analyzer_pb2_grpc.AnalyzerStub) -> None:
    """The engine says which resource a property comes from, also while its value is unknown."""
    public, unknown = struct_pb2.Struct(), struct_pb2.Struct()
    public.update({"addressType": "internet"})
    unknown.update({"loadBalancerId": UNKNOWN_TEXT})
    sources = {"loadBalancerId": analyzer_pb2.AnalyzerPropertyDependencies(urns=["urn:front"])}
    resources = [
        analyzer_pb2.AnalyzerResource(
            type="alicloud:slb/loadBalancer:LoadBalancer", name="front", urn="urn:front", properties=public
        ),
        analyzer_pb2.AnalyzerResource(
            type="alicloud:slb/listener:Listener",
            name="http",
            urn="urn:http",
            properties=unknown,
            propertyDependencies=sources,
        ),
    ]
    [found] = analyzer.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=resources)).diagnostics
    assert ("listeners-have-lists", "urn:http") == (found.policyName, found.urn)
    assert found.message.splitlines()[1].startswith("everybody reaches it through front. ")
