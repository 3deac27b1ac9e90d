"""What a machine runs when it boots, as text."""

import base64
import binascii


def plain(text: str) -> str:
    """Return *text*, decoded where it is base64 as the service takes it."""
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return text
