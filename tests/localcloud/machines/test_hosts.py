"""The hosts a machine calls: metadata with sessions, OOS by role, the model hub, OSS."""

import base64
import hashlib
import json
from pathlib import Path

import pytest

from scripts.localcloud.machines.hosts.crc64 import crc64
from scripts.localcloud.machines.hosts.messages import byte_range
from scripts.localcloud.machines.hosts.weights import generated
from tests.localcloud.machines.booted import Site

READ_SECRET = [
    {
        "effect": "Allow",
        "actions": ["oos:GetSecretParameter"],
        "resources": ["acs:oos:cn-hangzhou:1:secretparameter/key"],
    },
    {"effect": "Allow", "actions": ["kms:GetSecretValue"], "resources": ["acs:kms:cn-hangzhou:1:secret/*"]},
]
READ_BUCKET = [
    {
        "effect": "Allow",
        "actions": ["oss:Get*", "oss:ListObjects"],
        "resources": ["acs:oss:*:*:models", "acs:oss:*:*:models/q/*"],
    }
]
CLIENT = (Path(__file__).parent / "signed_calls.py").read_text()


def call(*arguments: str) -> str:
    """Return a command that runs the independent client on the machine."""
    packed = base64.b64encode(CLIENT.encode()).decode()
    return f"echo {packed} | base64 -d >/tmp/client.py; python3 /tmp/client.py {' '.join(arguments)}"


@pytest.mark.machine
def test_metadata_answers_to_a_session_only(site: Site) -> None:
    """Without a token 403, with one the facts of the instance; a wrong life time gets no token."""
    site.boot(user_data="#!/bin/sh\n", role_name="llm-role")

    shown = json.loads(site.output(call("metadata")))

    assert {
        "no token": 403,
        "ttl 0": 400,
        "region": "cn-hangzhou",
        "instance": "i-one",
        "address": "127.254.0.5",
        "user data": "#!/bin/sh\n",
        "role": "llm-role",
        "code": "Success",
    } == shown


@pytest.mark.machine
@pytest.mark.parametrize(
    ("role", "statements", "arguments", "answer"),
    [
        ("r", READ_SECRET, "acs3 key", "200 the-value"),
        ("r", READ_SECRET, "rpc key", "200 the-value"),
        ("r", READ_SECRET, "acs3-wrong key", "400 SignatureDoesNotMatch"),
        ("r", READ_SECRET, "acs3 other", "403 NoPermission"),
        ("r", READ_SECRET, "rpc other", "403 NoPermission"),
        ("r", READ_SECRET[:1], "acs3 key", "403 NoPermission"),
        ("r", [*READ_SECRET, READ_SECRET[0] | {"effect": "Deny"}], "acs3 key", "403 NoPermission"),
        (
            "r",
            [{"effect": "Allow", "actions": ["*"], "resources": ["*"]}],
            "acs3 absent",
            "404 EntityNotExists.Parameter",
        ),
        (None, READ_SECRET, "acs3 key", "no role"),
    ],
)
def test_a_secret_parameter_is_read_by_a_role_that_may(
    site: Site, role: str | None, statements: list[dict[str, object]], arguments: str, answer: str
) -> None:
    """Both signatures count; a missing permission, a wrong signature or no role has the vendor's own code."""
    parameters = {"key": {"value": "the-value"}, "other": {"value": "of another role"}}
    site.services(oos={"cn-hangzhou": parameters}, roles={"r": {"statements": statements}})
    site.boot(role_name=role)

    assert f"{answer}\n" == site.run(call(arguments)).output


@pytest.mark.machine
def test_a_role_that_comes_late_is_there_at_the_next_look(site: Site) -> None:
    """Attaching a role needs no reboot; the fault role_never keeps it away."""
    site.services(oos={"cn-hangzhou": {"key": {"value": "v"}}}, roles={"r": {"statements": READ_SECRET}})
    site.boot()

    before = site.run(call("acs3 key")).output
    site.machines.set_role("i-one", "r")
    then = site.run(call("acs3 key")).output
    site.machines.set_faults("i-one", {"role_never": True})

    assert ["no role\n", "200 v\n", "no role\n"] == [before, then, site.run(call("acs3 key")).output]


@pytest.mark.machine
def test_the_hub_needs_egress_and_serves_what_it_lists(site: Site) -> None:
    """Every file has the size and the sha256 of the listing; without internet there is no route."""
    site.boot(internet=False)
    closed = site.run(call("hub Qwen/Qwen3-8B")).output

    site.machines.set_internet("i-one", internet=True)

    assert "OSError: [Errno 101] Network is unreachable\n" == closed
    assert "12 files, 0 wrong, part 206 bytes 10-19/205064\n" == site.output(call("hub Qwen/Qwen3-8B"))


@pytest.mark.machine
@pytest.mark.parametrize(
    ("faults", "answer"),
    [
        ({"truncate_shard": 0}, "IncompleteRead: model-00001-of-00004.safetensors"),
        ({"truncate_shard": "model-00003-of-00004.safetensors"}, "IncompleteRead: model-00003-of-00004.safetensors"),
        ({"wrong_hash_shard": 1}, "12 files, 1 wrong, part 206 bytes 10-19/205064"),
    ],
)
def test_the_hub_sends_a_shard_short_or_wrong_on_request(site: Site, faults: dict[str, object], answer: str) -> None:
    """The listing stays right, so that a client can notice."""
    site.boot(faults=faults)

    assert f"{answer}\n" == site.run(call("hub Qwen/Qwen3-8B")).output


@pytest.mark.machine
@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        ("oss4 models q/", "200 q/a%20b.txt,q/c.txt"),
        ("oss4 models q/c.txt", "200 c-content 8487225388867160085"),
        ("oss1 models q/c.txt", "200 c-content 8487225388867160085"),
        ("oss4 models secret.txt", "403 AccessDenied"),
        ("oss4 none q/c.txt", "404 NoSuchBucket"),
        ("oss4 models q/none.txt", "404 NoSuchKey"),
        ("oss4-wrong models q/c.txt", "403 SignatureDoesNotMatch"),
    ],
)
def test_oss_serves_a_role_that_may(site: Site, tmp_path: Path, arguments: str, answer: str) -> None:
    """Signed in either version, listed in pages, with the CRC-64 of the object; inside the VPC without egress."""
    bucket = tmp_path / "bucket"
    (bucket / "q").mkdir(parents=True)
    (bucket / "q" / "a b.txt").write_text("a")
    (bucket / "q" / "c.txt").write_text("c-content")
    (bucket / "secret.txt").write_text("s")
    site.services(
        oss={"models": {"region": "cn-hangzhou", "root": str(bucket)}}, roles={"r": {"statements": READ_BUCKET}}
    )
    site.boot(role_name="r", internet=False)

    expected = answer.replace("8487225388867160085", str(crc64(b"c-content")))
    assert f"{expected}\n" == site.run(call(arguments)).output


def test_crc64_is_the_one_of_the_standard() -> None:
    """Check value of CRC-64/XZ, in one piece and in two."""
    assert 0x995DC9BBDF1939FA == crc64(b"123456789")
    assert crc64(b"123456789") == crc64(b"89", crc64(b"1234567"))


def test_made_up_weights_are_the_same_everywhere_and_complete() -> None:
    """Bytes depend on the model's name only, and the index names every shard."""
    files = generated("Qwen/Qwen3-8B")
    index = json.loads(files["model.safetensors.index.json"].read(0, 1 << 20))

    assert {name for name in files if name.endswith(".safetensors")} == set(index["weight_map"].values())
    assert "99d7" == hashlib.sha256("".join(file.sha256 for file in files.values()).encode()).hexdigest()[:4]
    assert generated("Qwen/Qwen3-8B") != generated("Qwen/QwQ-32B")


@pytest.mark.parametrize(
    ("header", "part"),
    [(None, None), ("bytes=0-0", (0, 1)), ("bytes=5-", (5, 10)), ("bytes=-3", (7, 10)), ("bytes=8-99", (8, 10))],
)
def test_ranges(header: str | None, part: tuple[int, int] | None) -> None:
    """First to one past the last byte of ten."""
    assert part == byte_range(header, 10)


def test_a_range_behind_the_end_cannot_be_satisfied() -> None:
    """That is 416 on the wire."""
    with pytest.raises(ValueError, match="bytes=10- of 10 bytes"):
        byte_range("bytes=10-", 10)
