"""The vendor's APIs are called as the provider would call them, and every way to fail is one sentence."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from scripts.openapi import ApiError, RefusedError, connect
from scripts.openapi.client import PRODUCTS, OpenApi
from scripts.openapi.oss import list_buckets
from tests.unit.fake_openapi import KEY_ID, SECRET, TOKEN, FakeOpenApi, refusal

IDENTITY = {"Arn": "acs:ram::1:user/somebody", "AccountId": "1"}
THROTTLED = refusal("Throttling.User", "Request was denied due to user flow control.", 400)
SAID = [
    (
        refusal("Forbidden.RAM", "User not authorized to operate on the specified resource.", 403),
        "sts GetCallerIdentity: Forbidden.RAM: User not authorized to operate on the specified resource.",
    ),
    (
        refusal("InvalidAccessKeyId.NotFound", "Specified access key is not found.", 404),
        (
            "sts GetCallerIdentity: the credentials are not accepted (InvalidAccessKeyId.NotFound). "
            "Are they whole, enabled and current?"
        ),
    ),
    (THROTTLED, "sts GetCallerIdentity: too many calls (Throttling.User). Run it again in a minute."),
]


def api(fake: FakeOpenApi, **changed: str) -> OpenApi:
    """Return the client of *fake*, with other variables."""
    return connect(fake.environment | changed, "cn-hangzhou")


def test_a_call_is_signed_and_spelled_out() -> None:
    """Whatever a value holds, the server's own arithmetic comes to the same signature; lists become numbered names."""
    with FakeOpenApi({"RunInstances": {"InstanceIds": []}}) as fake:
        api(fake).call("ecs", "RunInstances", Name="a b+c*~/é&=", DataDisk=[{"Size": 20}], DryRun=True, Absent=None)

        assert [("RunInstances", {"Name": "a b+c*~/é&=", "DataDisk.1.Size": "20", "DryRun": "true"})] == [
            (action, parameters) for action, parameters in fake.requests
        ]


def test_an_api_of_paths_is_read() -> None:
    """Of CS the path says what is asked."""
    with FakeOpenApi({"DescribeClustersV1": {"clusters": []}}) as fake:
        assert {"clusters": []} == api(fake).call("cs", "DescribeClustersV1", "/api/v1/clusters", page_size=10)


def test_pages_are_read_to_the_end() -> None:
    """The token of one page asks for the next."""
    pages: list[Mapping[str, Any]] = [
        {"Quotas": [{"n": 1}], "NextToken": "t"},
        {"Quotas": [{"n": 2}], "NextToken": ""},
    ]
    with FakeOpenApi({"ListProductQuotas": pages}) as fake:
        found = list(api(fake).pages("quotas", "ListProductQuotas", rows="Quotas", ProductCode="ecs"))

        assert [{"n": 1}, {"n": 2}] == found
        assert [None, "t"] == [parameters.get("NextToken") for _, parameters in fake.requests]


@pytest.mark.parametrize(("answer", "sentence"), SAID, ids=[answer["Code"] for answer, _ in SAID])
def test_what_an_api_refuses_is_one_sentence(answer: dict[str, Any], sentence: str) -> None:
    """It names the call, the code and what was said."""
    with FakeOpenApi({"GetCallerIdentity": answer}) as fake, pytest.raises(RefusedError) as refused:
        OpenApi(api(fake).credential, "cn-hangzhou", fake.environment, waits_seconds=()).call(
            "sts", "GetCallerIdentity"
        )

    assert sentence == str(refused.value)


def test_a_throttled_call_is_made_again() -> None:
    """After the first pause it succeeds, and nobody hears of it."""
    slept: list[float] = []
    with FakeOpenApi({"GetCallerIdentity": [THROTTLED, IDENTITY]}) as fake:
        patient = OpenApi(api(fake).credential, "cn-hangzhou", fake.environment, sleep=slept.append)

        assert (IDENTITY, [1]) == (patient.call("sts", "GetCallerIdentity"), slept)


def test_a_wrong_secret_is_not_repeated() -> None:
    """What the service says of a wrong signature holds what was signed; it is not shown."""
    with FakeOpenApi({}) as fake:
        client, fake.secret = api(fake), "another"
        with pytest.raises(RefusedError) as refused:
            client.call("sts", "GetCallerIdentity")

    assert (
        "sts GetCallerIdentity: the credentials are not accepted (SignatureDoesNotMatch). "
        "Are they whole, enabled and current?" == str(refused.value)
    )


def test_nobody_there() -> None:
    """A host that answers nothing, and one that answers something else."""
    with FakeOpenApi({}, body=b"<html>hello</html>") as fake:
        host = fake.environment["ALIBABA_CLOUD_ENDPOINT_STS"].removeprefix("http://")
        with pytest.raises(ApiError) as strange:
            api(fake).call("sts", "GetCallerIdentity")
    with pytest.raises(ApiError) as silent:
        api(fake).call("sts", "GetCallerIdentity")

    assert f"{host}: no connection. Is this machine on a network that reaches it?" == str(silent.value)
    assert f"{host}: the answer is not what this API answers. Is something else listening there?" == str(strange.value)


def test_no_address() -> None:
    """A region that is none, or no network: the name is not known."""
    environment = {"ALIBABA_CLOUD_ACCESS_KEY_ID": KEY_ID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": SECRET}
    with pytest.raises(ApiError) as error:
        connect(environment | {"ALIBABA_CLOUD_ENDPOINT_ECS": "ecs.nowhere.invalid"}, "nowhere").call("ecs", "X")

    assert (
        "ecs.nowhere.invalid: no address is known for this name. Is the region right, and this machine on a network?"
        == str(error.value)
    )


def test_plain_http_leaves_no_machine() -> None:
    """An override without TLS is taken on loopback only."""
    environment = {"ALIBABA_CLOUD_ACCESS_KEY_ID": KEY_ID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": SECRET}
    with pytest.raises(ApiError) as error:
        connect(environment | {"ECS_ENDPOINT": "http://10.0.0.1"}, "cn-hangzhou").call("ecs", "DescribeZones")

    assert (
        "ALIBABA_CLOUD_ENDPOINT_ECS: 'http://10.0.0.1' would send requests unencrypted. Write it with https://."
        == str(error.value)
    )


@pytest.mark.parametrize(
    ("environment", "product", "host"),
    [
        ({}, "ecs", "ecs.cn-hangzhou.aliyuncs.com"),
        ({}, "bssopenapi", "business.aliyuncs.com"),
        ({"ALIBABA_CLOUD_ACCOUNT_TYPE": "International"}, "bssopenapi", "business.ap-southeast-1.aliyuncs.com"),
        ({"ALIBABA_CLOUD_ACCOUNT_TYPE": "International"}, "ecs", "ecs.cn-hangzhou.aliyuncs.com"),
        ({"ECS_ENDPOINT": "ecs.example.com"}, "ecs", "ecs.example.com"),
        ({"ALIBABA_CLOUD_ENDPOINT_ECS": "https://ecs.example.com/"}, "ecs", "ecs.example.com"),
    ],
    ids=str,
)
def test_hosts(environment: dict[str, str], product: str, host: str) -> None:
    """They are the vendor's, unless the provider's own variables say otherwise."""
    key = {"ALICLOUD_ACCESS_KEY": KEY_ID, "ALICLOUD_SECRET_KEY": SECRET}

    assert ("HTTPS", host) == connect(key | environment, "cn-hangzhou").endpoint(product)


@pytest.mark.parametrize("product", PRODUCTS)
def test_each_product_names_its_source(product: str) -> None:
    """A version, a host, and where they were read."""
    row = PRODUCTS[product]

    assert {"version", "host", "source", "checked"} <= row.keys()
    assert row["source"].startswith("https://")


def test_no_credentials() -> None:
    """It says what to set."""
    with pytest.raises(ApiError) as error:
        connect({}, "cn-hangzhou")

    assert (
        "credentials: none found. Set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET (and "
        "ALIBABA_CLOUD_SECURITY_TOKEN for temporary ones), or ALIBABA_CLOUD_PROFILE to a profile of "
        "`aliyun configure`." == str(error.value)
    )


def test_half_a_key() -> None:
    """It says which half is missing."""
    with pytest.raises(ApiError) as error:
        connect({"ALICLOUD_ACCESS_KEY": KEY_ID}, "cn-hangzhou")

    assert (
        "credentials: ALIBABA_CLOUD_ACCESS_KEY_SECRET is not set, and ALIBABA_CLOUD_ACCESS_KEY_ID alone signs nothing. "
        "Set both." == str(error.value)
    )


def test_a_profile_that_is_not_there(caplog: pytest.LogCaptureFixture) -> None:
    """The second sentence is the library's own; it logs nothing beside it."""
    environment = {"ALICLOUD_PROFILE": "dev", "ALICLOUD_SHARED_CREDENTIALS_FILE": "/nowhere.json"}
    with pytest.raises(ApiError) as error:
        connect(environment, "cn-hangzhou")

    assert "credentials: none to be had. unable to open credentials file: /nowhere.json." == str(error.value)
    assert [] == caplog.records


def test_a_service_that_gives_no_credentials() -> None:
    """Its address is part of the sentence."""
    with pytest.raises(ApiError, match=r"^credentials: none to be had. HTTPConnectionPool\(host='127.0.0.1', port=9\)"):
        connect({"ALICLOUD_CREDENTIALS_URI": "http://127.0.0.1:9/"}, "cn-hangzhou")


def test_the_stack_s_profile_comes_first(tmp_path: Path) -> None:
    """What the stack's configuration names, in the file that `aliyun configure` writes."""
    profiles = [
        {"name": "dev", "mode": "StsToken", "access_key_id": KEY_ID, "access_key_secret": SECRET, "sts_token": TOKEN}
    ]
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"current": "other", "profiles": profiles}))
    with FakeOpenApi({"GetCallerIdentity": IDENTITY}) as fake:
        hosts = {name: value for name, value in fake.environment.items() if "ENDPOINT" in name}
        settings = {"profile": "dev", "sharedCredentialsFile": str(file)}

        assert IDENTITY == connect(hosts | {"ALICLOUD_PROFILE": "x"}, "cn-hangzhou", settings).call(
            "sts", "GetCallerIdentity"
        )


def test_a_role_is_taken_on() -> None:
    """What the stack's `alicloud:assumeRole` names signs every later call."""
    given = {"AccessKeyId": "other", "AccessKeySecret": SECRET, "SecurityToken": TOKEN}
    with FakeOpenApi({"AssumeRole": {"Credentials": given}, "GetCallerIdentity": IDENTITY}) as fake:
        role = {"assumeRole": {"roleArn": "acs:ram::1:role/deploy"}}
        signed = connect(fake.environment, "cn-hangzhou", role).credential.get_credential()

        assert ("AssumeRole", {"RoleArn": "acs:ram::1:role/deploy", "RoleSessionName": "terraform"}) == fake.requests[0]
        assert ("other", TOKEN) == (signed.access_key_id, signed.security_token)


def test_oss_has_words_of_its_own() -> None:
    """It signs and answers in its own way; the errors are the same."""
    with FakeOpenApi({"ListBuckets": refusal("AccessDenied", "You have no right to access this object.", 403)}) as fake:
        with pytest.raises(RefusedError) as refused:
            list_buckets(api(fake))
        fake.answers = {"ListBuckets": {}}
        list_buckets(api(fake))
    with pytest.raises(ApiError) as silent:
        list_buckets(api(fake))

    assert "oss ListBuckets: AccessDenied: You have no right to access this object." == str(refused.value)
    assert refused.value.denied
    host = fake.environment["ALIBABA_CLOUD_ENDPOINT_OSS"].removeprefix("http://")
    assert f"{host}: no connection. Is this machine on a network that reaches it?" == str(silent.value)


@pytest.mark.parametrize(
    ("code", "status", "denied"),
    [
        ("Forbidden.RAM", 403, True),
        ("NoPermission", 403, True),
        ("Forbidden.NoPermission", 403, True),
        ("AccessDenied", 403, True),
        ("Forbidden.ResourceNotFound", 404, False),
        ("OperationDenied.NoStock", 403, False),
    ],
)
def test_which_refusals_are_of_ram(code: str, status: int, denied: bool) -> None:  # noqa: FBT001 a table's column
    """KMS calls what it has not Forbidden, and ECS a sold-out zone Denied."""
    assert denied == RefusedError("ecs X", code, "no", status).denied
