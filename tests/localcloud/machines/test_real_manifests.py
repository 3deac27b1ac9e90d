"""The pods of the manifests that the project renders, from their golden files: they serve, and say that they do."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.localcloud.machines.authority import issue
from scripts.localcloud.machines.pods import Manifest
from tests.localcloud.machines.booted import Site
from tests.localcloud.machines.podded import Cluster, ready
from tests.localcloud.machines.test_pods_serving import WEIGHTS, bucket

pytestmark = pytest.mark.machine

GOLDEN = Path("tests/golden/manifests")
TLS = ("tls_certificate", "tls_key")
FILES: Manifest = yaml.safe_load((GOLDEN / "files.yaml").read_text())


class Rendered:
    """The objects of one golden file in a cluster whose Services have the address *front*."""

    def __init__(self, cluster: Cluster, name: str, front: str) -> None:
        text = (GOLDEN / f"{name}.yaml").read_text().replace("10.0.0.9", front)
        self._objects: list[Manifest] = list(yaml.safe_load_all(text))
        self._cluster = cluster
        cluster.objects.folder.mkdir(parents=True)
        cluster.objects.create()
        with cluster.objects.transaction() as contents:
            for item in self._objects:
                contents.put(item)

    def named(self, kind: str, name: str) -> Manifest:
        """Return one object."""
        return next(item for item in self._objects if (item["kind"], item["metadata"]["name"]) == (kind, name))

    def facts(self, template: Manifest) -> dict[str, Any]:
        """Return what surrounds a pod of *template*."""
        volumes = template["spec"]["volumes"]
        claims = [volume["persistentVolumeClaim"] for volume in volumes if "persistentVolumeClaim" in volume]
        secrets = [item for item in self._objects if item["kind"] == "Secret"]
        return {
            "objects": [FILES, *secrets],
            "volumes": {claim["claimName"]: WEIGHTS for claim in claims},
            "internet": True,
        }

    def pod(self, owner: Manifest, name: str) -> Manifest:
        """Return the pod of a Deployment or Job, as it is kept in the cluster."""
        template = owner["spec"]["template"]
        metadata = {"name": name, "namespace": "llm"} | template["metadata"]
        spec = {"restartPolicy": "Always", "nodeName": "virtual"} | template["spec"]
        with self._cluster.objects.transaction() as contents:
            return contents.put({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})

    def run(self, job: str, number: int) -> Manifest:
        """Return how the container of the pod of *job* ended."""
        owner = self.named("Job", job)
        pod = self.pod(owner, f"{job}-x")
        uid = self._cluster.start(pod, number, **self.facts(owner["spec"]["template"]))
        status = self._cluster.wait(uid, lambda now: now["phase"] in ("Succeeded", "Failed"), 60)
        ended: Manifest = status["containerStatuses"][0]["state"]["terminated"]
        return ended | {"log": self._cluster.pods.logs(uid, pod["spec"]["containers"][0]["name"])}


@pytest.mark.parametrize("case", ["qwq_32b_on_h20", "r1_distill_qwen_32b_on_ppu"])
def test_a_deployment_serves_and_is_told_ready(site: Site, address: str, case: str) -> None:
    """Through a balancer, with the key and not without; and the pod goes when its requests are done."""
    bucket(site)
    cluster = Cluster(site, address)
    front = cluster.address(9)
    rendered = Rendered(cluster, case, front)
    deployment = rendered.named("Deployment", "llm")
    serving = rendered.pod(deployment, "llm-x")

    uid = cluster.start(serving, **rendered.facts(deployment["spec"]["template"]))
    status = cluster.wait(uid, ready, 60)
    cluster.pods.listen(front, 8000, [uid], 8000)
    counts = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
    with cluster.objects.transaction() as contents:
        contents.set_status(deployment, counts)
        contents.set_status(serving, status)

    ended = rendered.run("llm-ready", 1)

    assert (0, True) == (ended["exitCode"], "completed one token through" in ended["message"]), ended
    cluster.pods.stop(uid, 600)


def test_what_keeps_pods_from_serving_is_the_jobs_message(site: Site, address: str) -> None:
    """With the last lines of the container that does not stay up."""
    bucket(site)
    cluster = Cluster(site, address)
    rendered = Rendered(cluster, "qwq_32b_on_h20", cluster.address(9))
    deployment = rendered.named("Deployment", "llm")
    serving = rendered.pod(deployment, "llm-x")
    facts = rendered.facts(deployment["spec"]["template"])
    uid = cluster.start(serving, **facts, faults={"engine_exit_code": 9})
    status = cluster.wait(uid, lambda now: now["containerStatuses"][0]["restartCount"] > 2)
    with cluster.objects.transaction() as contents:
        contents.set_status(deployment, {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1})
        contents.set_status(serving, json.loads(json.dumps(status)))

    ended = rendered.run("llm-ready", 1)

    assert 2 == ended["exitCode"]
    assert "engine ended (code 9, Error)" in ended["message"]
    assert "fault: ends with 9" in ended["message"]


def test_the_benchmark_measures_the_endpoint(site: Site, address: str) -> None:
    """With the key; its table is what the Job's log ends with."""
    bucket(site)
    cluster = Cluster(site, address)
    front = cluster.address(9)
    rendered = Rendered(cluster, "public_without_fluid", front)
    issue(site.home, ["llm.example.com"], site.home / "gate.pem")
    rendered.named("Secret", "llm-keys")["stringData"] |= dict.fromkeys(TLS, (site.home / "gate.pem").read_text())
    deployment = rendered.named("Deployment", "llm")
    facts = rendered.facts(deployment["spec"]["template"])
    uid = cluster.start(rendered.pod(deployment, "llm-x"), **facts)
    cluster.wait(uid, ready, 60)
    cluster.pods.listen(front, 8000, [uid], 8000)

    ended = rendered.run("llm-benchmark", 1)

    assert 0 == ended["exitCode"], ended["log"]
    assert "Successful requests:                     200\n" in ended["log"]
