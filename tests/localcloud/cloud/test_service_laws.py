"""The laws of RAM, OOS and OSS, the random provider, and what the machines' endpoints are given."""

import json
import stat
from pathlib import Path

import pytest

from scripts.localcloud.cloud import Cloud
from scripts.localcloud.kinds import (
    BUCKET,
    BUCKET_ACCESS_BLOCK,
    BUCKET_OBJECT,
    PASSWORD,
    POLICY,
    POLICY_ATTACHMENT,
    RANDOM_ID,
    ROLE_ATTACHMENT,
    SECRET_PARAMETER,
)
from scripts.localcloud.machines.hosts.bucket import Bucket as Stored
from scripts.localcloud.machines.hosts.state import Account, Credentials
from scripts.localcloud.marks import SECRET_MARK
from scripts.localcloud.store import kept_at
from scripts.localcloud.values import Values
from tests.localcloud.cloud.test_network_laws import refusal
from tests.localcloud.cloud.world import Region

DOCUMENT = '{"Version":"1","Statement":[{"Effect":"Allow","Action":"oos:GetSecretParameter","Resource":["*"]}]}'
SENTINEL = "sentinel-key"


def test_names_are_unique_where_they_are(region: Region) -> None:
    """Roles, policies, secret parameters and buckets exist once under a name."""
    secret = frozenset({"value"})
    region.role()
    region.make(POLICY, policyName="p", policyDocument=DOCUMENT)
    region.make_secret(SECRET_PARAMETER, secret, secretParameterName="llm-key", value="v")
    region.make(BUCKET, bucket="weights")

    assert [
        "EntityAlreadyExists.Role: The role 'reader' already exists.",
        "EntityAlreadyExists.Policy: The policy 'p' already exists.",
        "EntityAlreadyExists.Parameter: The parameter 'llm-key' already exists.",
        "BucketAlreadyExists: The bucket 'weights' exists; bucket names are global.",
    ] == [
        refusal(region.role),
        refusal(lambda: region.make(POLICY, policyName="p", policyDocument=DOCUMENT)),
        refusal(lambda: region.make_secret(SECRET_PARAMETER, secret, secretParameterName="llm-key", value="v")),
        refusal(lambda: region.make(BUCKET, bucket="weights")),
    ]


def test_what_is_attached_stays_unless_forced(region: Region) -> None:
    """A role or policy in use is not deleted; ``force`` lets go."""
    role, forced = region.role("kept"), region.role("loose", force=True)
    policy = region.make(POLICY, policyName="p", policyDocument=DOCUMENT)
    for holder in (role, forced):
        region.make(POLICY_ATTACHMENT, policyName="p", policyType="Custom", roleName=holder.id)

    assert "DeleteConflict.Role.Policy: kept still has policy p." == refusal(lambda: region.delete(role))
    region.delete(forced)
    assert "DeleteConflict.Policy.Role: p is still attached to kept." == refusal(lambda: region.delete(policy))
    assert 1 == region.read(policy)["attachmentCount"]


def test_the_role_of_a_machine_stays(region: Region) -> None:
    """A role cannot go while an instance has it."""
    role, instance = region.role(force=True), region.machine()
    region.make(ROLE_ATTACHMENT, instanceId=instance.id, ramRoleName=role.id)

    assert refusal(lambda: region.delete(role)) == f"DeleteConflict.Role.Instance: reader is the role of {instance.id}."


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (
            {"policyType": "Custom", "policyName": "x"},
            "EntityNotExist.Policy: The specified Policy 'x' does not exist.",
        ),
        (
            {"policyType": "System", "policyName": "AdministratorAccess"},
            (
                "EntityNotExist.Policy: The local cloud knows the system policies "
                "AliyunOSSReadOnlyAccess, AliyunOOSReadOnlyAccess."
            ),
        ),
    ],
)
def test_policies_that_are_not_there(region: Region, inputs: Values, message: str) -> None:
    """Only a policy that exists is attached."""
    role = region.role()

    assert message == refusal(lambda: region.make(POLICY_ATTACHMENT, roleName=role.id, **inputs))


def test_a_policy_is_a_policy(region: Region) -> None:
    """JSON that is no policy is refused, and a new document is a new version."""
    assert refusal(lambda: region.make(POLICY, policyName="p", policyDocument="{}")) == (
        "MalformedPolicyDocument: policyDocument: 'Statement' is missing or not legal."
    )
    policy = region.make(POLICY, policyName="p", policyDocument=DOCUMENT)
    assert "v2" == region.update(policy, policyDocument=DOCUMENT.replace("Get", "List")).properties["defaultVersion"]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "no spaces",
            "v",
            "InvalidParameter.Name: secretParameterName 'no spaces' must be 2 to 200 letters, digits, - or _.",
        ),
        ("name", "", "InvalidParameter.Value: value has 0 characters; 1 to 4096 are allowed."),
        ("name", "v" * 4097, "InvalidParameter.Value: value has 4097 characters; 1 to 4096 are allowed."),
    ],
)
def test_secret_parameters_that_cannot_be(region: Region, name: str, value: str, message: str) -> None:
    """Names and lengths are the service's, and the value is not in the message."""
    assert message == refusal(lambda: region.make(SECRET_PARAMETER, secretParameterName=name, value=value))


def test_buckets(region: Region, cloud: Cloud) -> None:
    """A bucket is a folder: it has one setting of each kind, keeps its objects in, and goes when it is empty."""
    assert refusal(lambda: region.make(BUCKET, bucket="Upper")).startswith("InvalidBucketName")
    bucket = region.make(BUCKET, bucket="weights")
    region.make(BUCKET_ACCESS_BLOCK, bucket="weights", blockPublicAccess=True)
    again = refusal(lambda: region.make(BUCKET_ACCESS_BLOCK, bucket="weights", blockPublicAccess=True))
    thing = region.make(BUCKET_OBJECT, bucket="weights", key="a/config.json", content="{}")

    assert again == "OperationConflict: weights already has a BucketPublicAccessBlock."
    assert "{}" == (cloud.home / "oss/weights/a/config.json").read_text()
    assert refusal(lambda: region.make(BUCKET_OBJECT, bucket="weights", key="../x", content="")).startswith(
        "InvalidObjectName"
    )
    assert refusal(lambda: region.delete(bucket)) == "BucketNotEmpty: The bucket 'weights' still has objects."
    region.delete(thing)
    region.delete(bucket)


def test_parts_of_an_upload_keep_a_bucket(region: Region, cloud: Cloud) -> None:
    """As the real provider's, forceDestroy removes objects and ends no upload."""
    bucket = region.make(BUCKET, bucket="weights", forceDestroy=True)
    stored = Stored("weights", "cn-hangzhou", cloud.home / "oss/weights")
    stored.write("config.json", b"{}", "", {})
    upload = stored.begin("model.safetensors", {})

    assert refusal(lambda: region.delete(bucket)) == (
        "BucketNotEmpty: The bucket 'weights' still has parts of model.safetensors: abort the uploads."
    )
    stored.abort("model.safetensors", upload)
    region.delete(bucket)
    assert [] == list((cloud.home / "oss").iterdir())


def test_what_the_endpoints_are_given(region: Region, cloud: Cloud) -> None:
    """Parameters, roles with their statements and buckets are in one file that only we may read."""
    region.make_secret(SECRET_PARAMETER, frozenset({"value"}), secretParameterName="llm-key", value=SENTINEL)
    region.role()
    region.make(POLICY, policyName="p", policyDocument=DOCUMENT)
    region.make(POLICY_ATTACHMENT, policyName="p", policyType="Custom", roleName="reader")
    region.make(BUCKET, bucket="weights")
    path = cloud.home / "services.json"

    assert {
        "oos": {"cn-hangzhou": {"llm-key": {"value": SENTINEL}}},
        "roles": {
            "reader": {
                "arn": "acs:ram::1234567890123456:role/reader",
                "trust": [{"services": ["ecs.aliyuncs.com"], "providers": [], "conditions": []}],
                "statements": [{"effect": "Allow", "actions": ["oos:GetSecretParameter"], "resources": ["*"]}],
            }
        },
        "users": {},
        "oidc": {},
        "oss": {"weights": {"region": "cn-hangzhou", "root": str(cloud.home / "oss/weights")}},
        "modelscope": {"root": None},
    } == json.loads(path.read_text())
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)


def test_each_role_reads_its_own(region: Region, cloud: Cloud) -> None:
    """Of two parameters a role that may read one is refused the other."""
    for role, name in (("head", "llm-key"), ("worker", "llm-token")):
        region.make_secret(SECRET_PARAMETER, frozenset({"value"}), secretParameterName=name, value="v")
        document = DOCUMENT.replace('"*"', f'"acs:oos:*:*:secretparameter/{name}"')
        region.make(POLICY, policyName=role, policyDocument=document)
        region.role(role)
        region.make(POLICY_ATTACHMENT, policyName=role, policyType="Custom", roleName=role)
    roles = Account(cloud.home).services["roles"]
    holders = {role: Credentials("", "", "", 0, roles[role]["statements"]) for role in ("head", "worker")}
    resources = [f"acs:oos:cn-hangzhou:0:secretparameter/{name}" for name in ("llm-key", "llm-token")]

    assert {"head": [True, False], "worker": [False, True]} == {
        role: [holder.may("oos:GetSecretParameter", resource) for resource in resources]
        for role, holder in holders.items()
    }


def test_secrets_lie_in_marked_places_only(region: Region, cloud: Cloud) -> None:
    """Under the cloud's home a secret is in services.json and, marked, in its state; nowhere else."""
    region.make_secret(SECRET_PARAMETER, frozenset({"value"}), secretParameterName="llm-key", value=SENTINEL)
    holding = {path.name for path in cloud.home.rglob("*") if path.is_file() and SENTINEL in path.read_text()}
    parameter = json.loads(kept_at(cloud.home).read_text().splitlines()[-1])["records"][0]["properties"]

    assert {"services.json", "state.jsonl"} == holding
    assert {SECRET_MARK: SENTINEL} == parameter.pop("value")
    assert SENTINEL not in json.dumps(parameter)
    assert all(0o600 == stat.S_IMODE((cloud.home / name).stat().st_mode) for name in holding)


def test_a_password_is_made_as_asked_and_kept_nowhere(region: Region, cloud: Cloud) -> None:
    """Length, classes and minimums hold, its outputs are secret, and the cloud has no copy."""
    made = region.make(PASSWORD, length=40, special=False, minNumeric=30)
    result = str(made.properties["result"])

    assert (40, True, True) == (len(result), result.isalnum(), sum(map(str.isdigit, result)) >= 30)
    assert made.secret == ["bcryptHash", "result"]
    assert result not in "".join(path.read_text() for path in cloud.home.rglob("*") if path.is_file())
    assert refusal(
        lambda: region.make(PASSWORD, length=4, special=False, lower=False, upper=False, numeric=False)
    ).startswith("InvalidParameter")


def test_a_random_id_is_spelt_four_ways(region: Region) -> None:
    """The spellings agree."""
    made = region.make(RANDOM_ID, byteLength=4, prefix="x-").properties

    assert int(str(made["dec"]).removeprefix("x-")) == int(str(made["hex"]).removeprefix("x-"), 16)


def test_the_source_of_an_object_is_a_file(region: Region, cloud: Cloud, tmp_path: Path) -> None:
    """An object may be a file of this host."""
    (tmp_path / "weights.bin").write_bytes(b"\x00\x01")
    region.make(BUCKET, bucket="weights")
    made = region.make(BUCKET_OBJECT, bucket="weights", key="w", source=str(tmp_path / "weights.bin"))

    assert ("2", b"\x00\x01") == (made.properties["contentLength"], (cloud.home / "oss/weights/w").read_bytes())
