"""Where the credentials come from: the places in which the Pulumi provider looks for them, in its order."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alibabacloud_credentials.client import Client as Credential
from alibabacloud_credentials.provider import (
    CLIProfileCredentialsProvider,
    EcsRamRoleCredentialsProvider,
    StaticAKCredentialsProvider,
    StaticSTSCredentialsProvider,
    URLCredentialsProvider,
)

from scripts.openapi.errors import NoCredentialsError

# The library logs a traceback of what it then raises.
logging.getLogger("credentials").disabled = True

# Source: providerConfigure and its schema,
# https://github.com/aliyun/terraform-provider-alicloud/blob/81c43b6727a09e9da37b3d88818c3ba5fa17fa14/alicloud/provider.go,
# 2026-11-21.
KEY_ID = ("ALICLOUD_ACCESS_KEY", "ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABACLOUD_ACCESS_KEY_ID")
SECRET = ("ALICLOUD_SECRET_KEY", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABACLOUD_ACCESS_KEY_SECRET")
TOKEN = ("ALICLOUD_SECURITY_TOKEN", "ALIBABA_CLOUD_SECURITY_TOKEN", "ALIBABACLOUD_SECURITY_TOKEN")
PROFILE = ("ALICLOUD_PROFILE", "ALIBABA_CLOUD_PROFILE")
PROFILES_FILE = ("ALICLOUD_SHARED_CREDENTIALS_FILE", "ALIBABA_CLOUD_CREDENTIALS_FILE")
ROLE = ("ALICLOUD_ECS_ROLE_NAME", "ALIBABA_CLOUD_ECS_METADATA")
URI = ("ALICLOUD_CREDENTIALS_URI", "ALIBABA_CLOUD_CREDENTIALS_URI")


def credential(environment: Mapping[str, str], settings: Mapping[str, Any]) -> Credential:
    """
    Return what signs requests.

    Args:
        environment: The process's variables.
        settings: A stack's plain `alicloud:` settings without that prefix, e.g. ``{"profile": "dev"}``; they come
            before the environment, as in the provider.

    Raises:
        NoCredentialsError: None of the places holds any, or the one that should gives none.

    """
    found = _found(environment, settings)
    try:
        found.get_credential()
    except Exception as error:  # the library lets through whatever it meets
        raise NoCredentialsError(f"credentials: none to be had. {str(error).rstrip('.')}.") from error
    return found


def _found(environment: Mapping[str, str], settings: Mapping[str, Any]) -> Credential:
    def given(setting: str, names: tuple[str, ...]) -> str:
        return str(settings.get(setting) or next(filter(None, map(environment.get, names)), "")).strip()

    key_id, secret = given("accessKey", KEY_ID), given("secretKey", SECRET)
    if key_id and secret:
        return static(key_id, secret, given("securityToken", TOKEN))
    if key_id or secret:
        names = (SECRET[1], KEY_ID[1]) if key_id else (KEY_ID[1], SECRET[1])
        raise NoCredentialsError("credentials: {} is not set, and {} alone signs nothing. Set both.".format(*names))
    if profile := given("profile", PROFILE):
        file = given("sharedCredentialsFile", PROFILES_FILE) or None
        name = str(Path(file).expanduser()) if file else None
        return Credential(provider=CLIProfileCredentialsProvider(profile_name=profile, profile_file=name))
    if role := given("ecsRoleName", ROLE):
        return Credential(provider=EcsRamRoleCredentialsProvider(role_name=role))
    if uri := given("credentialsUri", URI):
        return Credential(provider=URLCredentialsProvider(uri=uri))
    raise NoCredentialsError(
        f"credentials: none found. Set {KEY_ID[1]} and {SECRET[1]} (and {TOKEN[1]} for temporary ones), "
        f"or {PROFILE[1]} to a profile of `aliyun configure`."
    )


def static(key_id: str, secret: str, token: str = "") -> Credential:
    """Return what signs with a key, or with a temporary one when there is a *token*."""
    if token:
        return Credential(
            provider=StaticSTSCredentialsProvider(access_key_id=key_id, access_key_secret=secret, security_token=token)
        )
    return Credential(provider=StaticAKCredentialsProvider(access_key_id=key_id, access_key_secret=secret))
