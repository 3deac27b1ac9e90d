"""What programs in YAML are told of the local cloud's providers."""

import pytest

from scripts.localcloud.provider.schema import Spec, schema

RESOURCES = schema("alicloud", "4.0.0")["resources"]


@pytest.mark.parametrize(
    ("type_", "name", "spec"),
    [
        ("alicloud:vpc/network:Network", "cidrBlock", {"type": "string"}),
        ("alicloud:vpc/network:Network", "tags", {"type": "object", "additionalProperties": {"type": "string"}}),
        ("alicloud:ecs/ecsDisk:EcsDisk", "size", {"type": "integer"}),
        ("alicloud:ecs/ecsDisk:EcsDisk", "encrypted", {"type": "boolean"}),
        ("alicloud:ecs/instance:Instance", "spotPriceLimit", {"type": "number"}),
        ("alicloud:ecs/instance:Instance", "securityGroups", {"type": "array", "items": {"type": "string"}}),
        ("alicloud:ecs/instance:Instance", "dataDisks", {"type": "array", "items": {"$ref": "pulumi.json#/Any"}}),
    ],
)
def test_an_input_is_typed(type_: str, name: str, spec: Spec) -> None:
    """Every kind of property has a type; what lies in a nested one is checked when the resource is."""
    assert isinstance(RESOURCES, dict)
    assert spec == RESOURCES[type_]["inputProperties"][name]


def test_what_a_program_may_give_is_not_all_it_gets() -> None:
    """A property that only the cloud fills in is no input, and one that is required is."""
    assert isinstance(RESOURCES, dict)
    switch, attached = (
        RESOURCES["alicloud:vpc/switch:Switch"],
        RESOURCES["alicloud:ecs/ecsDiskAttachment:EcsDiskAttachment"],
    )

    assert "createTime" not in switch["inputProperties"]
    assert "createTime" in switch["required"]
    assert ["diskId", "instanceId"] == sorted(attached["requiredInputs"])


def test_kubernetes_is_named_only() -> None:
    """Its objects have schemas of their own, which no rule is made of."""
    assert {"name": "kubernetes", "version": "4.34.2"} == schema("kubernetes", "4.34.2")
