# Shared by the programs here: outcomes, HTTP, the machine's role, signatures.

import calendar
import hashlib
import hmac
import http.client
import json
import sys
import threading
import time
import uuid
from urllib.parse import quote, urljoin, urlsplit


# A person must change something: exit code 2. OSError may pass by itself: 1.
class FatalError(Exception):
    pass


def run(main, tell=print):
    code = 0
    try:
        text = main()
    except FatalError as error:
        code, text = 2, error
    except (OSError, http.client.HTTPException) as error:
        code, text = 1, f"{type(error).__name__}: {error}"
    tell(text)
    sys.exit(code)


def connect(scheme, host):
    kind = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
    return kind(host, timeout=30)


# HTTP on one kept-alive connection per host and thread; a caller tries again what fails.
class Web:
    def __init__(self, connect=connect):
        self.connect = connect
        self.kept = threading.local()

    def send(self, method, url, headers, body=None):
        place = urlsplit(url)[:2]
        kept = self.kept.__dict__
        line = kept.pop(place, None) or self.connect(*place)
        line.request(method, url[url.index("/", 8) :], body, headers)
        reply = line.getresponse()
        kept[place] = line
        if reply.status in (301, 302, 307, 308):
            reply.read()
            return self.send(method, urljoin(url, reply.headers["Location"]), headers)
        reply.url = url
        return reply

    def text(self, *request):
        reply = self.send(*request)
        return reply.status, reply.read().decode("utf-8", "replace")


# The RAM role's credentials, renewed before they expire.
class Role:
    def __init__(self, web):
        self.web = web
        self.lock = threading.Lock()
        self.until = 0

    def credentials(self):
        with self.lock:
            if time.time() > self.until - 300:
                self.now = json.loads(self.fetch())
                self.until = calendar.timegm(time.strptime(self.now["Expiration"], "%Y-%m-%dT%H:%M:%SZ"))
            return self.now

    def fetch(self):
        url = "http://100.100.100.200/latest/"
        _, token = self.web.text("PUT", url + "api/token", {"X-aliyun-ecs-metadata-token-ttl-seconds": "60"})
        head = {"X-aliyun-ecs-metadata-token": token}
        url += "meta-data/ram/security-credentials/"
        status, text = self.web.text("GET", url, head)
        if status == 200:
            status, text = self.web.text("GET", url + text.strip(), head)
        if status != 200 or '"Success"' not in text:
            raise OSError("this instance has no RAM role yet")
        return text


# None leaves a parameter out; an empty one is its name alone.
def query(params):
    pairs = [(name, params[name]) for name in sorted(params) if params[name] is not None]
    return "&".join(quote(name, "~") + ("=" + quote(value, "~") if value else "") for name, value in pairs)


def _mac(key, text):
    return hmac.new(key, text.encode(), "sha256")


def _canonical(method, path, params, head, names, body):
    lines = "".join(f"{name}:{head[name]}\n" for name in sorted(head))
    text = "\n".join([method, quote(path, "/~"), query(params), lines, names, body])
    return hashlib.sha256(text.encode()).hexdigest()


# Headers of an API call, a POST without body.
def acs3(host, action, version, params, role):
    body = hashlib.sha256().hexdigest()
    head = {
        "host": host,
        "x-acs-action": action,
        "x-acs-content-sha256": body,
        "x-acs-date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "x-acs-security-token": role["SecurityToken"],
        "x-acs-signature-nonce": uuid.uuid4().hex,
        "x-acs-version": version,
    }
    names = ";".join(sorted(head))
    text = "ACS3-HMAC-SHA256\n" + _canonical("POST", "/", params, head, names, body)
    mac = _mac(role["AccessKeySecret"].encode(), text).hexdigest()
    who = f"{role['AccessKeyId']},SignedHeaders={names}"
    return dict(head, authorization=f"ACS3-HMAC-SHA256 Credential={who},Signature={mac}")


# Headers of an OSS request for path, /bucket/key: more and those that sign it.
def oss4(method, region, path, params, role, more=()):
    body = "UNSIGNED-PAYLOAD"
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    head = dict(more, **{"x-oss-content-sha256": body, "x-oss-date": stamp})
    if "SecurityToken" in role:
        head["x-oss-security-token"] = role["SecurityToken"]
    scope = f"{stamp[:8]}/{region}/oss/aliyun_v4_request"
    key = b"aliyun_v4" + role["AccessKeySecret"].encode()
    for word in scope.split("/"):
        key = _mac(key, word).digest()
    text = f"OSS4-HMAC-SHA256\n{stamp}\n{scope}\n" + _canonical(method, path, params, head, "", body)
    who = f"{role['AccessKeyId']}/{scope}"
    return dict(head, authorization=f"OSS4-HMAC-SHA256 Credential={who},Signature={_mac(key, text).hexdigest()}")
