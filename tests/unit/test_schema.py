"""What other languages are told of the components."""

import json
from collections.abc import Callable
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic.alias_generators import to_pascal

import components
from components.args.base import is_secret, takes_output
from components.args.fields import kinds
from components.plugin import Plugin
from components.topologies import TOPOLOGIES

SCHEMA: dict[str, Any] = json.loads(Plugin().schema or "")

NAMES = list(TOPOLOGIES.values())

CLUSTER = SCHEMA["resources"]["alicloud-llm:index:AcsLlmCluster"]


def test_schema_is_the_one_in_git(golden: Callable[[str, str], None]) -> None:
    """A change of what other languages see is a visible diff."""
    golden("schema.json", json.dumps(SCHEMA, indent=2) + "\n")


@pytest.mark.parametrize("name", NAMES)
def test_arguments_are_those_of_python(name: str) -> None:
    """Every argument is described; what takes no Output here takes none there, and a secret is one."""
    fields = getattr(components, f"{name}Args").model_fields.values()
    inputs = SCHEMA["resources"][f"alicloud-llm:index:{name}"]["inputProperties"].values()

    assert [not takes_output(field) for field in fields] == [spec.get("plain", False) for spec in inputs]
    assert [is_secret(field) for field in fields] == [spec.get("secret", False) for spec in inputs]
    assert all(spec["description"] for spec in inputs)


def test_nothing_is_sent_that_nobody_gave() -> None:
    """A default is in the description: an SDK would send one that is in the schema, as if the user had given it."""
    assert CLUSTER["inputProperties"]["port"]["description"].endswith(" Default: `8000`.")
    assert '"default"' not in json.dumps(SCHEMA)


@pytest.mark.parametrize(
    ("argument", "spec"),
    [
        ("zoneId", {"type": "string", "plain": True}),
        ("vpcId", {"type": "string"}),
        ("apiKey", {"type": "string", "secret": True}),
        ("maxModelLen", {"type": "integer", "plain": True}),
        ("gpuMemoryUtilization", {"type": "number", "plain": True}),
        ("benchmark", {"type": "boolean", "plain": True}),
        ("publicAllowedCidrs", {"type": "array", "items": {"type": "string", "plain": True}, "plain": True}),
        ("tags", {"type": "object", "additionalProperties": {"type": "string", "plain": True}, "plain": True}),
        ("weightsSource", {"$ref": "#/types/alicloud-llm:index:WeightsSource", "plain": True}),
    ],
)
def test_an_argument_is_typed(argument: str, spec: dict[str, object]) -> None:
    """Each kind of argument has the type that the other languages' compilers check."""
    found = CLUSTER["inputProperties"][argument]

    assert spec == {key: value for key, value in found.items() if key != "description"}


@pytest.mark.parametrize("name", NAMES)
def test_a_choice_is_the_same_everywhere(name: str) -> None:
    """A type is named for its argument alone, so no two components may mean different words by one name."""
    for argument, field in getattr(components, f"{name}Args").model_fields.items():
        for kind in kinds(field.annotation):
            if get_origin(kind) is Literal:
                words = SCHEMA["types"][f"alicloud-llm:index:{to_pascal(argument)}"]["enum"]
                assert list(get_args(kind)) == [word["value"] for word in words]


def test_outputs_say_what_is_secret_and_what_may_be_missing() -> None:
    """An id that is not known in every case is optional, and a key stays one."""
    outputs = CLUSTER["properties"]

    assert ["apiKey", "kubeconfig"] == [name for name, spec in outputs.items() if spec.get("secret")]
    assert {"vpcId", "vswitchId", "securityGroupId", "clusterId"} == outputs.keys() - set(CLUSTER["required"])
    assert ["zoneId"] == CLUSTER["requiredInputs"]
