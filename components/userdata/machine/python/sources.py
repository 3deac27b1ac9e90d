# Where weights come from: ways to list items and to request one of them by name.

import json
import xml.etree.ElementTree as ET
from urllib.parse import quote, unquote

from cloud import FatalError, oss4, query


class ModelScope:
    def __init__(self, web, settings):
        self.web = web
        self.base = f"https://modelscope.cn/api/v1/models/{settings['LLM_WEIGHTS_MODEL']}/repo"
        self.revision = settings["LLM_WEIGHTS_REVISION"]
        # Told the region, ModelScope sends us to a host inside it.
        self.head = {"x-aliyun-region-id": settings["LLM_REGION"]}

    def list(self):
        url = f"{self.base}/files?{query({'Recursive': 'True', 'Revision': self.revision})}"
        for file in json.loads(listing(self.web, url, self.head))["Data"]["Files"]:
            if file["Type"] != "tree":
                yield file["Path"], file["Size"], file.get("Sha256") or ""

    def request(self, name):
        return f"{self.base}?{query({'FilePath': name, 'Revision': self.revision})}", self.head


class Oss:
    def __init__(self, web, settings, role):
        self.web, self.role = web, role
        self.region, self.bucket, prefix = (settings[f"LLM_{name}"] for name in ("REGION", "OSS_BUCKET", "OSS_PREFIX"))
        self.prefix = prefix and prefix + "/"
        self.base = f"https://{self.bucket}.oss-{self.region}-internal.aliyuncs.com/"

    def sizes(self):
        params = {"encoding-type": "url", "list-type": "2", "prefix": self.prefix or None}
        while params.get("continuation-token", True):
            page = ET.fromstring(listing(self.web, *self.signed("GET", "", params)))
            for entry in page.findall("Contents"):
                name = unquote(entry.findtext("Key", ""))[len(self.prefix) :]
                if name and not name.endswith("/"):
                    yield name, int(entry.findtext("Size", ""))
            params["continuation-token"] = page.findtext("NextContinuationToken")

    def list(self):
        for name, size in self.sizes():
            yield name, size, self.head(name).get("x-oss-hash-crc64ecma", "")

    def head(self, name):
        reply = self.web.send("HEAD", *self.signed("HEAD", self.prefix + name))
        reply.read()
        return reply.headers

    def request(self, name):
        return self.signed("GET", self.prefix + name)

    # The address of a key, and the headers that sign it; without a key, the bucket's.
    def signed(self, method, key, params=None, more=()):
        head = oss4(method, self.region, f"/{self.bucket}/{key}", params or {}, self.role.credentials(), more)
        return self.base + quote(key, "/~") + (f"?{query(params)}" if params else ""), head


def listing(web, url, head):
    status, text = web.text("GET", url, head)
    if status in (401, 403, 404):
        raise FatalError(f"{url} answers {status}: check the name, and that the RAM role may list and get")
    if status != 200:
        raise OSError(f"{url} answers {status}")
    return text
