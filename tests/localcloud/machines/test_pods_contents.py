"""What the containers of a pod find: what their manifest says, or the name of what keeps them from starting."""

import json
from typing import Any

import pytest

from scripts.localcloud.machines.pods import Manifest
from tests.localcloud.machines.booted import Site
from tests.localcloud.machines.podded import GATE_IMAGE, TOOLS_IMAGE, Cluster, pod, python

pytestmark = pytest.mark.machine

SCRIPT: Manifest = {
    "kind": "ConfigMap",
    "metadata": {"name": "script"},
    "data": {"run.sh": "echo from a file", "LEVEL": "3"},
}
KEYS: Manifest = {"kind": "Secret", "metadata": {"name": "keys"}, "data": {"api_key": "azEyMw=="}}
ENV = [
    {"name": "FIRST", "value": "1"},
    {"name": "BOTH", "value": "$(FIRST)-$$(FIRST)-$(LATER)"},
    {"name": "LATER", "value": "2"},
    {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
    {"name": "APP", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
    {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
    {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "api_key"}}},
    {"name": "NONE", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "x", "optional": True}}},
]
LOOK = """\
import os, stat, sys
print(sys.argv[1:], [os.environ.get(name) for name in ("BOTH", "POD", "APP", "KEY", "NONE", "MAP_LEVEL")])
print(os.environ["IP"] == os.environ["HOST"], os.getuid(), os.getgid(), os.getcwd())
for path in ("/a/run.sh", "/b/deep/key", "/c", "/run/one"):
    print(path, oct(stat.S_IMODE(os.stat(path).st_mode)))
print(open("/a/run.sh").read(), open("/b/deep/key").read(), open("/run/one").read(), os.listdir("/b"))
open("/c/x", "w").close()
for path in ("/x", "/b/x"):
    try:
        open(path, "w")
    except OSError as problem:
        print(problem.strerror, path)
"""


def test_a_container_finds_what_its_manifest_says(site: Site, address: str) -> None:
    """Variables, arguments, files and their modes, and who it is."""
    container = python(
        LOOK,
        args=["$(FIRST)", "$(NOBODY)"],
        env=[*ENV, {"name": "HOST", "value": address}],
        envFrom=[{"prefix": "MAP_", "configMapRef": {"name": "script"}}],
        workingDir="/c",
        securityContext={"runAsUser": 1000, "runAsGroup": 1001, "readOnlyRootFilesystem": True},
        volumeMounts=[
            {"name": "a", "mountPath": "/a"},
            {"name": "b", "mountPath": "/b", "readOnly": True},
            {"name": "c", "mountPath": "/c"},
            {"name": "a", "mountPath": "/run/one", "subPath": "run.sh"},
        ],
    )
    volumes = [
        {"name": "a", "configMap": {"name": "script", "defaultMode": 0o555}},
        {
            "name": "b",
            "secret": {"secretName": "keys", "items": [{"key": "api_key", "path": "deep/key", "mode": 0o400}]},
        },
        {"name": "c", "emptyDir": {"medium": "Memory"}},
    ]

    manifest = pod(container, volumes=volumes, securityContext={"fsGroup": 1000})
    phase, said = Cluster(site, address).run(manifest, objects=[SCRIPT, KEYS])

    assert (
        "Succeeded",
        [
            "['1', '$(NOBODY)'] ['1-$(FIRST)-$(LATER)', 'one', 'x', 'k123', None, '3']",
            "True 1000 1001 /c",
            "/a/run.sh 0o555",
            "/b/deep/key 0o400",
            "/c 0o777",
            "/run/one 0o555",
            "echo from a file k123 echo from a file ['deep']",
            "Read-only file system /x",
            "Read-only file system /b/x",
        ],
    ) == (phase, said.splitlines())


def waits(status: Manifest) -> Any:  # noqa: ANN401 - part of a status
    """Return what the first container waits for."""
    return status["containerStatuses"][0]["state"].get("waiting", {}).get("reason")


@pytest.mark.parametrize(
    ("container", "faults", "reason", "message"),
    [
        (python("", image="docker.io/x/nothing:1"), {}, "ImagePullBackOff", "manifest unknown"),
        (python("", image="docker.io/library/python:3"), {}, "ImagePullBackOff", "no route to host"),
        (python(""), {"image_pull_fails": True}, "ImagePullBackOff", "TLS handshake timeout"),
        (
            python("", env=[{"name": "X", "valueFrom": {"secretKeyRef": {"name": "gone", "key": "x"}}}]),
            {},
            "CreateContainerConfigError",
            'secret "gone" not found',
        ),
        (
            python("", securityContext={"runAsUser": 1000}, volumeMounts=[{"name": "keys", "mountPath": "/keys"}]),
            {},
            "CreateContainerConfigError",
            "user 1000 cannot read volume 'keys'",
        ),
        (
            python("", securityContext={"runAsNonRoot": True}),
            {},
            "CreateContainerConfigError",
            "container has runAsNonRoot and image will run as root",
        ),
    ],
)
def test_what_keeps_a_container_from_starting_is_named(
    site: Site, address: str, container: Manifest, faults: dict[str, object], reason: str, message: str
) -> None:
    """In its status, as a kubelet names it."""
    cluster = Cluster(site, address)
    volumes = [{"name": "keys", "secret": {"secretName": "keys", "defaultMode": 0o440}}]
    uid = cluster.start(pod(container, volumes=volumes), faults=faults, objects=[KEYS])

    status = cluster.wait(uid, lambda now: waits(now) == reason)

    assert "Pending" == status["phase"]
    assert message in status["containerStatuses"][0]["state"]["waiting"]["message"]


def test_the_tools_image_is_a_real_python(site: Site, address: str) -> None:
    """With its own words in front of the arguments, and nothing of the laptop's packages."""
    script = "import sys, importlib.util as u; print(sys.argv, u.find_spec('yaml'), u.find_spec('pulumi'))"
    container = {"name": "main", "image": TOOLS_IMAGE, "command": ["python"], "args": ["-c", script, "$(X)", "$$(X)"]}

    assert ("Succeeded", "['-c', '$(X)', '$(X)'] None None\n") == Cluster(site, address).run(pod(container))
    assert json.loads((site.home / "machines/uid-one/state.json").read_text())["spec"]["kind"] == "pod"


SERVER = """\
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/here" else 404)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", 99), Handler).serve_forever()
"""
FETCH = """\
until wget -q -O /dev/null http://127.0.0.1:99/here; do sleep 0.1; done
for path in here gone; do wget -q -O /dev/null http://127.0.0.1:99/$path; echo $?; done
wget -q -O /dev/null http://127.0.0.1:98/here; echo $?
"""


def test_a_small_image_has_the_wget_that_hooks_call(site: Site, address: str) -> None:
    """It tells a page from an error, and both from nobody."""
    container = {"name": "main", "image": GATE_IMAGE, "command": ["sh", "-c", FETCH]}
    cluster = Cluster(site, address)
    uid = cluster.start(pod(container, python(SERVER, name="server")))

    cluster.wait(uid, lambda now: "terminated" in now["containerStatuses"][0]["state"])

    assert "0\n1\n1\n" == cluster.pods.logs(uid, "main")
