"""RAM policy documents. Plain values in, plain dicts out."""

from collections.abc import Sequence

Document = dict[str, object]

TRUST_ECS: Document = {
    "Version": "1",
    "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["ecs.aliyuncs.com"]}},
    ],
}
"""Lets an ECS instance take the role."""


def trust_account(provider_arn: str, issuer_url: str | None, account: str) -> Document:
    """
    Return what lets one service account of a cluster take the role (RRSA).

    The provider stands for one issuer; its URL is demanded once more where it is known.
    Source: GitHub AliyunContainerService/ack-ram-tool examples/rrsa, 2026-11-21.
    """
    claims = {"oidc:aud": "sts.aliyuncs.com", "oidc:sub": account, **({"oidc:iss": issuer_url} if issuer_url else {})}
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Federated": [provider_arn]},
        "Condition": {"StringEquals": claims},
    }
    return {"Version": "1", "Statement": [statement]}


def weights_policy(bucket: str, prefix: str, *, write: bool) -> Document:
    """Return what reads the weights below *prefix* of *bucket*, and with *write* also puts them there."""
    statements = _reads(bucket, prefix)
    if write:
        actions = ("oss:PutObject", "oss:AbortMultipartUpload")
        statements += [_allow(action, f"acs:oss:*:*:{bucket}/{prefix}/*") for action in actions]
        statements.append(_allow("oss:ListMultipartUploads", f"acs:oss:*:*:{bucket}"))
    return {"Version": "1", "Statement": statements}


def boot_policy(region: str, parameters: Sequence[str], weights: tuple[str, str] | None) -> Document | None:
    """
    Return the least policy a machine's boot needs: its own secret parameters, and *weights* (bucket, prefix) in OSS.

    None when it needs neither. OOS asks for kms:GetSecretValue beside its own action. The name of the KMS secret
    behind a parameter is not documented, so that statement stays as wide as the region's secrets until ActionTrail
    shows the name. Source: https://www.alibabacloud.com/help/doc-detail/200116.html, 2026-11-21.
    """
    statements = []
    if parameters:
        names = (f"acs:oos:{region}:*:secretparameter/{name}" for name in parameters)
        statements.append(_allow("oos:GetSecretParameter", *names))
        statements.append(_allow("kms:GetSecretValue", f"acs:kms:{region}:*:secret/*"))
    if weights is not None:
        statements += _reads(*weights)
    return {"Version": "1", "Statement": statements} if statements else None


def _reads(bucket: str, prefix: str) -> list[Document]:
    listing = _allow("oss:ListObjects", f"acs:oss:*:*:{bucket}")
    return [
        _allow("oss:GetObject", f"acs:oss:*:*:{bucket}/{prefix}/*"),
        listing | {"Condition": {"StringLike": {"oss:Prefix": [f"{prefix}/*"]}}},
    ]


def _allow(action: str, *resources: str) -> Document:
    return {"Effect": "Allow", "Action": [action], "Resource": list(resources)}
