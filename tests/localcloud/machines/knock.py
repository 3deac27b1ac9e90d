"""
A program for a container with Ray: try doors without a token, with a wrong one and with the one that is given.

A door is ``ADDRESS:PORT METHOD`` of gRPC or ``ADDRESS:PORT/PATH`` of HTTP; each answers in one line.
"""

import sys
import urllib.error
import urllib.request

import grpc

SECONDS = 5


def call(place: str, method: str, headers: dict[str, str]) -> str:
    """Return the status of a gRPC call with an empty message."""
    with grpc.insecure_channel(place) as channel:
        try:
            ask = channel.unary_unary(f"/ray.rpc.{method}", bytes, bytes)
            ask(b"", timeout=SECONDS, metadata=tuple(headers.items()))
        except grpc.RpcError as problem:
            return str(problem.code().name)
    return "OK"


def get(place: str, headers: dict[str, str]) -> str:
    """Return the status of an HTTP answer, or why there is none."""
    request = urllib.request.Request(f"http://{place}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - http
            return str(answer.status)
    except urllib.error.HTTPError as problem:
        return str(problem.code)
    except urllib.error.URLError as problem:
        return str(problem.reason)


def main(token: str, doors: list[str]) -> None:
    """Print a line for each door."""
    for door in doors:
        place, _, method = door.partition(" ")
        every = [{}, {"authorization": "Bearer wrong"}, {"authorization": f"Bearer {token}"}]
        said = [call(place, method, headers) if method else get(place, headers) for headers in every]
        print(door, *said, sep="; ")  # noqa: T201 - its output


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
