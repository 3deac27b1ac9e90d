# The Kubernetes API, as far as this pod's service account may read it.

import json
import ssl
from http.client import HTTPException, HTTPSConnection
from urllib.parse import urlencode

import probe
from cloud import FatalError

API = "kubernetes.default.svc"
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
# Of a container that ended.
LAST_LINES, LAST_BYTES = 20, 2000


def connect(scheme, host):
    if host != API:
        return probe.connect(scheme, host)
    return HTTPSConnection(host, timeout=30, context=ssl.create_default_context(cafile=ACCOUNT + "/ca.crt"))


class Kube:
    def __init__(self, web, namespace, account=ACCOUNT):
        self.web, self.namespace, self.account = web, namespace, account

    def text(self, group, path, params):
        # Kubernetes writes a new one before this one ends.
        with open(self.account + "/token") as file:
            head = {"Authorization": "Bearer " + file.read()}
        url = f"https://{API}/{group}/namespaces/{self.namespace}/{path}?{urlencode(params)}"
        status, text = self.web.text("GET", url, head)
        if status == 403:
            raise FatalError(f"the service account may not read {path}: {text[:300]}")
        if status not in (200, 404):
            raise OSError(f"{path}: {status} {text[:300]}")
        return text if status == 200 else ""

    # None when there is no such object.
    def get(self, group, path, **params):
        return json.loads(self.text(group, path, params) or "null")

    def pods(self, selector):
        return self.get("api/v1", "pods", labelSelector=selector)["items"]

    # What the cluster complained of last about things whose names begin so.
    def complaint(self, name):
        events = [event for event in self.get("api/v1", "events")["items"] if event["type"] == "Warning"]
        about = [event for event in events if event["involvedObject"]["name"].startswith(name)]
        about.sort(key=lambda event: event.get("lastTimestamp") or event.get("eventTime") or "")
        return about[-1].get("message", "") if about else ""

    # The last lines of a container that ended, before its present run if previous; nothing when they are gone.
    def last_words(self, pod, container, previous):
        params = {"container": container, "tailLines": LAST_LINES, "previous": str(previous).lower()}
        try:
            text = self.text("api/v1", f"pods/{pod}/log", params)
        except (OSError, HTTPException):
            return ""
        return text.strip().encode()[-LAST_BYTES:].decode("utf-8", "ignore")
