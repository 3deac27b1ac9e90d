"""OSS, which signs in a way of its own and answers XML."""

import alibabacloud_oss_v2 as oss

from scripts.openapi.client import OpenApi
from scripts.openapi.errors import RefusedError, UnreachableError


def list_buckets(api: OpenApi) -> None:
    """
    Ask for the account's first bucket: who may ask, and has opened OSS, gets an answer.

    Raises:
        ApiError: No answer, or one that says no.

    """
    scheme, host = api.endpoint("oss")
    signed = api.credential.get_credential()
    config = oss.config.load_default()
    config.credentials_provider = oss.credentials.StaticCredentialsProvider(
        signed.access_key_id, signed.access_key_secret, signed.security_token
    )
    config.region, config.endpoint, config.retry_max_attempts = api.region, f"{scheme.lower()}://{host}", 1
    try:
        oss.Client(config).list_buckets(oss.ListBucketsRequest(max_keys=1))
    except oss.exceptions.OperationError as error:
        cause = error.unwrap()
        if isinstance(cause, oss.exceptions.ServiceError):
            raise RefusedError("oss ListBuckets", cause.code, cause.message, cause.status_code) from error
        raise UnreachableError(f"{host}: no connection. Is this machine on a network that reaches it?") from error
