"""Who a pod is: its service account's token opens a role at STS and the Kubernetes API, no more than was granted."""

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.localcloud.machines.hosts.weights import generated
from scripts.localcloud.machines.pods import Manifest, OidcRole, OssVolume
from tests.localcloud.machines.booted import Site
from tests.localcloud.machines.podded import CLUSTER, Cluster, pod, python

pytestmark = pytest.mark.machine

PROVIDER = f"acs:ram::1234567890123456:oidc-provider/ack-rrsa-{CLUSTER}"
ROLE = "acs:ram::1234567890123456:role/stage"
ISSUER = f"https://oidc-ack-cn-hangzhou.oss-cn-hangzhou.aliyuncs.com/{CLUSTER}"
TOKENS = "/var/run/secrets/ack.alibabacloud.com/rrsa-tokens"
WRITE = ["oss:GetObject", "oss:ListObjects", "oss:PutObject", "oss:AbortMultipartUpload", "oss:ListMultipartUploads"]
PROGRAMS = (
    *Path("components/manifests/programs").glob("*.py"),
    *(Path("components/userdata/machine/python") / f"{name}.py" for name in ("cloud", "fetch", "sources", "weights")),
)
FILES: Manifest = {
    "kind": "ConfigMap",
    "metadata": {"name": "files"},
    "data": {file.name: file.read_text() for file in PROGRAMS},
}
STAGE = """\
import sys
sys.path[:0] = ["/programs"]
import os, stage
from cloud import Web
stage.Stage.RANGE = 102400
print(stage.main(os.environ, Web()))
"""


def account(site: Site, subject: str, actions: list[str]) -> None:
    """Write a role that trusts *subject* of the cluster and may do *actions* with the bucket."""
    root = site.home / "oss" / "b"
    root.mkdir(parents=True, exist_ok=True)
    conditions = [
        {"operator": "StringEquals", "key": "oidc:iss", "values": [ISSUER]},
        {"operator": "StringEquals", "key": "oidc:aud", "values": ["sts.aliyuncs.com"]},
        {"operator": "StringEquals", "key": "oidc:sub", "values": [subject]},
    ]
    trust = [{"services": [], "providers": [PROVIDER], "conditions": conditions}]
    allowed = {"effect": "Allow", "actions": actions, "resources": ["acs:oss:*:*:b", "acs:oss:*:*:b/m/*"]}
    site.services(
        roles={"stage": {"arn": ROLE, "trust": trust, "statements": [allowed]}},
        oidc={PROVIDER: {"issuer": ISSUER, "cluster": CLUSTER}},
        oss={"b": {"region": "cn-hangzhou", "root": str(root)}},
    )


def staging() -> Manifest:
    """Return a pod that stages a model with a role."""
    settings = {
        "LLM_REGION": "cn-hangzhou",
        "LLM_WEIGHTS_MODEL": "x/tiny",
        "LLM_WEIGHTS_REVISION": "master",
        "LLM_WEIGHTS_STREAMS": "2",
        "LLM_OSS_BUCKET": "b",
        "LLM_OSS_PREFIX": "m/",
        "ALIBABA_CLOUD_ROLE_ARN": ROLE,
        "ALIBABA_CLOUD_OIDC_PROVIDER_ARN": PROVIDER,
        "ALIBABA_CLOUD_OIDC_TOKEN_FILE": f"{TOKENS}/token",
    }
    mounts = [{"name": "token", "mountPath": TOKENS}, {"name": "files", "mountPath": "/programs"}]
    env = [{"name": name, "value": value} for name, value in settings.items()]
    token = {"audience": "sts.aliyuncs.com", "expirationSeconds": 3600, "path": "token"}
    return pod(
        python(STAGE, env=env, volumeMounts=mounts),
        serviceAccountName="stage",
        automountServiceAccountToken=False,
        volumes=[
            {"name": "token", "projected": {"sources": [{"serviceAccountToken": token}]}},
            {"name": "files", "configMap": {"name": "files"}},
        ],
    )


def test_a_pod_stages_weights_with_its_role(site: Site, address: str) -> None:
    """In parts and whole; what is in the bucket is the model."""
    account(site, "system:serviceaccount:llm:stage", WRITE)

    phase, said = Cluster(site, address).run(staging(), objects=[FILES], internet=True)

    assert "Succeeded" == phase, said
    assert "copied now" in said.splitlines()[-1]
    root = site.home / "oss" / "b" / "m"
    wanted = {name: file.read(0, file.size) for name, file in generated("x/tiny").items() if name.startswith("model")}
    assert wanted.items() <= {file.name: file.read_bytes() for file in root.iterdir()}.items()


@pytest.mark.parametrize(
    ("subject", "actions", "reason"),
    [
        ("system:serviceaccount:llm:other", WRITE, "AuthenticationFail.NoPermission"),
        ("system:serviceaccount:llm:stage", WRITE[:2], "AccessDenied"),
    ],
)
def test_a_role_is_what_its_policies_say(
    site: Site, address: str, subject: str, actions: list[str], reason: str
) -> None:
    """Another account does not get it, and it may do no more than is allowed."""
    account(site, subject, actions)

    phase, said = Cluster(site, address).run(staging(), objects=[FILES], internet=True)

    assert "Failed" == phase
    assert reason in said


def test_a_volume_is_mounted_by_the_role_of_another_account(site: Site, address: str) -> None:
    """Whose trust is looked at like that of any pod."""
    cluster = Cluster(site, address)
    volume = OssVolume("b", "m", OidcRole(ROLE, PROVIDER, "ack-csi-fuse/csi-fuse-ossfs"))

    account(site, "system:serviceaccount:ack-csi-fuse:csi-fuse-ossfs", WRITE[:2])
    assert None is cluster.pods.readable(volume)
    account(site, "system:serviceaccount:llm:stage", WRITE[:2])
    assert "AuthenticationFail.NoPermission" in (cluster.pods.readable(volume) or "")


ASK = """\
import json, ssl, urllib.error, urllib.request
account = "/var/run/secrets/kubernetes.io/serviceaccount"
context = ssl.create_default_context(cafile=account + "/ca.crt")
def ask(path, token=open(account + "/token").read()):
    url, head = "https://kubernetes.default.svc" + path, {"Authorization": "Bearer " + token}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=head), context=context) as reply:
            return reply.read().decode()
    except urllib.error.HTTPError as refused:
        return f"{refused.code} {json.load(refused)['message']}"
pods = "/api/v1/namespaces/llm/pods"
print([one["metadata"]["name"] for one in json.loads(ask(pods + "?labelSelector=app%3Dx"))["items"]])
print(json.loads(ask("/apis/apps/v1/namespaces/llm/deployments/one"))["status"])
print(ask("/apis/apps/v1/namespaces/llm/deployments/two"))
print(ask(pods + "/one/log?container=main&tailLines=1"), end="")
print(ask("/api/v1/namespaces/llm/secrets/keys"))
print(ask("/api/v1/namespaces/other/pods"))
print(ask(pods, "x.y.z"))
"""
MAY: list[dict[str, Any]] = [
    {"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list"]},
    {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]},
]


def test_a_pod_reads_of_the_cluster_what_its_role_allows(site: Site, address: str) -> None:
    """And the API answers as the real one to everything else."""
    cluster = Cluster(site, address)
    watched = pod(python("print('first'); print('last')"))
    watcher = pod(python(ASK), name="watch", serviceAccountName="watch")
    cluster.objects.folder.mkdir(parents=True)
    cluster.objects.create()
    with cluster.objects.transaction() as contents:
        for kind, version, more in (
            ("Deployment", "apps/v1", {"status": {"replicas": 2}}),
            ("Role", "rbac.authorization.k8s.io/v1", {"rules": MAY}),
            (
                "RoleBinding",
                "rbac.authorization.k8s.io/v1",
                {
                    "roleRef": {"kind": "Role", "name": "one"},
                    "subjects": [{"kind": "ServiceAccount", "name": "watch"}],
                },
            ),
        ):
            metadata = {"name": "one", "namespace": "llm"}
            contents.put({"kind": kind, "apiVersion": version, "metadata": metadata, **json.loads(json.dumps(more))})
        watched, watcher = contents.put(watched), contents.put(watcher)
    cluster.run(watched)

    phase, said = cluster.run(watcher, 1)

    who = 'User "system:serviceaccount:llm:watch" cannot'
    assert (
        "Succeeded",
        [
            "['one', 'watch']",
            "{'replicas': 2}",
            '404 deployments "two" not found',
            "last",
            f'403 secrets "keys" is forbidden: {who} get resource "secrets" in API group "" in the namespace "llm"',
            f'403 pods is forbidden: {who} list resource "pods" in API group "" in the namespace "other"',
            "401 Unauthorized",
        ],
    ) == (phase, said.splitlines()), said
