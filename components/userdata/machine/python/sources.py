# Where weights come from: ways to list items and to request one of them by name.

import json
import xml.etree.ElementTree as ET
from urllib.parse import quote, unquote

from cloud import FatalError, Role, oss4, query


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
    def __init__(self, web, settings):
        self.web = web
        self.role = Role(web)
        self.region, self.bucket, prefix = (settings[f"LLM_{name}"] for name in ("REGION", "OSS_BUCKET", "OSS_PREFIX"))
        self.prefix = prefix and prefix + "/"
        self.base = f"https://{self.bucket}.oss-{self.region}-internal.aliyuncs.com/"

    def list(self):
        params = {"encoding-type": "url", "list-type": "2", "prefix": self.prefix}
        while params.get("continuation-token", True):
            head = oss4("GET", self.region, f"/{self.bucket}/", params, self.role.credentials())
            page = ET.fromstring(listing(self.web, f"{self.base}?{query(params)}", head))
            for entry in page.findall("Contents"):
                name = unquote(entry.findtext("Key", ""))[len(self.prefix) :]
                if name and not name.endswith("/"):
                    reply = self.web.send("HEAD", *self.request(name, "HEAD"))
                    reply.read()
                    yield name, int(entry.findtext("Size", "")), reply.headers.get("x-oss-hash-crc64ecma", "")
            params["continuation-token"] = page.findtext("NextContinuationToken")

    def request(self, name, method="GET"):
        name = self.prefix + name
        head = oss4(method, self.region, f"/{self.bucket}/{name}", {}, self.role.credentials())
        return self.base + quote(name, "/~"), head


def listing(web, url, head):
    status, text = web.text("GET", url, head)
    if status in (401, 403, 404):
        raise FatalError(f"{url} answers {status}: check the name, and that the RAM role may list and get")
    if status != 200:
        raise OSError(f"{url} answers {status}")
    return text
