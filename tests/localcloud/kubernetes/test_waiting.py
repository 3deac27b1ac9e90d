"""Waits that a program shapes or calls off, those of a refresh, and those for an object to go."""

from threading import Event
from typing import Any

import pytest

from scripts.localcloud.errors import LocalCloudError
from scripts.localcloud.kubernetes import waiting
from scripts.localcloud.kubernetes.api import Api
from scripts.localcloud.kubernetes.waiting import NotReadyError, Patience
from tests.localcloud.kubernetes.things import CLAIM, changed, deployment, job, of, service
from tests.localcloud.kubernetes.watched import NOW, failure, put, ready


def test_kinds_that_nobody_waits_for(api: Api) -> None:
    """They are ready when they are made."""
    made = api.create(of("v1", "ServiceAccount", "engine"))

    assert made == ready(api, made)


def test_skipping(api: Api) -> None:
    """An annotation makes any object ready at once, even against a condition."""
    annotations = {"pulumi.com/skipAwait": "true", "pulumi.com/waitFor": "condition=Ready"}

    assert ready(api, api.create(changed(deployment(), "metadata.annotations", annotations)))


WAITS: list[tuple[str, dict[str, Any], bool]] = [
    ("jsonpath={.status.phase}=Bound", {"phase": "Bound"}, True),
    ("jsonpath={.status.phase}=Bound", {"phase": "NotBound"}, False),
    ("jsonpath={.status.mounts[0].name}", {"mounts": [{"name": "x"}]}, True),
    ("jsonpath={.status.phase}", {}, False),
    ("jsonpath={.status.phase}=Bound", {"phase": "Bound", "observedGeneration": 0}, False),
    ("condition=Ready", {"conditions": [{"type": "Ready", "status": "True"}]}, True),
    ("condition=Ready", {"conditions": [{"type": "Ready", "status": "False"}]}, False),
    ("condition=Ready=false", {"conditions": [{"type": "Ready", "status": "False"}]}, True),
    ('["condition=Ready", "jsonpath={.status.phase}=Bound"]', {"phase": "Bound"}, False),
]


@pytest.mark.parametrize(("condition", "status", "holds"), WAITS)
def test_conditions_of_ones_own(api: Api, condition: str, status: dict[str, Any], holds: bool) -> None:  # noqa: FBT001 a column of the table
    """An annotation replaces the provider's own wait, of any kind."""
    annotated = changed(of("data.fluid.io/v1alpha1", "Dataset", "weights"), "metadata.annotations", {})
    made = put(api, changed(annotated, "metadata.annotations.pulumi~com/waitFor", condition), **status)

    if holds:
        assert ready(api, made)
    else:
        assert ("timed out waiting for the condition", []) == failure(api, made)


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("phase=Bound", 'expected a "jsonpath=" or "condition=" prefix, got "phase=Bound"'),
        (
            "jsonpath={.status.x[?(@.a)]}",
            (
                "pulumi.com/waitFor: 'jsonpath={.status.x[?(@.a)]}': "
                "the local cloud reads plain paths such as {.a.b[0]}."
            ),
        ),
    ],
)
def test_conditions_nobody_reads(api: Api, condition: str, message: str) -> None:
    """A condition that is none is an error."""
    made = put(api, changed(of("v1", "Pod", "x"), "metadata.annotations", {"pulumi.com/waitFor": condition}))
    with pytest.raises(LocalCloudError) as raised:
        ready(api, made)

    assert message == str(raised.value)


def test_being_called_off(api: Api) -> None:
    """A wait ends when nobody waits any more."""
    patience = Patience(600, Event())
    patience.cancelled.set()

    assert 'Resource operation was cancelled for "llm-ready"' == failure(api, api.create(job()), patience)[0]


def test_what_vanishes_while_it_is_waited_for(api: Api) -> None:
    """It is not waited for any longer."""
    assert "llm-ready was deleted while it was waited for" == failure(api, job())[0]


def test_refreshing(api: Api) -> None:
    """A refresh looks once, and passes what a program does not wait for."""
    made = api.create(job())
    skipping = changed(job(), "metadata.annotations", {"pulumi.com/skipAwait": "true"})
    waiting.check_ready(api.objects, skipping, made)
    waiting.check_ready(api.objects, CLAIM, api.create(CLAIM))

    with pytest.raises(NotReadyError, match="Resource 'llm-ready' was created but failed to initialize"):
        waiting.check_ready(api.objects, job(), made)


def test_a_refreshed_service_is_quiet(api: Api) -> None:
    """Its Endpoints need not have been watched before."""
    made = api.create(service())
    put(api, of("v1", "Endpoints", "llm") | {"subsets": [{"addresses": [{"ip": "10.0.1.1"}]}]})

    waiting.check_ready(api.objects, service(), made)


def test_deleting(api: Api) -> None:
    """What a finalizer holds is waited for; another object of that name is not the same."""
    made = api.create(changed(job(), "metadata.finalizers", ["example.com/keep"]))
    with api.objects.transaction() as contents:
        contents.remove("Job", "default", "llm-ready")
    with pytest.raises(NotReadyError) as raised:
        waiting.until_gone(api.objects, job(), made, NOW)
    skipping = changed(job(), "metadata.annotations", {"pulumi.com/skipAwait": "true"})
    waiting.until_gone(api.objects, skipping, made, NOW)
    with api.objects.transaction() as contents:
        contents.drop("Job", "default", "llm-ready")
    api.create(job())
    waiting.until_gone(api.objects, job(), made, NOW)

    assert ["finalizers might be preventing deletion (example.com/keep)"] == raised.value.details
