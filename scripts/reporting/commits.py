"""The tree as it is, and the commit it is compared with; asked of git."""

import io
import subprocess
import tarfile
from pathlib import Path


class CalledWronglyError(Exception):
    """A sentence that says what cannot be reported on, and the way out."""


def root_of(folder: Path) -> Path:
    """
    Return the root of the working tree around *folder*.

    Raises:
        CalledWronglyError: There is none.
    """
    try:
        return Path(_git(folder, "rev-parse", "--show-toplevel").decode().strip())
    except (subprocess.CalledProcessError, FileNotFoundError):
        raise CalledWronglyError(f"{folder} is in no git working tree. Run this where the program is.") from None


def base_of(root: Path, asked: str | None) -> str:
    """
    Return the commit where the working tree left *asked*, or the main branch when nothing is asked for.

    Raises:
        CalledWronglyError: *asked* is not here.
    """
    for name in [asked] if asked else ["origin/HEAD", "origin/main", "main", "HEAD"]:
        try:
            return _git(root, "merge-base", name, "HEAD").decode().strip()
        except subprocess.CalledProcessError:
            continue
    raise CalledWronglyError(f"--base: {asked or 'HEAD'!r} is no commit of this clone. Fetch it, or name another.")


def short(commit: str) -> str:
    """Return *commit* as people write it."""
    return commit[:10]


def paths_of(root: Path, commit: str) -> list[str]:
    """Return the files of *commit*."""
    return _lines(_git(root, "ls-tree", "-r", "--name-only", "-z", commit))


def paths_now(root: Path) -> list[str]:
    """Return the files of the working tree, those not yet committed too."""
    listed = _lines(_git(root, "ls-files", "--cached", "--others", "--exclude-standard", "-z"))
    return [path for path in listed if (root / path).exists()]


def put(root: Path, commit: str, folder: Path) -> None:
    """Write the files of *commit* into *folder*."""
    with tarfile.open(fileobj=io.BytesIO(_git(root, "archive", commit))) as archive:
        # Not "data": a link may lead out of the tree, as it may where the tree lies.
        archive.extractall(folder, filter="tar")


def _lines(listed: bytes) -> list[str]:
    return [path for path in listed.decode().split("\0") if path]


def _git(folder: Path, *arguments: str) -> bytes:
    # In a container the tree may belong to another user; git is only read here.
    command = ["git", "-c", "safe.directory=*", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True).stdout
