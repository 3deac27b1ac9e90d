"""A bucket's objects: files of a folder, and beside that folder what is known of them."""

import hashlib
import json
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scripts.localcloud.machines.hosts.messages import RefusedError
from scripts.localcloud.machines.layout import write_json

Meta = Mapping[str, str]
META = "x-oss-meta-"


class Bucket:
    """The bucket *name*, whose objects lie under *root*."""

    def __init__(self, name: str, region: str, root: Path) -> None:
        self.name = name
        self.region = region
        self.root = root.resolve()
        self._beside = self.root.with_name(f".{self.root.name}")

    def path(self, key: str) -> Path:
        """
        Return where the object *key* lies.

        Raises:
            RefusedError: No object can have that name.
        """
        path = (self.root / key).resolve()
        if not path.is_relative_to(self.root) or not key or key.endswith("/"):
            raise RefusedError(400, "InvalidObjectName", "The specified object is not valid.")
        return path

    def headers(self, key: str) -> dict[str, str]:
        """Return the headers that an object was given, and its ETag; of a file that came otherwise there are none."""
        try:
            known: dict[str, Any] = json.loads(self._note(key).read_text())
        except FileNotFoundError:
            return {}
        fresh = known["stamp"] == _stamp(self.path(key))
        return dict(known["headers"]) if fresh else {}

    def write(self, key: str, content: bytes, etag: str, meta: Meta) -> None:
        """Make the object *key*, at once or not at all."""
        path = self.path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._beside / f"draft-{uuid.uuid4().hex}"
        draft.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(content)
        draft.replace(path)
        note = self._note(key)
        note.parent.mkdir(parents=True, exist_ok=True)
        write_json(note, {"stamp": _stamp(path), "headers": {"ETag": etag} | dict(meta)})

    def delete(self, key: str) -> None:
        """Remove the object *key*. Absent is fine."""
        self.path(key).unlink(missing_ok=True)
        self._note(key).unlink(missing_ok=True)

    def begin(self, key: str, meta: Meta) -> str:
        """Begin an upload in parts and return its id."""
        self.path(key)
        upload = uuid.uuid4().hex.upper()
        folder = self._beside / "uploads" / upload
        folder.mkdir(parents=True)
        write_json(folder / "upload.json", {"key": key, "meta": dict(meta)})
        return upload

    def uploads(self) -> list[tuple[str, str]]:
        """Return key and id of the uploads that have begun, in their order."""
        folders = (self._beside / "uploads").glob("*/upload.json")
        return sorted((str(json.loads(file.read_text())["key"]), file.parent.name) for file in folders)

    def parts(self, key: str, upload: str) -> dict[int, Path]:
        """
        Return the parts that have arrived, by their numbers.

        Raises:
            RefusedError: There is no such upload.
        """
        files = self._upload(key, upload).glob("part-*")
        return {int(file.name.removeprefix("part-")): file for file in sorted(files)}

    def add(self, key: str, upload: str, number: int, content: bytes) -> None:
        """Keep a part, again or for the first time."""
        (self._upload(key, upload) / f"part-{number:05d}").write_bytes(content)

    def complete(self, key: str, upload: str, numbers: list[int]) -> str:
        """Make the object of the parts with *numbers*, end the upload, and return the ETag."""
        folder = self._upload(key, upload)
        contents = [(folder / f"part-{number:05d}").read_bytes() for number in numbers]
        digests = b"".join(hashlib.md5(content, usedforsecurity=False).digest() for content in contents)
        etag = f'"{hashlib.md5(digests, usedforsecurity=False).hexdigest().upper()}-{len(numbers)}"'
        meta = json.loads((folder / "upload.json").read_text())["meta"]
        self.write(key, b"".join(contents), etag, meta)
        shutil.rmtree(folder)
        return etag

    def abort(self, key: str, upload: str) -> None:
        """End an upload without an object."""
        shutil.rmtree(self._upload(key, upload))

    def remove(self) -> None:
        """Remove the bucket with everything in it. Absent is fine."""
        for folder in (self.root, self._beside):
            shutil.rmtree(folder, ignore_errors=True)

    def _upload(self, key: str, upload: str) -> Path:
        folder = self._beside / "uploads" / upload
        begun = folder / "upload.json"
        if not upload.isalnum() or not begun.exists() or json.loads(begun.read_text())["key"] != key:
            raise RefusedError(404, "NoSuchUpload", "The specified upload does not exist.")
        return folder

    def _note(self, key: str) -> Path:
        return self._beside / "notes" / f"{hashlib.sha256(key.encode()).hexdigest()}.json"


def etag_of(content: bytes) -> str:
    """Return the ETag of a part, or of an object that came in one piece."""
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest().upper()}"'


def _stamp(path: Path) -> list[int]:
    seen = path.stat()
    return [seen.st_size, seen.st_mtime_ns]
