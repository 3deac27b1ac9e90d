"""What a volume of OSS leads to, and whether whoever mounts it may read it."""

from pathlib import Path

from scripts.localcloud.machines.authority import certificates
from scripts.localcloud.machines.hosts import sts
from scripts.localcloud.machines.hosts.messages import RefusedError
from scripts.localcloud.machines.hosts.state import Account, Credentials
from scripts.localcloud.machines.pods.spec import OidcRole, OssVolume
from scripts.localcloud.machines.spec import MachineError


def folder_of(account: Account, volume: OssVolume) -> Path:
    """
    Return the folder of this host that holds the objects of *volume*.

    Raises:
        MachineError: It cannot be mounted.
    """
    if reason := refusal(account, volume):
        raise MachineError(reason)
    folder = _root(account, volume) / volume.path
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def refusal(account: Account, volume: OssVolume) -> str | None:
    """Return None when *volume* can be listed and read, else OSS's or STS's reason."""
    entry = account.services["oss"].get(volume.bucket)
    if entry is None:
        return f"NoSuchBucket: the bucket {volume.bucket} does not exist."
    try:
        holder = _holder(account, volume)
    except RefusedError as problem:
        return f"{problem.code}: {problem}"
    bucket = f"acs:oss:{entry['region']}:0:{volume.bucket}"
    needed = {"oss:ListObjects": bucket, "oss:GetObject": f"{bucket}/{volume.path}/x".replace("//", "/")}
    for action, resource in needed.items():
        if not holder.may(action, resource):
            return f"AccessDenied: the policies of whoever mounts it do not allow {action} on {resource}."
    return None


def _root(account: Account, volume: OssVolume) -> Path:
    return Path(account.services["oss"][volume.bucket]["root"])


def _holder(account: Account, volume: OssVolume) -> Credentials:
    identity = volume.identity
    certificates(account.home)
    if isinstance(identity, OidcRole):
        return sts.assume(account, identity.role_arn, identity.provider_arn, _claims(account, identity))
    user = account.user(identity.key_id)
    if user is None or user.secret != identity.secret:
        raise RefusedError(
            403, "InvalidAccessKeyId", "The OSS Access Key Id you provided does not exist in our records."
        )
    return user


def _claims(account: Account, identity: OidcRole) -> dict[str, object]:
    """Return what the token of the service account that mounts would say."""
    namespace, _, name = identity.service_account.partition("/")
    issuer = account.services["oidc"].get(identity.provider_arn, {}).get("issuer", "")
    return {"iss": issuer, "aud": [sts.AUDIENCE], "sub": f"system:serviceaccount:{namespace}:{name}"}
