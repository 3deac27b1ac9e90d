"""What a program would do is foreseen in a process of its own, without secrets, credentials or an environment."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from scripts.foreseen import SECRET, UNKNOWN, Foreseen, Planned, Source, foresee, foresee_change

ROOT = Path(__file__).parents[2]
DEV = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text())
WORDS = ("old", "new")
KEY = "a-key-in-the-clear-0123456789"
NETWORK = """
import pulumi, pulumi_alicloud as alicloud
config = pulumi.Config("demo")
vpc = alicloud.vpc.Network("vpc", vpc_name="demo", cidr_block=config.get("cidr") or "10.0.0.0/16")
"""
SWITCH = """
alicloud.vpc.Switch("vswitch", vpc_id=vpc.id, zone_id="cn-hangzhou-i", cidr_block="10.0.0.0/24")
"""
IN_MINE = """
import pulumi, pulumi_alicloud as alicloud
group = alicloud.ecs.SecurityGroup("group", vpc_id="vpc-mine")
alicloud.ecs.SecurityGroupRule(
    "rule", type="ingress", ip_protocol="tcp", security_group_id=group.id, cidr_ip="10.0.0.0/8", port_range="80/80"
)
"""

ELSEWHERE = """
import pulumi, pulumi_alicloud as alicloud
net = pulumi.StackReference("org/net/prod")
zones = alicloud.get_zones_output(available_resource_creation="VSwitch")
alicloud.vpc.Switch("vswitch", vpc_id=net.require_output("vpcId"), zone_id=zones.zones[0].id, cidr_block="10.0.0.0/24")
mine = alicloud.vpc.Network.get("mine", "vpc-mine")
alicloud.ecs.SecurityGroup("group", vpc_id=mine.id, description=mine.cidr_block)
"""
NO_RULES = """
import pulumi
class Other(pulumi.CustomResource):
    answer: pulumi.Output[str]
    def __init__(self, name, **inputs):
        super().__init__("other:index:Other", name, {"answer": None, **inputs})
one = Other("one", size=SIZE)
Other("two", size=2, of=one.answer)
Other("three", size=3)
"""

Write = Callable[..., Source]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return what writes a program and its stack file into a folder, and names them."""

    def written(name: str, program: str, config: object = None, **files: str) -> Source:
        folder = tmp_path / name
        for path, text in {"__main__.py": program, "Pulumi.yaml": "name: demo\nruntime: python\n", **files}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        region = {"alicloud:region": "cn-hangzhou"}
        (folder / "Pulumi.dev.yaml").write_text(yaml.safe_dump({"config": config or region}))
        return Source(folder, "dev")

    return written


def llm(folder: Path, **config: object) -> Source:
    """Return the program of this repository with *config* over that of the dev stack."""
    file = folder / f"Pulumi.{len(list(folder.iterdir()))}.yaml"
    file.write_text(yaml.safe_dump({"config": DEV["config"] | config}))
    return Source(ROOT, "dev", file)


def of(seen: Foreseen, name: str) -> Planned:
    """Return the resource called *name*."""
    return next(one for one in seen.resources if one.name == name)


def steps(seen: Foreseen) -> dict[str, str]:
    """Return what becomes of each resource."""
    return {one.name: one.step for one in seen.resources if one.custom}


def test_new_stack(tmp_path: Path) -> None:
    """A new stack is made as a whole, parents first; what only an update knows is unknown."""
    seen = foresee(llm(tmp_path))

    assert (seen.good, seen.errors) == (True, ())
    assert {one.step for one in seen.resources} == {"create"}
    assert [one.name for one in seen.resources[:2]] == ["llm-dev", "llm"]
    assert of(seen, "llm-vswitch").inputs["vpcId"] is UNKNOWN
    assert of(seen, "llm-vswitch").sources["vpcId"] == (of(seen, "llm-vpc").urn,)
    assert "Qwen/Qwen3-8B with vLLM on ecs.gn7i-c8g1.2xlarge (1 x A10): fits" in seen.messages[0].text


def test_secrets_are_masked(tmp_path: Path) -> None:
    """No secret leaves the process of the program, whatever the stack file does with it."""
    seen = foresee(llm(tmp_path, **{"llm:apiKey": KEY}))

    assert of(seen, "llm-api-key").inputs["value"] is SECRET
    assert seen.outputs["apiKey"] is SECRET
    assert KEY not in seen.text()


ENCRYPTED = {
    "apiKey": {"llm:apiKey": {"secure": "v1:abc"}},
    "certificate and key": {
        "llm:args": DEV["config"]["llm:args"]
        | {"tlsCertificate": {"secure": "v1:abc"}, "tlsPrivateKey": {"secure": "v1:def"}}
    },
}


@pytest.mark.parametrize("config", ENCRYPTED.values(), ids=ENCRYPTED)
def test_encrypted_values(tmp_path: Path, config: dict[str, object]) -> None:
    """An encrypted value needs no passphrase: something of its shape stands in for it."""
    seen = foresee(llm(tmp_path, **config))

    assert (seen.good, seen.errors) == (True, ())


def test_a_kubeconfig_that_is_encrypted(tmp_path: Path) -> None:
    """Pods of a cluster that only an encrypted kubeconfig names are foreseen, and the same the next time."""
    stack = yaml.safe_load((ROOT / "docs/stacks/Pulumi.acs-cluster.yaml").read_text())["config"]
    kept = {name: value for name, value in stack["llm:args"].items() if not name.startswith("api")}
    args = kept | {"privateAllowedCidrs": ["10.0.0.0/8"], "oidcProviderArn": "acs:ram::1:oidc-provider/mine"}
    source = llm(tmp_path, **stack | {"llm:args": args, "llm:kubeconfig": {"secure": "v1:abc"}})

    before, after = foresee_change(source, source)

    assert (before.errors, after.errors) == ((), ())
    assert set(steps(after).values()) == {"same"}


def test_an_encrypted_value_that_changed(tmp_path: Path) -> None:
    """Another ciphertext is taken for another value."""
    old, new = (llm(tmp_path, **{"llm:apiKey": {"secure": text}}) for text in ("v1:abc", "v1:def"))

    _, seen = foresee_change(old, new)

    assert of(seen, "llm-api-key").changed == ("value",)


def test_a_change(write: Write) -> None:
    """A change keeps, replaces and deletes what the base made; what depends on a replacement goes with it."""
    base = write("base", NETWORK + SWITCH + "alicloud.ecs.SecurityGroup('group', vpc_id=vpc.id)\n")
    head = write("head", NETWORK.replace("10.0.0.0/16", "10.0.0.0/8") + SWITCH)

    before, after = foresee_change(base, head)

    assert set(steps(before).values()) == {"create"}
    assert steps(after) == {"vpc": "update", "vswitch": "same", "group": "delete"}


def test_the_users_own_network(write: Write) -> None:
    """What lies in a network that only the account has is assumed to be made, and stays the same."""
    program = write("base", IN_MINE)

    before, after = foresee_change(program, program)

    assert (before.good, after.good) == (True, True)
    assert steps(after) == {"group": "same", "rule": "same"}


def test_what_only_the_account_knows(write: Write) -> None:
    """What is looked up in the account, or in another stack, is not known and no change."""
    program = write("base", ELSEWHERE)

    before, after = foresee_change(program, program)

    assert (before.errors, after.errors) == ((), ())
    assert steps(after) == {"vswitch": "same", "group": "same"}
    assert of(after, "group").inputs["description"] is UNKNOWN


def test_a_cluster_of_the_users_own(tmp_path: Path) -> None:
    """Pods of a cluster that only the account has are foreseen, and stay the same."""
    stack = yaml.safe_load((ROOT / "docs/stacks/Pulumi.acs-cluster.yaml").read_text())["config"]
    kept = {name: value for name, value in stack["llm:args"].items() if not name.startswith("api")}
    mine = {"privateAllowedCidrs": ["10.0.0.0/8"], "clusterId": "c-mine"}
    source = llm(tmp_path, **stack | {"llm:args": kept | mine})

    before, after = foresee_change(source, source)

    assert (before.errors, after.errors) == ((), ())
    assert set(steps(after).values()) == {"same"}


def test_types_without_rules(write: Write) -> None:
    """Resources of a provider that is not here are seen all the same, and it is said what is not known of them."""
    before, after = foresee_change(
        write("base", NO_RULES.replace("SIZE", "1")), write("head", NO_RULES.replace("SIZE", "2"))
    )

    assert (before.errors, after.errors) == ((), ())
    assert steps(after) == {"one": "update", "two": "update", "three": "same"}
    assert [said.text for said in after.messages] == [
        "other:index:Other: no rules of this type are known here. What would replace it is shown as an update."
    ]


def test_a_base_that_is_broken(write: Write) -> None:
    """From a base that fails, the head is seen as a new stack."""
    before, after = foresee_change(write("base", "1 / 0"), write("head", NETWORK))

    assert not before.good
    assert steps(after) == {"vpc": "create"}


def test_a_head_that_is_broken(write: Write) -> None:
    """What a program did not come to is not deleted."""
    _, after = foresee_change(write("base", NETWORK), write("head", "1 / 0"))

    assert not after.good
    assert steps(after) == {}


def test_its_own_components(write: Write) -> None:
    """Each program imports the components beside it, and a package of this tool's name is in nobody's way."""
    program = "import components\n" + NETWORK + "pulumi.export('made', components.WORD)\n"
    files = {word: {"components/__init__.py": f"WORD = {word!r}\n", "scripts/__init__.py": "1 / 0"} for word in WORDS}
    sources = [write(word, program, **files[word]) for word in WORDS]

    seen = foresee_change(*sources)

    assert [one.outputs.get("made") for one in seen] == list(WORDS)


def test_no_environment(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program sees nothing of the environment of whoever looks."""
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", KEY)

    seen = foresee(write("head", NETWORK + "import os\npulumi.export('seen', sorted(os.environ))\n"))

    assert "ALIBABA_CLOUD_ACCESS_KEY_ID" not in seen.outputs["seen"]


BROKEN = {
    "it raises": ("import pulumi\nraise pulumi.RunError('No zone has room.')", "No zone has room."),
    "a Python error": ("1 / 0", "ZeroDivisionError: division by zero"),
    "it ends itself": (
        "import os\nprint('so long', flush=True)\nos._exit(3)",
        "The program ended with status 3 before its resources were known.\nso long",
    ),
}


@pytest.mark.parametrize(("program", "text"), BROKEN.values(), ids=BROKEN)
def test_broken_programs(write: Write, program: str, text: str) -> None:
    """A program that fails is a result, not an exception."""
    seen = foresee(write("head", program))

    assert not seen.good
    assert text in seen.errors[0]


def test_no_such_stack(write: Write) -> None:
    """A stack that has no file is named."""
    seen = foresee(Source(write("head", NETWORK).folder, "prod"))

    message = "stack: there is no 'prod' here. Write a Pulumi.prod.yaml, or name another with --stack."
    assert seen == Foreseen.failed(message)
