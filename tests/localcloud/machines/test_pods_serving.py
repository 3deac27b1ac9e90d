"""A pod that serves: an engine and its gate, the weights of a bucket, probes, and a balancer in front."""

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from scripts.localcloud.machines.hosts.weights import generated
from scripts.localcloud.machines.pods import AccessKey, Manifest, OssVolume
from tests.localcloud.machines.booted import Site
from tests.localcloud.machines.podded import ENGINE_IMAGE, GATE_IMAGE, Cluster, pod, python, ready

pytestmark = pytest.mark.machine

READ = [{"effect": "Allow", "actions": ["oss:GetObject", "oss:ListObjects"], "resources": ["*"]}]
WEIGHTS = OssVolume("weights", "tiny", AccessKey("LTAI1", "s3cret"))
GATE = """\
:{$PORT} {
	@key header Authorization "Bearer {file./run/secrets/api_key}"
	handle /health {
		reverse_proxy 127.0.0.1:30000
	}
	handle @key {
		reverse_proxy 127.0.0.1:30000
	}
	handle {
		respond 401
	}
}
"""
FILES: Manifest = {"kind": "ConfigMap", "metadata": {"name": "files"}, "data": {"Caddyfile": GATE}}
KEYS: Manifest = {"kind": "Secret", "metadata": {"name": "keys"}, "data": {"api_key": "azEyMw=="}}


def bucket(site: Site, **changes: Any) -> None:  # noqa: ANN401 - parts of services.json
    """Make the bucket of the weights, and a user who may read it."""
    root = site.home / "oss" / "weights"
    for name, file in generated("tiny").items():
        path = root / "tiny" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.read(0, file.size))
    user = {"name": "reader", "secret": "s3cret", "statements": READ}
    given = {"users": {"LTAI1": user}, "oss": {"weights": {"region": "cn-hangzhou", "root": str(root)}}}
    site.services(**(given | changes))


def engine(*more: str, gpus: int = 1, **fields: Any) -> Manifest:  # noqa: ANN401 - parts of a manifest
    """Return the container of an engine that listens at the pod's own loopback address."""
    argv = ["vllm", "serve", "/model", "--host", "127.0.0.1", "--port", "30000", "--served-model-name", "tiny", *more]
    return {
        "name": "engine",
        "image": ENGINE_IMAGE,
        "command": argv,
        "volumeMounts": [{"name": "weights", "mountPath": "/model", "readOnly": True}],
        "resources": {"limits": {"alibabacloud.com/ppu": gpus}},
        "startupProbe": {"tcpSocket": {"host": "127.0.0.1", "port": 30000}, "failureThreshold": 1000},
        **fields,
    }


def serving(name: str = "one", **fields: Any) -> Manifest:  # noqa: ANN401 - parts of the engine
    """Return a pod that serves behind a gate."""
    gate = {
        "name": "gate",
        "image": GATE_IMAGE,
        "command": ["caddy", "run", "--config", "/etc/caddy/Caddyfile"],
        "env": [{"name": "PORT", "value": "8000"}],
        "ports": [{"name": "http", "containerPort": 8000}],
        "readinessProbe": {"httpGet": {"path": "/health", "port": "http"}},
        "securityContext": {
            "runAsUser": 1000,
            "runAsNonRoot": True,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
        },
        "volumeMounts": [
            {"name": "files", "mountPath": "/etc/caddy", "readOnly": True},
            {"name": "keys", "mountPath": "/run/secrets", "readOnly": True},
            {"name": "tmp", "mountPath": "/config"},
            {"name": "tmp", "mountPath": "/data"},
        ],
    }
    volumes = [
        {"name": "weights", "persistentVolumeClaim": {"claimName": "weights"}},
        {"name": "files", "configMap": {"name": "files"}},
        {"name": "keys", "secret": {"secretName": "keys"}},
        {"name": "tmp", "emptyDir": {}},
    ]
    # The gate's secrets lie where its image's /var/run/secrets leads, and are read-only.
    more: Manifest = {"automountServiceAccountToken": False, "restartPolicy": "Always", "volumes": volumes}
    return pod(engine(**fields), gate, name=name, **more)


FACTS: dict[str, Any] = {"objects": [FILES, KEYS], "volumes": {"weights": WEIGHTS}, "gpu_name": "PPU-ZW810E"}


def complete(url: str, key: str) -> int | str:
    """Return the status of a refused completion, else its model."""
    body = json.dumps({"model": "tiny", "prompt": "x", "max_tokens": 1}).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{url}/v1/completions", body, headers)) as reply:  # noqa: S310
            return str(json.load(reply)["model"])
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


def test_a_balancer_leads_to_an_engine_behind_its_gate(site: Site, address: str) -> None:
    """From this host and from another pod; without pods nobody is there."""
    bucket(site)
    cluster = Cluster(site, address)
    uid = cluster.start(serving(), **FACTS)
    cluster.wait(uid, ready)
    front, url = cluster.address(9), f"http://{cluster.address(9)}:8080"

    cluster.pods.listen(front, 8080, [uid], 8000)
    assert (401, "tiny") == (complete(url, "wrong"), complete(url, "k123"))
    asking = f"import urllib.request; print(urllib.request.urlopen('{url}/health').status)"
    assert ("Succeeded", "200\n") == cluster.run(pod(python(asking), name="two"), 1)

    cluster.pods.listen(front, 8080, [uid], 8000, [f"{cluster.address(1)}/32"])
    phase, said = cluster.run(pod(python(asking), name="three"), 2)
    assert "Failed" == phase
    assert "ConnectionResetError" in said

    cluster.pods.listen(front, 8080, [], 8000)
    with pytest.raises(urllib.error.URLError):
        complete(url, "k123")
    cluster.pods.release(front)


def test_weights_are_mounted_by_whom_may_read_them(site: Site, address: str) -> None:
    """Else the pod does not start, and OSS's reason is known."""
    cluster = Cluster(site, address)
    bucket(site, users={"LTAI1": {"name": "reader", "secret": "s3cret", "statements": []}})

    assert "AccessDenied" in (cluster.pods.readable(WEIGHTS) or "")
    bucket(site, users={})
    assert "InvalidAccessKeyId" in (cluster.pods.readable(WEIGHTS) or "")
    bucket(site)
    assert None is cluster.pods.readable(WEIGHTS)
    assert "NoSuchBucket" in (cluster.pods.readable(OssVolume("other", "", WEIGHTS.identity)) or "")


def test_an_engine_that_dies_is_restarted_and_named(site: Site, address: str) -> None:
    """Its crash loop shows how often, with which code, and what it said before."""
    bucket(site)
    cluster = Cluster(site, address)
    uid = cluster.start(
        serving(terminationMessagePolicy="FallbackToLogsOnError"), **FACTS, faults={"engine_exit_code": 7}
    )

    status = cluster.wait(uid, lambda now: now["containerStatuses"][0]["restartCount"] >= 2)

    engine_status = status["containerStatuses"][0]
    ended = engine_status["lastState"]["terminated"]
    assert ("Running", 7, "Error") == (status["phase"], ended["exitCode"], ended["reason"])
    assert "ends with 7" in ended["message"]
    assert "ends with 7" in cluster.pods.logs(uid, "engine", 1, previous=True)
    assert not ready(status)


def test_a_stopped_pod_is_gone(site: Site, address: str) -> None:
    """Its files too; stopping it again is fine."""
    cluster = Cluster(site, address)
    uid = cluster.start(pod(python("import time; time.sleep(5000)")))
    assert [uid] == cluster.pods.running()

    cluster.pods.stop(uid, 1)
    cluster.pods.stop(uid, 1)

    assert [] == cluster.pods.running()
    assert not Path(site.home / "machines" / uid).exists()
