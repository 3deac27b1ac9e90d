"""A stub of ModelScope for the bench: a listing with checksums, files with ranges, a bandwidth per connection."""

import hashlib
import json
import os
import re
import sys
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PIECE = 256 << 10
RANGE = re.compile(r"bytes=(\d+)-(\d+)")


class Source(ThreadingHTTPServer):
    """Serves the files of one folder on loopback."""

    def __init__(self, folder: Path, bytes_per_second: float) -> None:
        self.folder = folder
        self.bytes_per_second = bytes_per_second
        files = [
            {"Path": path.name, "Size": path.stat().st_size, "Sha256": _sha256(path), "Type": "blob"}
            for path in sorted(folder.iterdir())
        ]
        self.listing = json.dumps({"Code": 200, "Data": {"Files": files}}).encode()
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Source

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def do_GET(self) -> None:
        """Answer with the listing, a file or a range of it."""
        name = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query).get("FilePath")
        if name is None:
            self._head(200, len(self.server.listing))
            self.wfile.write(self.server.listing)
            return
        with (self.server.folder / name[0]).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            asked = RANGE.fullmatch(self.headers.get("Range", ""))
            start, end = (int(asked[1]), int(asked[2]) + 1) if asked else (0, size)
            self._head(206 if asked else 200, end - start, f"bytes {start}-{end - 1}/{size}" if asked else "")
            self._send(file.fileno(), start, end)

    def _head(self, status: int, length: int, span: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        if span:
            self.send_header("Content-Range", span)
        self.end_headers()

    def _send(self, file: int, start: int, end: int) -> None:
        begun, at = time.monotonic(), start
        while at < end:
            at += os.sendfile(self.connection.fileno(), file, at, min(PIECE, end - at))
            time.sleep(max(0.0, begun + (at - start) / self.server.bytes_per_second - time.monotonic()))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main() -> None:
    """Print the port and serve the folder of the first argument, each connection at the second, in bytes/s."""
    source = Source(Path(sys.argv[1]), float(sys.argv[2]))
    print(source.server_port, flush=True)
    source.serve_forever()


if __name__ == "__main__":
    main()
