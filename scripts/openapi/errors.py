"""
What a call can come to, each as one sentence for the person at the terminal.

ApiError
    NoCredentialsError   nothing to sign with
    UnreachableError     no answer
    RefusedError         an answer that says no
"""

from collections.abc import Iterator

import requests

THROTTLING = ("throttling", "qps")
"""Words in the codes by which APIs say "later", in small letters."""
DENIED = ("forbidden", "nopermission", "notauthorized", "unauthorized", "accessdenied")
"""Words in the codes by which they say, with status 403, that RAM does not allow it."""
WRONG_KEY = ("InvalidAccessKeyId", "InvalidSecurityToken", "SignatureDoesNotMatch", "IncompleteSignature")
_FORBIDDEN = 403


class ApiError(Exception):
    """A sentence for the person at the terminal."""


class NoCredentialsError(ApiError):
    """There is nothing to sign a request with."""


class UnreachableError(ApiError):
    """No answer came."""


class RefusedError(ApiError):
    """The API said no."""

    def __init__(self, call: str, code: str, message: str, status: int = 400) -> None:
        self.call, self.code, self.message, self.status = call, code, message.strip().rstrip("."), status
        super().__init__(self._sentence())

    @property
    def throttled(self) -> bool:
        """Whether the same call may be made again later."""
        return self._has(THROTTLING)

    @property
    def denied(self) -> bool:
        """Whether whoever asks may not."""
        return self.status == _FORBIDDEN and self._has(DENIED)

    @property
    def wrong_key(self) -> bool:
        """Whether the credentials themselves were not accepted, so that every other call fails too."""
        return self.code.startswith(WRONG_KEY)

    def _has(self, words: tuple[str, ...]) -> bool:
        return any(word in self.code.lower() for word in words)

    def _sentence(self) -> str:
        if self.throttled:
            return f"{self.call}: too many calls ({self.code}). Run it again in a minute."
        if self.wrong_key:
            # The message of a wrong signature repeats what was signed.
            return f"{self.call}: the credentials are not accepted ({self.code}). Are they whole, enabled and current?"
        return f"{self.call}: {self.code}: {self.message}."


def unreachable(host: str, error: BaseException) -> UnreachableError:
    """Return in one sentence why *host* did not answer."""
    causes = list(_causes(error))
    text = " ".join(str(cause) for cause in causes)
    if any(isinstance(cause, requests.exceptions.ProxyError) for cause in causes):
        reason = "the proxy in HTTP_PROXY or HTTPS_PROXY does not answer."
    elif any(isinstance(cause, requests.exceptions.SSLError) for cause in causes):
        reason = "its certificate is not trusted. Is there a proxy that opens TLS?"
    elif "NameResolution" in text or "getaddrinfo" in text:
        reason = "no address is known for this name. Is the region right, and this machine on a network?"
    elif any(isinstance(cause, requests.exceptions.ReadTimeout) for cause in causes):
        reason = "it took the request and did not answer in time. Try again."
    elif any(isinstance(cause, requests.exceptions.RequestException) for cause in causes):
        reason = "no connection. Is this machine on a network that reaches it?"
    else:
        reason = "the answer is not what this API answers. Is something else listening there?"
    return UnreachableError(f"{host}: {reason}")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        # The vendor's library keeps the first cause in an attribute of its own.
        error = getattr(error, "inner_exception", None) or error.__cause__ or error.__context__
