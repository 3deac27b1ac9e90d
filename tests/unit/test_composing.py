"""Components in somebody else's stack: names that do not clash, options that reach every child."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pulumi_alicloud as alicloud
import pulumi_kubernetes as kubernetes
import pulumi_random as random
import pytest

from components import (
    AcsLlmCluster,
    AcsLlmClusterArgs,
    ArgsError,
    DualEcsRayLlm,
    DualEcsRayLlmArgs,
    SingleEcsLlm,
    SingleEcsLlmArgs,
)
from scripts.foreseen import Source, foresee
from scripts.policy.rules import findings
from scripts.reporting.assess import judged
from tests.preview import Preview, Seen

ZONE: dict[str, Any] = {"zone_id": "cn-hangzhou-i"}
JOINED: dict[str, Any] = {
    "kubeconfig": "apiVersion: v1\nkind: Config\nclusters: []\nusers: []\ncontexts: []\n",
    "private_allowed_cidrs": ["10.0.0.0/8"],
    "oss_access": "access-key",
}
PARTS: dict[str, tuple[Callable[..., pulumi.Resource], Any, dict[str, Any]]] = {
    "single": (SingleEcsLlm, SingleEcsLlmArgs, ZONE),
    "pair": (DualEcsRayLlm, DualEcsRayLlmArgs, ZONE | {"system_image_id": "m-putyourimagehere"}),
    "cluster": (AcsLlmCluster, AcsLlmClusterArgs, ZONE | {"api_access": "private"}),
    "joined": (
        AcsLlmCluster,
        AcsLlmClusterArgs,
        ZONE | JOINED,
    ),
}


def build(kind: str, name: str, opts: pulumi.ResourceOptions | None = None, **given: object) -> pulumi.Resource:
    """Create one component."""
    component, args, usual = PARTS[kind]
    return component(name, args.from_config(usual | given), opts)


class Team(pulumi.ComponentResource):
    """A platform team's own component, with an endpoint in it."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("acme:index:Team", name, {}, opts)
        SingleEcsLlm(name="chat", args=SingleEcsLlmArgs(**ZONE), opts=pulumi.ResourceOptions(parent=self))


def refusal(seen: Seen) -> str:
    """Return what the last component was refused for, without the reviews of those before."""
    assert not seen.good
    return seen.said[seen.said.index(" rejected\n") + len(" rejected\n") :].strip()


@pytest.mark.parametrize(
    ("program", "argument", "both", "what"),
    [
        (
            lambda: (build("single", "chat"), build("pair", "chat")),
            "name",
            ("SingleEcsLlm 'chat'", "DualEcsRayLlm 'chat'"),
            "name 'chat'",
        ),
        (
            lambda: (build("cluster", "chat_a"), build("single", "chat-a")),
            "name",
            ("AcsLlmCluster 'chat_a'", "SingleEcsLlm 'chat-a'"),
            "name 'llm-dev-chat-a' in the account",
        ),
        (
            lambda: (build("single", "a", physical_name="acme"), build("single", "b", physical_name="Acme")),
            "physicalName",
            ("SingleEcsLlm 'a'", "SingleEcsLlm 'b'"),
            "name 'Acme' in the account",
        ),
        (
            lambda: (build("pair", "chat"), build("single", "chat-head")),
            "name",
            ("DualEcsRayLlm 'chat'", "SingleEcsLlm 'chat-head'"),
            "name 'chat-head'",
        ),
        (
            lambda: (build("single", "chat"), Team("team")),
            "name",
            ("SingleEcsLlm 'chat'", "SingleEcsLlm 'chat'"),
            "name 'chat'",
        ),
        (
            lambda: (build("joined", "a"), build("joined", "b")),
            "namespace",
            ("AcsLlmCluster 'a'", "AcsLlmCluster 'b'"),
            "namespace 'llm' of one cluster",
        ),
    ],
)
def test_two_that_would_clash_are_refused(
    preview: Preview, program: Callable[[], object], argument: str, both: tuple[str, str], what: str
) -> None:
    """The second one has no resource, whatever the first one is; both are named."""
    said = f"{argument}: {both[0]} and {both[1]} of one stack would both have the {what}. Give one of them another."

    assert said == refusal(preview(program))


def test_the_engine_refuses_the_same_twice(preview: Preview) -> None:
    """Two of one type, parent and name are one resource to the engine, which says so; in tests they may come again."""
    seen = preview(lambda: (build("single", "chat"), build("single", "chat")))

    assert "Duplicate resource URN 'urn:pulumi:dev::llm::alicloud-llm:index:SingleEcsLlm::chat'" in seen.said


def test_what_does_not_clash_lives_in_one_stack(preview: Preview) -> None:
    """All three, one of them twice, and two in one cluster."""

    def program() -> None:
        for kind in ("single", "pair", "cluster"):
            build(kind, kind)
        build("single", "code")
        build("joined", "a")
        build("joined", "b", namespace="code", fluid_install="none")

    seen = preview(program)

    assert seen.good, seen.said
    assert {"single", "pair", "cluster", "code", "a", "b"} <= set(seen.resources)


@pytest.mark.parametrize(
    ("given", "what"),
    [(ZONE, "dict"), (DualEcsRayLlmArgs(**PARTS["pair"][2]), "DualEcsRayLlmArgs"), (None, "NoneType")],
)
def test_arguments_of_another_are_refused(given: Any, what: str) -> None:  # noqa: ANN401 - what a user may give
    """A map, or what another component takes, is not mistaken for its arguments."""
    with pytest.raises(ArgsError) as refused:
        SingleEcsLlm("chat", given)

    text = f"{what} is not SingleEcsLlmArgs. Give SingleEcsLlmArgs(…), or SingleEcsLlmArgs.from_config(…) of a map."
    assert f"SingleEcsLlm: 1 argument rejected\n  args: {text}" == str(refused.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("acme_chat", "'acme_chat' is not 2 to 40 letters, digits and single dashes, a letter first."),
        ("a", "'a' is not 2 to 40 letters, digits and single dashes, a letter first."),
        ("a" * 41, f"'{'a' * 41}' is not 2 to 40 letters, digits and single dashes, a letter first."),
        ("chat-", "'chat-' is not 2 to 40 letters, digits and single dashes, a letter first."),
        ("7chat", "'7chat' is not 2 to 40 letters, digits and single dashes, a letter first."),
        ("ACS-chat", "'ACS-chat' begins with 'ACS', as only names of the cloud's own do. Put a word before it."),
    ],
)
def test_a_name_the_account_would_not_take_is_refused(name: str, text: str) -> None:
    """Some resources take other names, but all of them have to take it."""
    with pytest.raises(ArgsError) as refused:
        SingleEcsLlmArgs.from_config(ZONE | {"physicalName": name})

    assert f"SingleEcsLlm: 1 argument rejected\n  physicalName: {text}" == str(refused.value)


def named(seen: Seen) -> set[str]:
    """Return the names in the account of everything that has one."""
    kinds = [one for one in seen.resources.values() if one.type.startswith("alicloud:")]
    names = [value for one in kinds for key, value in one.inputs.items() if key == "name" or key.endswith("Name")]
    return {name for name in names if isinstance(name, str) and name}


@pytest.mark.parametrize("kind", ["single", "pair", "cluster"])
def test_a_name_of_ones_own_is_everywhere(preview: Preview, kind: str) -> None:
    """What is named in the account begins with it, and nothing there has the name of the program."""
    seen = preview(lambda: build(kind, "chat", physical_name="acme-chat"))

    assert seen.good, seen.said
    assert all(name.removeprefix("llm-").startswith("acme-chat") for name in named(seen)), named(seen)
    assert not [name for name, one in seen.resources.items() if "llm-dev" in str(one.inputs)]


@pytest.mark.parametrize("kind", ["single", "pair", "cluster", "joined"])
def test_another_name_in_the_program_changes_nothing(preview: Preview, kind: str) -> None:
    """With an alias and the name that the account has, every child of a renamed component is what it was."""
    before = preview(lambda: build(kind, "chat"))
    after = preview(lambda: build(kind, "assistant", physical_name="llm-dev-chat"))
    children = [name for name in before.resources if name.startswith("chat-")]

    assert len(children) > 15
    for name in children:
        assert before.inputs(name) == after.inputs(name.replace("chat", "assistant", 1)), name


def test_everything_may_be_somebody_elses(preview: Preview) -> None:
    """Network, group, key, bucket and cluster are taken as they are, also before their ids are known."""

    def program() -> None:
        vpc = alicloud.vpc.Network("own", cidr_block="10.20.0.0/16")
        switch = alicloud.vpc.Switch("own", vpc_id=vpc.id, cidr_block="10.20.0.0/24", zone_id="cn-hangzhou-i")
        group = alicloud.ecs.SecurityGroup("own", security_group_name="own", vpc_id=vpc.id)
        key = random.RandomPassword("own", length=32).result
        cluster = alicloud.cs.ManagedKubernetes("own", profile="Acs", enable_rrsa=True, vswitch_ids=[switch.id])
        network: dict[str, Any] = {"vpc_id": vpc.id, "vswitch_id": switch.id, "security_group_id": group.id}
        given: dict[str, Any] = {"private_allowed_cidrs": ["10.20.0.0/16"], "api_key": key, "oss_bucket": "own-models"}
        for kind in ("single", "pair"):
            build(kind, kind, weights_source="oss", **network, **given)
        arguments = ZONE | given | {"weights_source": "oss", "cluster_id": cluster.id}
        AcsLlmCluster("cluster", AcsLlmClusterArgs.from_config(arguments))

    seen = preview(program)
    made = {one.type for name, one in seen.resources.items() if name != "own"}

    assert seen.good, seen.said
    assert not {kind for kind in made if kind.startswith(("alicloud:vpc/", "alicloud:cs/", "alicloud:oss/"))}
    assert not {name for name in seen.resources if name.endswith(("-security-group", "-generated-key"))}


def elsewhere(inside: Callable[[pulumi.ProviderResource], object]) -> Callable[[], object]:
    """Return a program whose endpoint has a provider of another region."""
    return lambda: inside(alicloud.Provider("other", region="cn-beijing"))


@pytest.mark.parametrize("kind", ["single", "pair", "cluster"])
@pytest.mark.parametrize(
    "give",
    [
        lambda kind, one: build(kind, "chat", pulumi.ResourceOptions(provider=one)),
        lambda kind, one: build(kind, "chat", pulumi.ResourceOptions(providers=[one])),
        lambda kind, one: build(kind, "chat", pulumi.ResourceOptions(providers={"alicloud": one})),
    ],
)
def test_a_provider_of_another_region_is_refused(
    preview: Preview, kind: str, give: Callable[[str, pulumi.ProviderResource], object]
) -> None:
    """Its region is known in a preview; the component then has no child."""
    seen = preview(elsewhere(lambda one: give(kind, one)))

    assert (
        "zoneId: 'cn-hangzhou-i' lies in cn-hangzhou, and its alicloud provider is set to 'cn-beijing'. "
        "Give a zone of that region, or a provider of cn-hangzhou."
    ) == refusal(seen)
    assert {"llm-dev", "other", "chat"} == set(seen.resources)


def test_a_parents_provider_counts_as_well(preview: Preview) -> None:
    """A team's component hands its provider down."""
    seen = preview(elsewhere(lambda one: Team("team", pulumi.ResourceOptions(providers=[one]))))

    assert "its alicloud provider is set to 'cn-beijing'" in refusal(seen)


@pytest.mark.parametrize("region", ["cn-hangzhou", None])
def test_a_provider_serves_every_child(preview: Preview, region: str | None) -> None:
    """One of the right region is used, whatever the stack's config says of another; so is one that does not say."""

    def program() -> None:
        one = alicloud.Provider("mine", region=region)
        build("single", "chat", pulumi.ResourceOptions(provider=one))

    seen = preview(program, region="cn-beijing")
    mine = [name for name in seen.resources if seen.options(name).type.startswith("alicloud:")]

    assert seen.good, seen.said
    assert all("::mine::" in seen.options(name).provider for name in mine)
    assert len(mine) > 15


@pytest.mark.parametrize("give", [lambda one: {"provider": one}, lambda one: {"providers": [one]}])
def test_a_kubernetes_provider_is_refused(
    preview: Preview, give: Callable[[pulumi.ProviderResource], dict[str, Any]]
) -> None:
    """It would have no effect: a cluster is named by its id or its kubeconfig."""

    def program() -> None:
        one = kubernetes.Provider("theirs", kubeconfig="{}")
        build("cluster", "chat", pulumi.ResourceOptions(**give(one)))

    assert (
        "opts: a Kubernetes provider says nothing to this component, which makes its own for its cluster. "
        "Name a cluster of yours with clusterId or kubeconfig, and leave the provider out."
    ) == refusal(preview(program))


@pytest.mark.parametrize("kind", ["single", "pair", "cluster"])
def test_protection_reaches_every_child(preview: Preview, kind: str) -> None:
    """What is protected is not deleted, and a replacement would delete."""
    seen = preview(lambda: build(kind, "chat", pulumi.ResourceOptions(protect=True)))

    assert all(seen.options(name).protect for name in seen.resources if name.startswith("chat"))


def test_the_example_keeps_every_rule() -> None:
    """A team's stack made of these components passes the policy that others hold it to."""
    seen = foresee(Source(Path(__file__).parents[2] / "docs" / "examples" / "python", "dev"))

    assert seen.good, seen.errors
    assert [] == [found for found in findings(judged(seen)) if found.level == "mandatory"]
