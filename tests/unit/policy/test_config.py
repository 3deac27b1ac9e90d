"""What a user changes of the rules; whatever is misspelt is refused with the nearest that there is."""

import pytest

from scripts.policy.config import Config
from scripts.policy.resources import Resource
from scripts.policy.rules import findings

DISK = Resource("alicloud:ecs/ecsDisk:EcsDisk", "cache", {"tags": {"team": "search"}})

CHANGED: list[tuple[Config, list[tuple[str, str]]]] = [
    ({}, [("disks-encrypted", "mandatory")]),
    ({"disks-encrypted": "advisory"}, [("disks-encrypted", "advisory")]),
    ({"disks-encrypted": {"enforcementLevel": "disabled"}}, []),
    ({"all": "disabled"}, []),
    ({"all": "disabled", "disks-encrypted": "advisory"}, [("disks-encrypted", "advisory")]),
    ({"disks-encrypted": {"exempt": ["cache"]}}, []),
    ({"disks-encrypted": {"exempt": ["cach"]}}, [("disks-encrypted", "mandatory")]),
    (
        {"tags-present": {"enforcementLevel": "mandatory", "required": ["team", "cost-centre"]}},
        [("disks-encrypted", "mandatory"), ("tags-present", "mandatory")],
    ),
]

REFUSED = [
    ({"disk-encrypted": "advisory"}, "disk-encrypted: no such rule. Did you mean 'disks-encrypted'?"),
    ({"no-ssh": "off"}, "no-ssh: 'off' is no level. Use one of mandatory, advisory, disabled."),
    ({"no-ssh": 3}, "no-ssh: 3 is no level. Use one of mandatory, advisory, disabled."),
    ({"tags-present": {"requird": ["a"]}}, "tags-present: requird: no such option. Did you mean 'required'?"),
    ({"no-ssh": {"ports": ["22"]}}, "no-ssh: ports: no such option. There are: exempt."),
    ({"tags-present": {"required": "team"}}, "tags-present: required: 'team' is not a list of texts."),
]


@pytest.mark.parametrize(("config", "expected"), CHANGED)
def test_levels_and_options(config: Config, expected: list[tuple[str, str]]) -> None:
    """A rule has the level and the options that it is given, or that all are given."""
    assert expected == [(found.rule, found.level) for found in findings([DISK], config)]


def test_missing_tags_are_named() -> None:
    """The sentence has those that lack, and no other."""
    [_, found] = findings([DISK], {"tags-present": {"required": ["team", "cost-centre"]}})
    assert found.text == "tags lack cost-centre. Set it: the bill is split by tags."


@pytest.mark.parametrize(("config", "sentence"), REFUSED)
def test_what_is_misspelt_is_refused(config: Config, sentence: str) -> None:
    """Nothing is judged by halves."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole sentence is compared
        findings([], config)
    assert sentence == str(caught.value)
