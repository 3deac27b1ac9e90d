"""The data and the code that acts on it name the same things."""

import importlib
import json
from pathlib import Path

import pytest
from pulumi._types import input_type_py_to_pulumi_names

from scripts.localcloud import create_rules
from scripts.localcloud.facts import Family, family, images, instance_types, regions
from scripts.localcloud.kinds import EIP_ASSOCIATION, INVOCATION, SECURITY_RULE, SWITCH
from scripts.localcloud.laws import FUNCTIONS, LAWS
from scripts.localcloud.rules import PROVIDERS, Rule, provider
from scripts.localcloud.suppress import CONDITIONS

RULES = {type_: rule for name in PROVIDERS for type_, rule in provider(name).resources.items()}
BY_DATA_OR_LAW = {SWITCH, EIP_ASSOCIATION, INVOCATION}
"""Types whose stated rules are enforced by exactlyOneOf in the data, or by the type's law."""


def test_every_type_has_a_law_and_every_law_a_type() -> None:
    """A type in the data behaves somehow; a law is about a type in the data."""
    assert RULES.keys() == LAWS.keys()


def test_every_function_has_an_answer() -> None:
    """A function in the data is answered; an answer is to a function in the data."""
    assert {token for name in PROVIDERS for token in provider(name).functions} == FUNCTIONS.keys()


def test_every_suppressed_change_has_its_condition() -> None:
    """The data states in words when a change is ignored; the code has one function for each such row."""
    stated = {
        (type_, name) for type_, rule in RULES.items() for name, row in rule.properties.items() if row.suppress_when
    }

    assert stated == CONDITIONS.keys()


def test_every_stated_create_rule_is_enforced_somewhere() -> None:
    """A type whose data states rules in words has code for them."""
    stated = {type_ for type_, rule in RULES.items() if rule.create_rules}

    assert stated == create_rules.RULES.keys() | BY_DATA_OR_LAW


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_file_says_where_it_is_from(name: str) -> None:
    """Rules carry their source and the day they were read."""
    folder = Path(create_rules.__file__).parent / "rules"
    document = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))

    assert {"source", "read", "package"} <= document.keys()


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
def test_inputs_are_those_of_the_sdk(rule: Rule) -> None:
    """The inputs of each type are the ones that the pinned SDK can pass, no more and no fewer."""
    package, module, name = rule.type.split(":")
    service = importlib.import_module(f"pulumi_{package}.{module.split('/')[0].replace('index', '')}".rstrip("."))
    args = getattr(service, f"{name}InitArgs", None) or getattr(service, f"{name}Args")

    assert set(input_type_py_to_pulumi_names(args).values()) == {
        prop for prop, row in rule.properties.items() if not row.output
    }


def test_facts_have_the_rows_the_laws_need() -> None:
    """Regions know their zones, and the default types and images are there."""
    assert regions()["cn-hangzhou"].has_zone("cn-hangzhou-k")
    assert not regions()["cn-hangzhou"].has_zone("cn-beijing-k")
    assert regions()["ap-southeast-1"].has_zone("ap-southeast-1a")
    assert instance_types()["ecs.ebmgn8v.48xlarge"].gpu_count == 8
    assert all(image.size_gib >= 100 for image in images().values())


def test_a_family_is_what_its_types_share() -> None:
    """A type belongs to the family its name begins with, whatever its size; one that nobody lists has no extras."""
    assert family("ecs.gn8is-2x.8xlarge") == family("ecs.gn8is.2xlarge")
    assert family("ecs.gn8is.2xlarge") != family("ecs.ebmgn8is.32xlarge")
    assert Family() == family("ecs.gn7i-c8g1.2xlarge")


def test_every_family_is_sold() -> None:
    """The list of families names no family that has no type."""
    listed = json.loads((Path(create_rules.__file__).parent / "facts" / "families.json").read_text(encoding="utf-8"))

    assert listed["families"].keys() <= {kind.rsplit(".", 1)[0].split("-", 1)[0] for kind in instance_types()}


def test_port_rules_belong_to_the_security_group_rule() -> None:
    """The table of provider code is keyed by type."""
    assert SECURITY_RULE in create_rules.RULES
