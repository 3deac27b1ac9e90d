"""Container image references: what their text tells without asking a registry."""

import re

Version = tuple[int, ...]

REFERENCE = re.compile(
    r"(?:(?P<host>[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?|localhost(?::\d+)?)/)?"
    r"(?P<path>[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
"""An image as `docker pull` takes it. Source: distribution's reference grammar."""

_NUMBER = r"v?(\d+\.\d+(?:\.\d+)*)(?:\.?(rc|post)(\d+))?"


def parse_version(text: str) -> Version:
    """
    Return *text* such as ``0.4.6.post1`` in a form that compares: numbers, then -1 for rc, 0, or the post number.

    Raises:
        ValueError: It does not begin with a version.
    """
    found = re.match(_NUMBER, text)
    if not found:
        raise ValueError(f"{text!r} is no version")
    numbers = [int(part) for part in found[1].split(".")]
    suffix = {"rc": -1, "post": int(found[3] or 0), None: 0}[found[2]]
    return (*numbers, *[0] * (4 - len(numbers)), suffix)


def named_version(image: str, name: str) -> str | None:
    """Return the version that the tag of *image* states behind *name*, as in ``vllm0.8.5``, or None."""
    found = REFERENCE.fullmatch(image)
    named = re.search(rf"{name}[-_]?{_NUMBER}", (found["tag"] if found else None) or "")
    return named[0].removeprefix(name).lstrip("-_").removeprefix("v") if named else None


def repository(image: str) -> str:
    """Return the path of *image* in its registry, without the registry, the tag and the digest."""
    found = REFERENCE.fullmatch(image)
    return found["path"] if found else ""


def engine_version(image: str, engine: str) -> str | None:
    """Return the version of *engine* that the tag of *image* states, or None when it states none."""
    found = REFERENCE.fullmatch(image)
    if not found or not found["tag"]:
        return None
    if named := named_version(image, engine):
        return named
    # A bare number is the version of what the repository is named after.
    leading = re.match(_NUMBER, found["tag"])
    if leading and engine in found["path"].rsplit("/", 1)[-1]:
        return leading[0].removeprefix("v")
    return None


def other_engine(image: str, engine: str) -> str | None:
    """Return the other engine's name when *image* is named after that one and not after *engine*."""
    other = {"vllm": "sglang", "sglang": "vllm"}[engine]
    return other if other in image and engine not in image else None


def in_vpc(image: str, region: str) -> bool:
    """Say whether *image* lies on a registry that machines of *region* reach without the internet."""
    found = REFERENCE.fullmatch(image)
    host = (found["host"] if found else None) or ""
    if host == f"registry-vpc.{region}.aliyuncs.com":
        return True
    return bool(re.fullmatch(rf"[a-z0-9-]+-vpc\.{re.escape(region)}\.cr\.aliyuncs\.com", host))
