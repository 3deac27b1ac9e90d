"""The model hub, as the ``modelscope`` client uses it; with faults on request."""

import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from scripts.localcloud.machines.hosts.messages import Answer, Request, as_json, byte_range, text
from scripts.localcloud.machines.hosts.state import CloudState
from scripts.localcloud.machines.hosts.weights import ModelFile, generated, of_folder

_LISTING = re.compile(r"/api/v1/models/(?P<model>[^/]+/[^/]+)/repo/files")
_CONTENT = re.compile(r"/api/v1/models/(?P<model>[^/]+/[^/]+)/repo")
_RESOLVE = re.compile(r"/models/(?P<model>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)")
CHUNK_BYTES = 64 * 1024
TRUNCATED_SHARE = 3 / 5
"""How much of a file is sent under the fault truncate_shard."""

Files = Mapping[str, ModelFile]


class Hub:
    """Model repositories: made up, or the real files of services.json's modelscope.root."""

    def __init__(self, state: CloudState) -> None:
        self._state = state

    def answer(self, request: Request) -> Answer:
        """Return the answer to one request."""
        if request.method not in ("GET", "HEAD"):
            return as_json(405, {"Code": 405, "Message": "method not allowed", "Success": False})
        if match := _LISTING.fullmatch(request.path):
            return self._listing(self._files(match["model"]), request.query)
        if match := _CONTENT.fullmatch(request.path):
            return self._content(self._files(match["model"]), request.query.get("FilePath", ""), request)
        if match := _RESOLVE.fullmatch(request.path):
            return self._content(self._files(match["model"]), match["path"], request)
        return _absent(request.path)

    def _files(self, model: str) -> Files:
        root = self._state.services["modelscope"]["root"]
        if root is None:
            return generated(model)
        folder = Path(root) / model
        return of_folder(folder if folder.is_dir() else Path(root))

    def _listing(self, files: Files, query: Mapping[str, str]) -> Answer:
        entries = [
            {
                "Type": "blob",
                "Path": file.path,
                "Name": Path(file.path).name,
                "Size": file.size,
                "Sha256": file.sha256,
                "IsLFS": file.path.endswith(".safetensors"),
                "Revision": query.get("Revision", "master"),
                "Mode": "33188",
                "CommittedDate": 1735689600,
            }
            for file in files.values()
        ]
        data = {"Files": entries, "IsVisual": 0, "LatestCommitter": None}
        return as_json(200, {"Code": 200, "Data": data, "Message": "success", "RequestId": "local", "Success": True})

    def _content(self, files: Files, path: str, request: Request) -> Answer:
        file = files.get(path)
        if file is None:
            return _absent(path)
        try:
            part = byte_range(request.headers.get("range"), file.size)
        except ValueError:
            return Answer(416, headers={"Content-Range": f"bytes */{file.size}"})
        start, end = part or (0, file.size)
        headers = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes", "ETag": f'"{file.sha256}"'}
        if part:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
        return Answer(206 if part else 200, self._chunks(file, start, end), end - start, headers)

    def _chunks(self, file: ModelFile, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes, as the faults of this moment let them through."""
        faults = self._state.faults
        if _is_shard(file.path, faults.get("truncate_shard")):
            end = min(end, int(file.size * TRUNCATED_SHARE))
        wrong = _is_shard(file.path, faults.get("wrong_hash_shard"))
        rate = faults.get("slow_weights")
        step = min(CHUNK_BYTES, max(1, int(rate) // 20)) if rate else CHUNK_BYTES
        for at in range(start, end, step):
            chunk = file.read(at, min(at + step, end))
            if rate:
                time.sleep(len(chunk) / float(rate))
            if wrong and at <= file.size // 2 < at + len(chunk):
                spot = file.size // 2 - at
                chunk = chunk[:spot] + bytes([chunk[spot] ^ 1]) + chunk[spot + 1 :]
            yield chunk


def _is_shard(path: str, wanted: str | int | None) -> bool:
    if wanted is None or isinstance(wanted, bool):
        return False
    if isinstance(wanted, str):
        return path == wanted
    return bool(re.fullmatch(rf"model-0*{wanted + 1}-of-\d+\.safetensors", path))


def _absent(what: str) -> Answer:
    if what.startswith("/"):
        return text(404, "404 page not found")
    return as_json(404, {"Code": 10010205001, "Message": f"{what}: file not found", "Success": False})
