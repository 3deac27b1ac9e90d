# A bucket to write to. What must be whole is uploaded in parts, and has a name once it is completed.

import base64
import hashlib
import time
import xml.etree.ElementTree as ET
from http.client import HTTPException
from urllib.parse import unquote

from cloud import FatalError
from sources import Oss

DIGEST = "x-oss-meta-sha256"


class Bucket(Oss):
    pause = 1

    @property
    def name(self):
        return f"oss://{self.bucket}/{self.prefix}"

    def digest(self, name):
        reply, _ = self.send("HEAD", name, {})
        return reply.headers.get(DIGEST, "")

    def put(self, item, data):
        self.send("PUT", item.name, {}, data, self.mark(item))

    def begin(self, item):
        _, page = self.send("POST", item.name, {"uploads": ""}, b"", self.mark(item))
        return ET.fromstring(page).findtext("UploadId", "")

    def add(self, item, upload, number, data):
        reply, _ = self.send("PUT", item.name, {"partNumber": str(number), "uploadId": upload}, data)
        return reply.headers["ETag"]

    def complete(self, item, upload, tags):
        parts = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>" for number, tag in enumerate(tags, 1)
        )
        text = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>"
        self.send("POST", item.name, {"uploadId": upload}, text.encode())

    def drop(self, name, upload):
        self.send("DELETE", name, {"uploadId": upload})

    # What runs before this one have begun costs money, and is of no use to it.
    def drop_all(self):
        params = {"uploads": "", "encoding-type": "url", "prefix": self.prefix or None}
        page = ET.fromstring(self.call("GET", "", params)[1])
        for entry in page.findall("Upload"):
            self.drop(unquote(entry.findtext("Key", ""))[len(self.prefix) :], entry.findtext("UploadId", ""))

    def mark(self, item):
        return {DIGEST: item.digest} if item.digest else {}

    def send(self, method, name, params, body=b"", more=()):
        return self.call(method, self.prefix + name, params, body, more)

    def call(self, method, key, params, body=b"", more=()):
        if body:
            # OSS compares it with what arrives.
            sums = hashlib.md5(body, usedforsecurity=False).digest()
            more = dict(more, **{"content-md5": base64.b64encode(sums).decode()})
        tries = 0
        while True:
            tries += 1
            try:
                return self.once(method, key, params, body, more)
            except (OSError, HTTPException):
                # Its reply may not be read to the end.
                self.web.kept.__dict__.clear()
                if tries == 5:
                    raise
                time.sleep(self.pause * tries * tries)

    def once(self, method, key, params, body, more):
        url, head = self.signed(method, key, params, more)
        reply = self.web.send(method, url, head, body)
        text = reply.read()
        if reply.status in (200, 204) or (method == "DELETE" and reply.status == 404):
            return reply, text
        said = f"OSS answers {reply.status} to {method} {self.bucket}/{key}: {text.decode('utf-8', 'replace')[:300]}"
        if reply.status in (403, 404) and b"NoSuchUpload" not in text:
            raise FatalError(said)
        raise OSError(said)
