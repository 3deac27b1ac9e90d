"""What pods mount: which bucket, whose credentials, and what they wait for."""

import pytest

from scripts.localcloud.kubernetes.controllers.mounts import NotMountableError, objects_of, volumes_of
from scripts.localcloud.machines.pods import AccessKey, OidcRole, OssVolume
from tests.localcloud.kubernetes.controllers.cluster import Cluster
from tests.localcloud.kubernetes.controllers.weights import (
    BY_CLAIM,
    BY_KEY,
    BY_PAIR,
    BY_ROLE,
    CLAIM,
    DATASET,
    KEYS,
    POD,
    RUNTIME,
    SIDECAR,
    VOLUME,
)

KEY = AccessKey("id", "secret")
ROLE = OidcRole("role", "provider", "ack-csi-fuse/csi-fuse-ossfs")
NAMED = """
apiVersion: v1
kind: Pod
metadata: {name: named}
spec:
  initContainers: [{name: first, image: i, envFrom: [{configMapRef: {name: c1}}]}]
  containers: [{name: second, image: i, env: [{name: A, valueFrom: {secretKeyRef: {name: s1, key: k}}}]}]
  volumes:
  - {name: a, secret: {secretName: s2}}
  - {name: b, configMap: {name: c2}}
  - {name: c, projected: {sources: [{secret: {name: s3}}, {configMap: {name: c3, optional: true}}]}}
"""


def mounted(volume: str, mount: str = "", claim: str = "bucket", labels: str = "{}") -> OssVolume:
    """Return what the claim of a pod leads to."""
    cluster = Cluster()
    cluster.add(KEYS)
    cluster.add(VOLUME, more=volume)
    cluster.add(CLAIM)
    if mount:
        cluster.add(DATASET, name="weights", mount=mount)
        cluster.add(RUNTIME, name="weights", quota="1Gi")
    return volumes_of(cluster.contents, cluster.add(POD, labels=labels, claim=claim))[claim]


@pytest.mark.parametrize(
    ("volume", "mount", "expected"),
    [
        (BY_ROLE, "", OssVolume("models", "all", ROLE)),
        (BY_PAIR, "", OssVolume("models", "", KEY)),
        (BY_ROLE, BY_KEY, OssVolume("models", "qwq", KEY)),
        (BY_ROLE, BY_CLAIM, OssVolume("models", "all/qwq", ROLE)),
    ],
)
def test_volumes(volume: str, mount: str, expected: OssVolume) -> None:
    """A claim leads to a bucket by its volume; that of a Dataset to what the Dataset caches."""
    claim, labels = ("weights", SIDECAR) if mount else ("bucket", "{}")

    assert expected == mounted(volume, mount, claim, labels)


@pytest.mark.parametrize(
    ("volume", "mount", "labels", "message"),
    [
        (
            "volumeAttributes: {bucket: b}",
            "",
            "{}",
            "the volume names neither authType rrsa nor a nodePublishSecretRef",
        ),
        (BY_PAIR.replace("name: oss", "name: gone"), "", "{}", 'secret "gone" with akId not found'),
        (
            BY_ROLE,
            BY_KEY,
            "{}",
            (
                'claim "weights" is a Dataset\'s: '
                "only pods labelled alibabacloud.com/fluid-sidecar-target=acs can mount it"
            ),
        ),
    ],
)
def test_volumes_that_lead_nowhere(volume: str, mount: str, labels: str, message: str) -> None:
    """What is missing is named."""
    with pytest.raises(NotMountableError) as refused:
        mounted(volume, mount, "weights" if mount else "bucket", labels)

    assert message == str(refused.value)


def test_objects() -> None:
    """A pod needs every Secret and ConfigMap that it names, wherever it does, unless it says otherwise."""
    cluster = Cluster()
    pod = cluster.add(NAMED)
    missing = []
    for kind, name in (("ConfigMap", "c1"), ("ConfigMap", "c2"), ("Secret", "s1"), ("Secret", "s2"), ("Secret", "s3")):
        with pytest.raises(NotMountableError) as refused:
            objects_of(cluster.contents, pod)
        missing.append(str(refused.value))
        cluster.add("{{apiVersion: v1, kind: {kind}, metadata: {{name: {name}}}}}", kind=kind, name=name)

    assert {"s1", "s2", "s3", "c1", "c2"} == {item["metadata"]["name"] for item in objects_of(cluster.contents, pod)}
    assert 'secret "s2" not found' == missing[0]
