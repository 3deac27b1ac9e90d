# Fetches the node's secrets from OOS: the API key, with TLS the certificate and its key, with Ray the nodes' token.

import json
import os
import re
import subprocess

from cloud import FatalError, Role, Web, acs3, query, run

BEARER = r"[A-Za-z0-9._~+/-]+=*\Z"
PEM = "-----BEGIN "
# The key is written last: with it the gate can start.
KINDS = {"TLS_CERTIFICATE": PEM, "TLS_KEY": PEM, "RAY_TOKEN": BEARER, "KEY": BEARER}


def secret(web, role, region, name):
    host = f"oos-vpc.{region}.aliyuncs.com"
    params = {"Name": name, "RegionId": region, "WithDecryption": "true"}
    head = acs3(host, "GetSecretParameter", "2019-06-01", params, role.credentials())
    status, text = web.text("POST", f"https://{host}/?{query(params)}", head)
    if status == 200:
        return json.loads(text)["Parameter"]["Value"]
    if "EntityNotExists" in text:
        raise FatalError(f"OOS in {region} has no secret parameter {name}: create it or correct the name")
    if status == 403:
        raise FatalError(f"the RAM role may not read {name}: allow it oos:GetSecretParameter and kms:GetSecretValue")
    raise OSError(f"OOS answers {status} for {name}: {text[:300]}")


def read(path):
    if not os.path.exists(path):
        return ""
    with open(path) as file:
        return file.read()


# In place and in one write: the gate may read it at any moment.
def write(path, value):
    file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    os.ftruncate(file, os.write(file, value.encode()))
    os.close(file)


def main(settings, web, folder, restart_gate):
    role = Role(web)
    values = {}
    for kind, pattern in KINDS.items():
        name = settings[f"LLM_{kind}_PARAMETER"]
        if name:
            values[kind] = secret(web, role, settings["LLM_REGION"], name)
            if not re.match(pattern, values[kind]):
                raise FatalError(f"{name} does not look like {pattern}")
            print("read", name)
    renewed = False
    for kind, value in values.items():
        path = os.path.join(folder, "api_key" if kind == "KEY" else kind.lower())
        renewed |= kind == "TLS_CERTIFICATE" and read(path) not in ("", value)
        write(path, value)
    # The gate reads its key with each request, its certificate only when it starts.
    if renewed:
        print("restarting the gate for its new certificate")
        restart_gate()
    return f"secrets read: {len(values)}"


if __name__ == "__main__":
    gate = ["systemctl", "restart", "--no-block", "llm-gate.service"]
    run(lambda: main(os.environ, Web(), "/run/llm/secrets", lambda: subprocess.call(gate)))
