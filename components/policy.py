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
        bucket, prefix = weights
        statements.append(_allow("oss:GetObject", f"acs:oss:*:*:{bucket}/{prefix}/*"))
        listing = _allow("oss:ListObjects", f"acs:oss:*:*:{bucket}")
        statements.append(listing | {"Condition": {"StringLike": {"oss:Prefix": [f"{prefix}/*"]}}})
    return {"Version": "1", "Statement": statements} if statements else None


def _allow(action: str, *resources: str) -> Document:
    return {"Effect": "Allow", "Action": [action], "Resource": list(resources)}
