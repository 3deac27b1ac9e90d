# Fetches the API key, and with TLS the certificate and its key, from OOS.

import json
import os
import re

from cloud import FatalError, Role, Web, acs3, query, run


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


def main(settings, web, folder):
    wanted = {"KEY": r"[A-Za-z0-9._~+/-]+=*\Z"}
    if settings["LLM_TLS"] == "on":
        wanted.update(TLS_CERTIFICATE="-----BEGIN ", TLS_KEY="-----BEGIN ")
    role = Role(web)
    for kind, pattern in wanted.items():
        name = settings[f"LLM_{kind}_PARAMETER"]
        value = secret(web, role, settings["LLM_REGION"], name)
        if not re.match(pattern, value):
            raise FatalError(f"{name} does not look like {pattern}")
        # In place and in one write: the gate may read it at any moment.
        path = os.path.join(folder, "api_key" if kind == "KEY" else kind.lower())
        file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        os.ftruncate(file, os.write(file, value.encode()))
        os.close(file)
        print("read", name)
    return f"{len(wanted)} secrets are here"


if __name__ == "__main__":
    run(lambda: main(os.environ, Web(), "/run/llm/secrets"))
