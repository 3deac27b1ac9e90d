"""The real pulumi command on a local cluster: its whole life, what a failure says, a cluster that is gone."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.localcloud.cloud import MACHINES, Cloud
from scripts.localcloud.inprocess import commands
from scripts.localcloud.kinds import CLUSTER
from scripts.localcloud.store import Store
from tests.localcloud.stacks import NEEDS_ENGINE, SENTINEL, Stack

pytestmark = NEEDS_ENGINE

PROGRAM = """
import json

import pulumi
import pulumi_alicloud as alicloud
import pulumi_kubernetes as kubernetes

config = pulumi.Config()
model, replicas = config.require("model"), config.get_int("replicas") or 1
vpc = alicloud.vpc.Network("vpc", cidr_block="10.0.0.0/8")
switch = alicloud.vpc.Switch("switch", vpc_id=vpc.id, zone_id="cn-hangzhou-k", cidr_block="10.0.1.0/24")
cluster = alicloud.cs.ManagedKubernetes(
    "cluster",
    profile="Acs",
    vswitch_ids=[switch.id],
    service_cidr="192.168.0.0/16",
    new_nat_gateway=False,
    slb_internet_enabled=False,
)
credential = alicloud.cs.get_cluster_credential_output(cluster_id=cluster.id)
provider = kubernetes.Provider(
    "provider",
    kubeconfig=pulumi.Output.secret(credential.kube_config),
    cluster_identifier=cluster.id,
    enable_secret_mutable=True,
    enable_config_map_mutable=True,
)


class Thing(pulumi.CustomResource):
    status: pulumi.Output[dict]


def make(kind, name, depends_on=(), version="v1", annotations=None, **body):
    metadata = {"name": name, "annotations": annotations or {}}
    if kind != "Namespace":
        metadata["namespace"] = "llm"
    opts = pulumi.ResourceOptions(provider=provider, deleted_with=cluster, depends_on=depends_on)
    token = f"kubernetes:{version if '/' in version else 'core/' + version}:{kind}"
    props = {"apiVersion": version, "kind": kind, "metadata": metadata, "status": None, **body}
    return Thing(token, f"{kind}-{name}".lower(), props, opts)


labels = {"app.kubernetes.io/name": "llm"}
env = [{"name": "MODEL", "value": model}]
engine = {"name": "engine", "image": "example/engine:1", "env": env, **json.loads(config.get("engine") or "{}")}
ready = {"name": "ready", "image": "python:3.12-slim", "command": ["true"], "env": env}
namespace = make("Namespace", "llm")
make("Secret", "keys", [namespace], stringData={"api_key": config.require_secret("apiKey")})
make("ConfigMap", "files", [namespace], data={"model": model})
deployment = make(
    "Deployment",
    "llm",
    [namespace],
    version="apps/v1",
    annotations={"pulumi.com/timeoutSeconds": "20"},
    spec={
        "replicas": replicas,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [engine]}},
    },
)
service = make(
    "Service",
    "llm",
    [deployment],
    annotations={"service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type": "intranet"},
    spec={"type": "LoadBalancer", "selector": labels, "ports": [{"port": 8000}]},
)
make(
    "Job",
    "ready",
    [service],
    version="batch/v1",
    spec={"template": {"spec": {"restartPolicy": "Never", "containers": [ready]}}},
)
pulumi.export("address", service.status.apply(lambda status: status["loadBalancer"]["ingress"][0]["ip"]))
"""


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """Return a configured stack with nothing made yet; its local cloud ends with the test."""
    monkeypatch.setenv(MACHINES, "pretend")
    stack = Stack(tmp_path, PROGRAM)
    yield stack
    commands.down(Cloud(stack.home), lambda _: None)


def refused(stack: Stack, *arguments: str) -> str:
    """Run the command, which fails, and return what it said."""
    process = stack.start(*arguments)
    said, _ = process.communicate()
    assert process.returncode != 0
    return said


def test_the_life_of_a_cluster_s_objects(stack: Stack) -> None:
    """Preview, up, the same again, refresh, more replicas, another model, destroy; the key stays secret."""
    assert "+ 11 to create" in stack("preview")
    assert "+ 11 created" in stack.up()
    assert stack.output("address").startswith("127.")
    stack.up("--expect-no-changes")
    stack("refresh", "--yes", "--suppress-progress", "--skip-preview")
    stack.up("--expect-no-changes")
    stack("config", "set", "replicas", "2")
    assert "~ 1 updated\n    10 unchanged" in stack.up()
    stack("config", "set", "model", "two")
    assert "~ 2 updated\n    +-1 replaced" in stack.up()
    stack.up("--expect-no-changes")
    kept = "".join(path.read_text() for path in (stack.folder / "backend").rglob("*") if path.is_file())
    assert SENTINEL not in kept + stack("preview", "--json")
    assert "- 11 deleted" in stack("destroy", "--yes", "--skip-preview", "--suppress-progress")

    world = Store(stack.home).read()
    assert ([], [], []) == (world.records, world.balancers, list((stack.home / "kubernetes").iterdir()))


def test_what_is_refused(stack: Stack) -> None:
    """A misspelt field stops a preview, what ACS has not stops an update; what is there already stays."""
    stack("config", "set", "engine", json.dumps({"securityContext": {"privileged": True}}))
    said = refused(stack, "up", "--skip-preview", "--suppress-progress")
    stack("config", "set", "engine", json.dumps({"imagePullPolice": "Always"}))
    seen = refused(stack, "preview")
    stack("config", "rm", "engine")

    assert (
        'deployments.apps "llm" is refused by ACS: spec.template.spec.containers[0].securityContext.privileged: '
        "ACS runs privileged pods only for accounts that asked for it in a ticket"
    ) in said
    assert "spec.template.spec.containers[0].imagePullPolice" in seen
    assert "no such field. Did you mean 'imagePullPolicy'?" in seen
    assert "created" in stack.up()


def test_a_cluster_that_is_gone(stack: Stack) -> None:
    """Objects that are deleted with their cluster need not be reached."""
    stack.up()
    cloud = Cloud(stack.home)
    (cluster,) = cloud.store.read().all(CLUSTER)
    cloud.delete(CLUSTER, cluster.id, cluster.region)

    assert "- 11 deleted" in stack("destroy", "--yes", "--skip-preview", "--suppress-progress")
