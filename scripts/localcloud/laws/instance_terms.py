"""Under which terms an instance is sold: charge types, spot, disks, user data; and what the local cloud leaves out."""

import base64
import binascii

from scripts.localcloud.errors import CloudError
from scripts.localcloud.laws.law import Ask
from scripts.localcloud.values import Values, text

MAX_USER_DATA_BYTES = 32 * 1024
"""Raw user data that ECS accepts, before Base64.

Source: CreateInstance in https://pypi.org/project/alibabacloud-ecs20140526/7.11.8/, read 2026-11-21.
"""
_LEFT_OUT = {
    "launchTemplateId": "it has no launch templates",
    "launchTemplateName": "it has no launch templates",
    "dataDisks": "use EcsDisk and EcsDiskAttachment",
    "networkInterfaceId": "the service makes the primary interface",
    "roleName": "use RamRoleAttachment",
    "dedicatedHostId": "it has no dedicated hosts",
    "hpcClusterId": "it has no clusters",
}


def check(ask: Ask) -> None:
    """
    Check the terms in *ask*.

    Raises:
        CloudError: The service, or the local cloud, does not sell this.

    """
    for name, instead in _LEFT_OUT.items():
        if ask.inputs.get(name):
            raise CloudError("InvalidParameter", f"The local cloud does not take {name}: {instead}.")
    if ask.inputs.get("dryRun") is True:
        raise CloudError("DryRunOperation", "Request validation has been passed with DryRun flag set.")
    _spot(ask.inputs)
    _prepaid(ask.inputs)
    if text(ask.inputs, "systemDiskKmsKeyId") and ask.inputs.get("systemDiskEncrypted") is not True:
        raise CloudError("InvalidParameter", "systemDiskKmsKeyId needs systemDiskEncrypted.")
    _user_data(text(ask.inputs, "userData"))


def plain_user_data(given: str) -> str:
    """Return user data as text; what happens to be base64 is decoded, as the provider does."""
    try:
        return base64.b64decode(given, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return given


def _spot(inputs: Values) -> None:
    strategy = text(inputs, "spotStrategy")
    if strategy == "SpotWithPriceLimit" and not inputs.get("spotPriceLimit"):
        raise CloudError("MissingParameter", "spotStrategy SpotWithPriceLimit needs spotPriceLimit.")
    if strategy.startswith(("SpotAs", "SpotWith")):
        if inputs.get("instanceChargeType") == "PrePaid":
            raise CloudError("InvalidParameter", f"spotStrategy {strategy} needs instanceChargeType PostPaid.")
        if inputs.get("deletionProtection") is True:
            raise CloudError("InvalidParameter", "deletionProtection does not work on spot instances.")


def _prepaid(inputs: Values) -> None:
    if inputs.get("instanceChargeType") == "PrePaid" and not inputs.get("period"):
        raise CloudError("MissingParameter", "instanceChargeType PrePaid needs period.")


def _user_data(given: str) -> None:
    size = len(plain_user_data(given).encode())
    if size > MAX_USER_DATA_BYTES:
        message = f"userData has {size} bytes before Base64; {MAX_USER_DATA_BYTES} are allowed."
        raise CloudError("InvalidUserData.SizeExceeded", message)
