"""What a cluster keeps: versions, generations, owners, finalizers and namespaces as the API server has them."""

from pathlib import Path

import pytest

from scripts.localcloud.kubernetes.objects import ClusterGoneError, Contents, Manifest, Objects


def thing(kind: str, name: str, namespace: str = "llm", **metadata: object) -> Manifest:
    """Return an object with hardly anything in it."""
    return {"kind": kind, "metadata": {"name": name, "namespace": namespace, **metadata}, "spec": {}}


def owned_by(owner: Manifest, kind: str, name: str) -> Manifest:
    """Return an object that *owner* owns."""
    return thing(kind, name, ownerReferences=[{"uid": owner["metadata"]["uid"]}])


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    """Return an empty cluster."""
    objects = Objects(tmp_path / "c1")
    objects.create()
    return objects


@pytest.fixture
def contents() -> Contents:
    """Return an empty cluster in memory."""
    return Contents("c1", 0, [])


def names(contents: Contents) -> list[str]:
    """Return what is there."""
    return [item["metadata"]["name"] for item in contents.everything()]


def test_what_is_put_is_there_for_others(objects: Objects) -> None:
    """Another process reads what a transaction kept, and only its owner may read the file."""
    with objects.transaction() as contents:
        contents.put(thing("Job", "stage"))

    assert ["stage"] == names(Objects(objects.folder).read())
    assert 0o600 == (objects.folder / "objects.json").stat().st_mode & 0o777


def test_a_transaction_that_fails_keeps_nothing(objects: Objects) -> None:
    """An error in the body leaves everything as it was."""

    def fail() -> None:
        with objects.transaction() as contents:
            contents.put(thing("Job", "stage"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert [] == names(objects.read())


def test_a_transaction_that_changes_nothing_writes_nothing(objects: Objects) -> None:
    """Controllers may look as often as they like."""
    with objects.transaction() as contents:
        contents.put(thing("Job", "stage"))
    before = (objects.folder / "objects.json").stat().st_ino
    with objects.transaction() as contents:
        contents.put(thing("Job", "stage"))

    assert before == (objects.folder / "objects.json").stat().st_ino


def test_a_cluster_that_is_gone_stays_gone(objects: Objects) -> None:
    """Neither a look nor a change brings its folder back."""
    objects.destroy()
    objects.destroy()
    with pytest.raises(ClusterGoneError):
        objects.read()
    with pytest.raises(ClusterGoneError, match=r"the cluster c1 does not exist\."), objects.transaction():
        pass

    assert (False, False) == (objects.exists(), objects.folder.exists())


def test_only_what_is_desired_makes_a_generation(contents: Contents) -> None:
    """A new spec is a new generation, a new status or label only a new version, and identity stays."""
    first = contents.put(thing("Deployment", "llm"))
    second = contents.put(first | {"status": {"replicas": 1}})
    third = contents.put(thing("Deployment", "llm") | {"spec": {"replicas": 2}})
    seen = [(item["metadata"]["generation"], item["metadata"]["resourceVersion"]) for item in (first, second, third)]

    assert [(1, "1"), (1, "2"), (2, "3")] == seen
    assert ({"replicas": 1}, first["metadata"]["uid"]) == (third["status"], third["metadata"]["uid"])


def test_what_is_read_is_a_copy(contents: Contents) -> None:
    """Nobody changes the cluster by changing what they were given."""
    contents.put(thing("Job", "stage"))["spec"]["changed"] = True
    for item in contents.all("Job"):
        item["spec"]["changed"] = True

    assert [{}] == [item["spec"] for item in contents.all("Job", "llm")]


def test_a_status_of_something_gone_is_dropped(contents: Contents) -> None:
    """A controller that is late brings nothing back."""
    job = contents.put(thing("Job", "stage"))
    contents.remove("Job", "llm", "stage")
    contents.set_status(job, {"active": 1})

    assert [] == names(contents)


def test_finalizers_hold_an_object(contents: Contents) -> None:
    """A deleted object is marked until the last finalizer is off."""
    contents.put(thing("Dataset", "weights", finalizers=["fluid"]))
    contents.remove("Dataset", "llm", "weights")
    marked = contents.get("Dataset", "llm", "weights")
    assert marked is not None
    assert "deletionTimestamp" in marked["metadata"]
    marked["metadata"]["finalizers"] = []
    contents.put(marked)

    assert [] == names(contents)


def test_what_is_owned_goes_too(contents: Contents) -> None:
    """A Deployment takes its ReplicaSet with it, and that its pods that never ran."""
    deployment = contents.put(thing("Deployment", "llm"))
    replicas = contents.put(owned_by(deployment, "ReplicaSet", "llm-1"))
    contents.put(owned_by(replicas, "Pod", "llm-1-a"))
    contents.remove("Deployment", "llm", "llm")

    assert [] == names(contents)


def test_foreground_waits_for_running_pods(contents: Contents) -> None:
    """The owner stays until the pod's containers have ended."""
    job = contents.put(thing("Job", "stage"))
    contents.put(owned_by(job, "Pod", "stage-a") | {"spec": {"nodeName": "virtual-kubelet"}})
    contents.remove("Job", "llm", "stage", foreground=True)
    before = names(contents)
    contents.drop("Pod", "llm", "stage-a")

    assert (["stage", "stage-a"], []) == (before, names(contents))


def test_foreground_leaves_other_finalizers(contents: Contents) -> None:
    """Only the collector's own finalizer goes with the last thing owned."""
    owner = contents.put(thing("Dataset", "weights", finalizers=["fluid"]))
    contents.put(owned_by(owner, "PersistentVolumeClaim", "weights"))
    contents.remove("Dataset", "llm", "weights", foreground=True)

    assert [["fluid"]] == [item["metadata"]["finalizers"] for item in contents.everything()]


def test_a_namespace_goes_when_it_is_empty(contents: Contents) -> None:
    """It is Terminating while a pod runs in it, and takes everything else at once."""
    contents.put({"kind": "Namespace", "metadata": {"name": "llm"}})
    contents.put(thing("Secret", "keys"))
    contents.put(thing("Pod", "engine") | {"spec": {"nodeName": "virtual-kubelet"}})
    contents.put(thing("Secret", "other", "default"))
    contents.remove("Namespace", "", "llm")
    before = [(item["metadata"]["name"], item.get("status")) for item in contents.everything()]
    contents.drop("Pod", "llm", "engine")

    assert [("llm", {"phase": "Terminating"}), ("engine", None), ("other", None)] == before
    assert ["other"] == names(contents)
