# ruff: noqa: ANN001, ANN201, T201, UP031 - a program of a machine, in the Python that its oldest image has
# mypy: ignore-errors
"""A client of the cloud's hosts that shares no code with them: runs on the machine and prints what it was answered."""

import base64
import hashlib
import hmac
import http.client
import json
import sys
import time
import urllib.parse
import uuid

REGION = "cn-hangzhou"


def http_call(kind, host, method, path, headers, body=b""):
    """Return status, headers and body."""
    connection = kind(host, timeout=10)
    connection.request(method, path, body, headers)
    reply = connection.getresponse()
    return reply.status, reply.headers, reply.read()


def metadata(path, token=None):
    """Return status and text of a metadata path."""
    headers = {"X-aliyun-ecs-metadata-token": token} if token else {}
    status, _, body = http_call(http.client.HTTPConnection, "100.100.100.200", "GET", "/latest/" + path, headers)
    return status, body.decode()


def session(ttl="60"):
    """Return status and text of a token request."""
    headers = {"X-aliyun-ecs-metadata-token-ttl-seconds": ttl}
    status, _, body = http_call(http.client.HTTPConnection, "100.100.100.200", "PUT", "/latest/api/token", headers)
    return status, body.decode()


def credentials():
    """Return the role's credentials, ending the program without one."""
    token = session()[1]
    status, role = metadata("meta-data/ram/security-credentials/", token)
    if status != 200:
        sys.exit("no role")
    return json.loads(metadata("meta-data/ram/security-credentials/" + role, token)[1])


def enc(text):
    """Percent-encode as RFC 3986."""
    return urllib.parse.quote(text, safe="~")


def query(params):
    """Return a canonical query."""
    return "&".join(enc(name) + "=" + enc(value) for name, value in sorted(params.items()))


def acs3(name, spoil):
    """Call GetSecretParameter with signature version 3."""
    found, host = credentials(), "oos-vpc.%s.aliyuncs.com" % REGION
    params = {"RegionId": REGION, "Name": name, "WithDecryption": "true"}
    head = {
        "host": host,
        "x-acs-action": "GetSecretParameter",
        "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
        "x-acs-date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "x-acs-security-token": found["SecurityToken"],
        "x-acs-signature-nonce": uuid.uuid4().hex,
        "x-acs-version": "2019-06-01",
    }
    names = ";".join(sorted(head))
    lines = "".join("%s:%s\n" % (key, head[key]) for key in sorted(head))
    canonical = "\n".join(["POST", "/", query(params), lines, names, head["x-acs-content-sha256"]])
    text = "ACS3-HMAC-SHA256\n" + hashlib.sha256((canonical + spoil).encode()).hexdigest()
    mac = hmac.new(found["AccessKeySecret"].encode(), text.encode(), hashlib.sha256).hexdigest()
    head["Authorization"] = "ACS3-HMAC-SHA256 Credential=%s,SignedHeaders=%s,Signature=%s" % (
        found["AccessKeyId"],
        names,
        mac,
    )
    return http_call(http.client.HTTPSConnection, host, "POST", "/?" + query(params), head)


def rpc(name, _spoil):
    """Call GetSecretParameter with signature version 1."""
    found = credentials()
    params = {
        "Action": "GetSecretParameter",
        "Version": "2019-06-01",
        "Format": "JSON",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": uuid.uuid4().hex,
        "AccessKeyId": found["AccessKeyId"],
        "SecurityToken": found["SecurityToken"],
        "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "RegionId": REGION,
        "Name": name,
        "WithDecryption": "true",
    }
    text = "POST&%2F&" + enc(query(params))
    key = (found["AccessKeySecret"] + "&").encode()
    params["Signature"] = base64.b64encode(hmac.new(key, text.encode(), hashlib.sha1).digest()).decode()
    head = {"Content-Type": "application/x-www-form-urlencoded"}
    host = "oos-vpc.%s.aliyuncs.com" % REGION
    return http_call(http.client.HTTPSConnection, host, "POST", "/", head, query(params).encode())


def secret(how, name):
    """Print status and value or code."""
    kind, _, spoil = how.partition("-")
    status, _, body = {"acs3": acs3, "rpc": rpc}[kind](name, spoil)
    answer = json.loads(body.decode())
    print(status, answer["Parameter"]["Value"] if status == 200 else answer["Code"])


def oss_head(how, bucket, key, params):
    """Return the headers of a signed OSS request."""
    found = credentials()
    kind, _, spoil = how.partition("-")
    if kind == "oss1":
        date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
        text = "GET\n\n\n%s\nx-oss-security-token:%s\n/%s/%s" % (date, found["SecurityToken"], bucket, key)
        mac = base64.b64encode(hmac.new(found["AccessKeySecret"].encode(), text.encode(), hashlib.sha1).digest())
        return {
            "Date": date,
            "x-oss-security-token": found["SecurityToken"],
            "Authorization": "OSS %s:%s" % (found["AccessKeyId"], mac.decode()),
        }
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    head = {
        "x-oss-content-sha256": "UNSIGNED-PAYLOAD",
        "x-oss-date": stamp,
        "x-oss-security-token": found["SecurityToken"],
    }
    lines = "".join("%s:%s\n" % (name, head[name]) for name in sorted(head))
    path = urllib.parse.quote("/%s/%s" % (bucket, key), safe="/~")
    canonical = "\n".join(["GET", path, query(params), lines, "", "UNSIGNED-PAYLOAD"]) + spoil
    scope = "%s/%s/oss/aliyun_v4_request" % (stamp[:8], REGION)
    text = "\n".join(["OSS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    signing = ("aliyun_v4" + found["AccessKeySecret"]).encode()
    for word in scope.split("/"):
        signing = hmac.new(signing, word.encode(), hashlib.sha256).digest()
    mac = hmac.new(signing, text.encode(), hashlib.sha256).hexdigest()
    head["Authorization"] = "OSS4-HMAC-SHA256 Credential=%s/%s,Signature=%s" % (found["AccessKeyId"], scope, mac)
    return head


def oss(how, bucket, key):
    """Print status and content, or the keys below a key that ends with a slash, or the code."""
    listing = key.endswith("/")
    params = {"list-type": "2", "prefix": key, "encoding-type": "url"} if listing else {}
    head = oss_head(how, bucket, "" if listing else key, params)
    host = "%s.oss-%s-internal.aliyuncs.com" % (bucket, REGION)
    path = "/" + ("?" + query(params) if listing else urllib.parse.quote(key))
    status, headers, body = http_call(http.client.HTTPSConnection, host, "GET", path, head)
    text = body.decode()
    if status != 200:
        print(status, text.split("<Code>")[1].split("<")[0])
    elif listing:
        print(status, ",".join(part.split("<")[0] for part in text.split("<Key>")[1:]))
    else:
        print(status, text, headers["x-oss-hash-crc64ecma"])


def hub(model):
    """Print how many files of the listing came with their own sha256, and what a range gives."""
    base = "/api/v1/models/%s/repo" % model
    get = lambda path, head: http_call(http.client.HTTPSConnection, "modelscope.cn", "GET", path, head)  # noqa: E731
    try:
        files = json.loads(get(base + "/files?Revision=master&Recursive=True", {})[2].decode())["Data"]["Files"]
    except OSError as problem:
        sys.exit("OSError: %s" % problem)
    wrong = 0
    for file in files:
        path = base + "?" + query({"Revision": "master", "FilePath": file["Path"]})
        try:
            body = get(path, {})[2]
        except http.client.IncompleteRead:
            sys.exit("IncompleteRead: " + file["Path"])
        wrong += hashlib.sha256(body).hexdigest() != file["Sha256"] or len(body) != file["Size"]
    path = base + "?" + query({"Revision": "master", "FilePath": "model-00001-of-00004.safetensors"})
    status, headers, body = get(path, {"Range": "bytes=10-19"})
    print("%d files, %d wrong, part %d %s" % (len(files), wrong, status, headers["Content-Range"]))


def facts():
    """Print what the metadata service says."""
    token = session()[1]
    role = metadata("meta-data/ram/security-credentials/", token)[1]
    print(
        json.dumps(
            {
                "no token": metadata("meta-data/region-id")[0],
                "ttl 0": session("0")[0],
                "region": metadata("meta-data/region-id", token)[1],
                "instance": metadata("meta-data/instance-id", token)[1],
                "address": metadata("meta-data/private-ipv4", token)[1],
                "user data": metadata("user-data", token)[1],
                "role": role,
                "code": json.loads(metadata("meta-data/ram/security-credentials/" + role, token)[1])["Code"],
            }
        )
    )


command, arguments = sys.argv[1], sys.argv[2:]
if command == "metadata":
    facts()
elif command == "hub":
    hub(*arguments)
else:
    (oss if command.startswith("oss") else secret)(command, *arguments)
