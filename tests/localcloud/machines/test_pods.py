"""A pod's life: its containers end, start again, say their last words, and find what their manifest says."""

import json
import os
import shutil
import signal
import time
from types import SimpleNamespace
from typing import Any, cast

import pytest

from scripts.localcloud.machines import MachineError
from scripts.localcloud.machines.guest.kubelet import state
from scripts.localcloud.machines.identity import living_pid
from scripts.localcloud.machines.pods import Manifest
from tests.localcloud.machines.booted import Site
from tests.localcloud.machines.podded import TOOLS_IMAGE, Cluster, pod, python, ready

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

    phase, said = Cluster(site, address).run(pod(container, volumes=volumes), objects=[SCRIPT, KEYS])

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


def test_containers_share_a_network_and_what_is_empty(site: Site, address: str) -> None:
    """Init containers come before; one that fails is the end of a pod that is not restarted."""
    mounts = [{"name": "tmp", "mountPath": "/shared"}]
    writer = python("open('/shared/x', 'w').write('written')", name="first", volumeMounts=mounts)
    server = python(
        "import socket; s = socket.create_server(('127.0.0.1', 99)); c, _ = s.accept(); c.sendall(b'hello')", name="b"
    )
    reader = python(
        "import socket, time\n"
        "print(open('/shared/x').read())\n"
        "while True:\n"
        "    try:\n"
        "        print(socket.create_connection(('127.0.0.1', 99)).recv(9).decode()); break\n"
        "    except OSError: time.sleep(1)",
        volumeMounts=mounts,
    )
    cluster = Cluster(site, address)
    volumes = [{"name": "tmp", "emptyDir": {}}]

    assert ("Succeeded", "written\nhello\n") == cluster.run(
        pod(reader, server, initContainers=[writer], volumes=volumes)
    )

    uid = cluster.start(pod(reader, name="two", initContainers=[python("raise SystemExit(4)", name="first")]), 1)
    status = cluster.wait(uid, lambda now: now["phase"] == "Failed")
    assert 4 == status["initContainerStatuses"][0]["state"]["terminated"]["exitCode"]
    assert {"reason": "PodInitializing"} == status["containerStatuses"][0]["state"]["waiting"]


@pytest.mark.parametrize(
    ("script", "more", "message"),
    [
        ("open('/dev/termination-log', 'w').write('told'); print('said'); raise SystemExit(1)", {}, "told"),
        ("print('said'); raise SystemExit(1)", {}, None),
        ("print('said'); raise SystemExit(1)", {"terminationMessagePolicy": "FallbackToLogsOnError"}, "said\n"),
        ("print('said')", {"terminationMessagePolicy": "FallbackToLogsOnError"}, None),
        (
            "open('/tmp/words', 'w').write('x' * 5000)",
            {"terminationMessagePath": "/tmp/words"},  # noqa: S108 - the pod's own
            "x" * 4096,
        ),
    ],
)
def test_last_words(site: Site, address: str, script: str, more: Manifest, message: str | None) -> None:
    """They are a file's, else the log's where that is asked for, and the container failed."""
    cluster = Cluster(site, address)
    uid = cluster.start(pod(python(script, **more)))

    status = cluster.wait(uid, lambda now: now["phase"] in ("Succeeded", "Failed"))

    assert message == status["containerStatuses"][0]["state"]["terminated"].get("message")


COUNT = "open('/shared/x', 'a').write('.'); n = len(open('/shared/x').read()); print('run', n); raise SystemExit(n < 3)"


def test_a_job_is_run_until_it_succeeds(site: Site, address: str) -> None:
    """Each run has a log of its own; the last and the one before can be read."""
    cluster = Cluster(site, address)
    mounts = [{"name": "tmp", "mountPath": "/shared"}]
    manifest = pod(
        python(COUNT, volumeMounts=mounts), restartPolicy="OnFailure", volumes=[{"name": "tmp", "emptyDir": {}}]
    )

    assert ("Succeeded", "run 3\n") == cluster.run(manifest)
    status = cluster.pods.status("uid-one")["containerStatuses"][0]
    assert (2, 1) == (status["restartCount"], status["lastState"]["terminated"]["exitCode"])
    assert "run 2\n" == cluster.pods.logs("uid-one", "main", previous=True)
    cluster.wait("uid-one", lambda _: not cluster.pods.running())
    with pytest.raises(MachineError, match="container other is not valid"):
        cluster.pods.logs("uid-one", "other")


@pytest.mark.parametrize(
    ("policy", "codes", "phase"),
    [
        ("Never", [0, 0], "Succeeded"),
        ("Never", [0, 3], "Failed"),
        ("OnFailure", [0, 0], "Succeeded"),
        ("OnFailure", [0, 3], "Running"),
        ("Always", [0, 0], "Running"),
    ],
)
def test_a_container_that_will_start_again_has_not_ended(policy: str, codes: list[int], phase: str) -> None:
    """Else whoever looks between two runs would take the pod for lost."""
    ended = [
        SimpleNamespace(state=state.terminated("containerd://x-0", code, state.now(), ""), last={}) for code in codes
    ]

    assert phase == state.phase_of(cast("list[state.Contained]", ended), policy)


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
    uid = cluster.start(pod(container), faults=faults)

    status = cluster.wait(uid, lambda now: waits(now) == reason)

    assert "Pending" == status["phase"]
    assert message in status["containerStatuses"][0]["state"]["waiting"]["message"]


SLEEP = "import time; time.sleep(50000)"
READY_FILE = {"exec": {"command": ["test", "-e", "/shared/ready"]}, "periodSeconds": 1}
FLAG = (
    "import time; time.sleep(20); open('/shared/ready', 'w'); time.sleep(100); import os; os.remove('/shared/ready'); "
)


def test_a_pod_is_ready_as_its_probe_says(site: Site, address: str) -> None:
    """And is so no longer when that changes."""
    cluster = Cluster(site, address)
    container = python(
        FLAG + SLEEP,
        readinessProbe=READY_FILE | {"failureThreshold": 1},
        volumeMounts=[{"name": "tmp", "mountPath": "/shared"}],
    )
    uid = cluster.start(pod(container, volumes=[{"name": "tmp", "emptyDir": {}}]))

    assert not ready(cluster.pods.status(uid))
    cluster.wait(uid, ready)
    cluster.wait(uid, lambda now: not ready(now))


@pytest.mark.parametrize("kind", ["livenessProbe", "startupProbe"])
def test_a_container_whose_probe_fails_starts_again(site: Site, address: str, kind: str) -> None:
    """It is told to end first, and then ended."""
    cluster = Cluster(site, address)
    probe: dict[str, Any] = {kind: {"tcpSocket": {"port": 99}, "failureThreshold": 2, "periodSeconds": 1}}
    container = python(f"import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(5)); {SLEEP}", **probe)
    uid = cluster.start(pod(container, restartPolicy="Always"))

    status = cluster.wait(uid, lambda now: now["containerStatuses"][0]["restartCount"] > 0)

    assert 5 == status["containerStatuses"][0]["lastState"]["terminated"]["exitCode"]


def test_a_pod_that_must_go_is_told_and_may_finish(site: Site, address: str) -> None:
    """First its hook is run, within the time that it has."""
    cluster = Cluster(site, address)
    bucket = site.home / "oss" / "b"
    bucket.mkdir(parents=True)
    hook = {"exec": {"command": ["sh", "-c", "echo hook >>/shared/x"]}}
    container = python(
        "import signal, sys\n"
        "def end(*_):\n"
        "    open('/shared/x', 'a').write('told\\n')\n"
        "    sys.exit(0)\n"
        f"signal.signal(signal.SIGTERM, end); open('/shared/up', 'w'); {SLEEP}",
        lifecycle={"preStop": hook},
        readinessProbe={"exec": {"command": ["test", "-e", "/shared/up"]}},
        volumeMounts=[{"name": "tmp", "mountPath": "/shared"}],
    )
    uid = cluster.start(pod(container, volumes=[{"name": "tmp", "emptyDir": {}}]))
    cluster.wait(uid, ready)
    shared = site.home / "machines" / uid / "root/var/lib/kubelet/volumes/tmp"
    (bucket / "x").touch()
    (bucket / "x").rename(shared / "x")
    kept = bucket / "kept"
    kept.hardlink_to(shared / "x")

    cluster.pods.stop(uid, 100)

    assert "hook\ntold\n" == kept.read_text()


def test_a_pod_whose_sandbox_died_is_lost(site: Site, address: str) -> None:
    """Its status is no longer what it last said."""
    cluster = Cluster(site, address)
    uid = cluster.start(pod(python(SLEEP)))
    cluster.wait(uid, ready)

    os.kill(int((site.home / "machines" / uid / "supervisor.pid").read_text().split()[0]), signal.SIGKILL)

    status = cluster.wait(uid, lambda now: now["phase"] == "Failed")
    assert "NodeLost" == status["reason"]
    with pytest.raises(MachineError, match="was never started"):
        cluster.pods.status("uid-other")


def test_a_pod_ends_with_what_it_lives_in(site: Site, address: str) -> None:
    """Whoever removes a local cloud by hand leaves no process behind."""
    cluster = Cluster(site, address)
    uid = cluster.start(pod(python(SLEEP)))
    identity = (site.home / "machines" / uid / "supervisor.pid").read_text()
    cluster.wait(uid, ready)

    shutil.rmtree(site.home / "machines" / uid)

    deadline = time.monotonic() + 20
    while living_pid(identity):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_tools_image_is_a_real_python(site: Site, address: str) -> None:
    """With its own words in front of the arguments, and nothing of the laptop's packages."""
    script = "import sys, importlib.util as u; print(sys.argv, u.find_spec('yaml'), u.find_spec('pulumi'))"
    container = {"name": "main", "image": TOOLS_IMAGE, "command": ["python"], "args": ["-c", script, "$(X)", "$$(X)"]}

    assert ("Succeeded", "['-c', '$(X)', '$(X)'] None None\n") == Cluster(site, address).run(pod(container))
    assert json.loads((site.home / "machines/uid-one/state.json").read_text())["spec"]["kind"] == "pod"
