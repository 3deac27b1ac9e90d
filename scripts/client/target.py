"""Where the endpoint is, which key opens it and which model it serves; the key never comes from an argument."""

import argparse
import getpass
import ipaddress
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]
KEY_VARIABLE = "LLM_API_KEY"
LOCAL_HOME = "LOCALCLOUD_HOME"
ANSWER_SECONDS = 600
"""How long a client waits for the next byte: a busy engine queues, and slow is not dead."""
CONNECT_SECONDS = 10


class ClientError(Exception):
    """A sentence for the person at the terminal."""


@dataclass(frozen=True)
class Target:
    """One endpoint and what it takes to talk to it."""

    endpoint: str
    """Base URL ending in ``/v1``."""
    key: str = field(repr=False)
    model: str | None = None
    ca_file: Path | None = None

    def client(self) -> httpx.Client:
        """
        Return a client that knows the timeouts and the certificates, but not the key.

        Raises:
            ClientError: The certificate file cannot be read.
        """
        return httpx.Client(
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            verify=_certificates(self.ca_file),
            trust_env=not _is_loopback(self.endpoint),
        )

    def url(self, path: str) -> str:
        """Return the address of *path*, which starts at the server's root, e.g. ``/v1/models``."""
        return self.endpoint.removesuffix("/v1") + path

    @property
    def headers(self) -> dict[str, str]:
        """The header that carries the key."""
        return {"Authorization": f"Bearer {self.key}"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say which endpoint is meant."""
    parser.add_argument("url", nargs="?", metavar="URL", help="base URL; without it, the stack's own endpoint")
    parser.add_argument("--model", metavar="NAME", help="name to put in a request (default: the stack's, or the first)")
    parser.add_argument("--stack", metavar="NAME", help="stack to read (default: the selected one)")
    parser.add_argument(
        "--insecure-ca", type=Path, metavar="FILE", help="trust this certificate authority, e.g. a self-signed one"
    )


def ask_in_terminal(what: str) -> str:
    """
    Return what a person types, unseen, when asked for *what*.

    Raises:
        ClientError: There is no terminal.
    """
    if not sys.stdin.isatty():
        raise ClientError(f"{what}: none given. Set {KEY_VARIABLE}, or run in a terminal to be asked.")
    return getpass.getpass(f"{what}: ")


def find(
    arguments: argparse.Namespace, environment: Mapping[str, str], ask: Callable[[str], str] = ask_in_terminal
) -> Target:
    """
    Return the endpoint that *arguments* mean, with its key.

    The key is the first of: LLM_API_KEY in *environment*, the stack's secret output (when no URL is given), *ask*.

    Raises:
        ClientError: No stack to read, a URL that is none, or no usable key.
    """
    key = environment.get(KEY_VARIABLE)
    endpoint, model = arguments.url, arguments.model
    if endpoint is None:
        endpoint, command = _stack(arguments.stack, environment)
        model = model or _output(command, "model")
        key = key or _output(command, "apiKey", "--show-secrets")
    endpoint = _base_url(endpoint)
    return Target(endpoint, _usable(key or ask(f"Key for {endpoint}")), model, arguments.insecure_ca)


def explain(error: Exception, endpoint: str) -> str:
    """Return in one sentence what stopped a request to *endpoint*."""
    cause: BaseException | None = error
    while cause and not isinstance(cause, OSError):
        cause = cause.__cause__ or cause.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        reason = f"its certificate is not trusted ({cause.verify_message}). Name its authority with --insecure-ca FILE"
    elif isinstance(cause, ConnectionRefusedError):
        reason = "connection refused. Is it up, and is this address on its allow-list"
    elif isinstance(cause, socket.gaierror):
        reason = "no address is known for this name"
    elif isinstance(error, httpx.ConnectTimeout):
        reason = f"no connection within {CONNECT_SECONDS} s. Is this address on its allow-list, or inside its VPC"
    elif isinstance(error, httpx.TimeoutException):
        reason = f"no byte for {ANSWER_SECONDS} s"
    elif isinstance(cause, OSError) and cause.strerror:
        reason = cause.strerror[0].lower() + cause.strerror[1:]
    else:
        reason = str(error) or type(error).__name__
    return f"{endpoint}: {reason}{'?' if 'Is ' in reason else '.'}"


def _stack(stack: str | None, environment: Mapping[str, str]) -> tuple[str, list[str]]:
    """Return the endpoint and the command that knew it: `pulumi`, or the local cloud's own."""
    chosen = ["--stack", stack] if stack else []
    pulumi = ["pulumi", "stack", "output", *chosen]
    local = [sys.executable, "-m", "scripts.localcloud", *chosen, "output"]
    # A stack that this shell's local cloud made comes before the stack of the same name that pulumi knows.
    commands = [local, pulumi] if LOCAL_HOME in environment else [pulumi, local]
    if not shutil.which("pulumi"):
        commands.remove(pulumi)
    reasons = []
    for command in commands:
        try:
            return _output(command, "endpoint"), command
        except ClientError as error:
            reasons.append(str(error))
    raise ClientError(f"The stack's outputs cannot be read ({'; '.join(reasons)}). Run up first, or give a URL.")


def _output(command: list[str], *arguments: str) -> str:
    done = subprocess.run(
        [*command, *arguments], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()] or [
            "no reason given"
        ]
        name = "pulumi" if command[0] == "pulumi" else "local cloud"
        raise ClientError(f"{name}: {said[-1].removeprefix('error: ').rstrip('.')}")
    return done.stdout.strip()


def _base_url(text: str) -> str:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in {"http", "https"} or not url.host:
        raise ClientError(f"URL: {text!r} is no web address. Write it like http://10.0.0.8:8000/v1.")
    return text.rstrip("/").removesuffix("/v1") + "/v1"


def _usable(key: str) -> str:
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ClientError("The key is empty or holds a character that a header cannot carry. Set LLM_API_KEY.")
    return key


def _certificates(ca_file: Path | None) -> ssl.SSLContext | bool:
    if ca_file is None:
        return True
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(ca_file)
    except OSError as error:
        raise ClientError(f"--insecure-ca: {ca_file} holds no certificate that can be read ({error}).") from error
    return context


def _is_loopback(endpoint: str) -> bool:
    host = httpx.URL(endpoint).host
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
