"""Helm releases: charts that are known install their kinds."""

import pytest

from scripts.localcloud import wire
from scripts.localcloud.backend import State
from scripts.localcloud.errors import LocalCloudError
from scripts.localcloud.kubernetes.api import Api
from scripts.localcloud.kubernetes.backend import Kubernetes
from scripts.localcloud.values import UNKNOWN, Values
from tests.localcloud.cloud.doors import Door
from tests.localcloud.kubernetes.things import GROUP, RELEASE, call, group

LWS = "https://aliacs-app-catalog.oss-cn-hangzhou.aliyuncs.com/charts-incubator/lws-0.1.0.tgz"


def test_releases(door: Door, api: Api) -> None:
    """A chart that is known installs its kinds; one that is not is named."""
    inputs: Values = {"chart": LWS, "name": "lws", "namespace": "lws-system", "createNamespace": True}
    made = door.create(RELEASE, "lws", wire.encode(inputs))
    unknown = door.create(RELEASE, "other", wire.encode({**inputs, "chart": "lws"}))

    assert ("lws-system/lws", "") == (made.id, made.refusal)
    assert made.outputs is not None
    assert isinstance(made.outputs["status"], dict)
    assert ("deployed", 1) == (made.outputs["status"]["status"], made.outputs["status"]["revision"])
    assert unknown.refusal.startswith("chart: 'lws' is not in the local cloud. It has ")
    assert api.create(group())


def test_the_life_of_a_release(provider: Kubernetes, api: Api) -> None:
    """It is previewed, upgraded, not installed twice, and removed; its kinds stay."""
    inputs: Values = {"chart": LWS, "name": "lws", "namespace": "default", "skipAwait": True}
    checked = provider.check(call(RELEASE), {}, inputs, frozenset(), "seed")
    assert (inputs | {"version": "0.1.0"}, ()) == (checked.inputs, checked.failures)
    assert UNKNOWN is provider.preview(call(RELEASE), checked.inputs, None)["status"]
    made = provider.create(call(RELEASE), checked.inputs, frozenset())
    state = State(made.id, checked.inputs, made.properties)
    with pytest.raises(LocalCloudError, match="cannot re-use a name that is still in use"):
        provider.create(call(RELEASE), checked.inputs, frozenset())
    upgraded = provider.update(call(RELEASE), state, {**checked.inputs, "values": {"a": 1}}, frozenset())
    assert provider.read(call(RELEASE), state) is not None
    provider.delete(call(RELEASE), state)

    status = upgraded.properties["status"]
    assert isinstance(status, dict)
    assert (2, None) == (status["revision"], provider.read(call(RELEASE), state))
    assert ["CustomResourceDefinition"] == [item["kind"] for item in api.objects.read().everything()]
    with pytest.raises(LocalCloudError, match='"lws" has no deployed releases'):
        provider.update(call(RELEASE), state, checked.inputs, frozenset())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"chrt": "x"}, "chrt: no such property. Did you mean 'chart'?"),
        ({"version": "0.2.0"}, "version: the chart is 0.1.0, not 0.2.0."),
    ],
)
def test_releases_that_cannot_be(provider: Kubernetes, change: Values, message: str) -> None:
    """What is wrong with a release is told before it is made."""
    checked = provider.check(call(RELEASE), {}, {"chart": LWS, **change}, frozenset(), "seed")

    assert [message] == [str(failure) for failure in checked.failures]


def test_a_release_in_no_namespace(provider: Kubernetes) -> None:
    """Without createNamespace it must be there."""
    with pytest.raises(LocalCloudError, match='namespaces "nowhere" not found'):
        provider.create(call(RELEASE), {"chart": LWS, "name": "lws", "namespace": "nowhere"}, frozenset())


def test_another_name_is_another_release(provider: Kubernetes) -> None:
    """Only name and namespace replace."""
    before: Values = {"chart": LWS, "name": "lws", "namespace": "a", "values": {"x": 1}}
    new: Values = {**before, "namespace": "b", "values": {"x": 2}}
    found = provider.diff(call(RELEASE), State("a/lws", before, before), new, frozenset())

    assert [("namespace", True), ("values.x", False)] == [(each.path, each.replaces) for each in found.changes]


def test_waiting_for_what_it_needs(provider: Kubernetes) -> None:
    """A create is repeated until its kind is there, and gives up in time."""
    with pytest.raises(LocalCloudError, match='no matches for kind "LeaderWorkerSet"'):
        provider.create(call(GROUP), group(), frozenset())
    provider.create(call(RELEASE), {"chart": LWS, "name": "lws", "namespace": "default"}, frozenset())

    assert "default/llm" == provider.create(call(GROUP), group(), frozenset()).id
