"""A pod's life: its containers end, start again, say their last words, and are asked how they are."""

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
from tests.localcloud.machines.podded import Cluster, pod, python, ready

pytestmark = pytest.mark.machine


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
