# Waits until what was asked for serves, through the address that clients use, or says why it does not.
#
# LLM_NAMESPACE, LLM_NAME, LLM_KIND, LLM_MODEL, LLM_REPLICAS, LLM_LIMIT_SECONDS, LLM_URL as scheme://address:port;
# the key is in /run/secrets/api_key. Exit 0: it serves, 2: it does not.

import os
from http.client import HTTPException

import pods
from cloud import FatalError, Web, run
from jobs import StuckError, tell, until
from kube import Kube, connect
from probe import OpenError, SilentError, ask, check_gate, key

# What runs the pods, which of its counters tells how many replicas serve, and what its pods are called.
KINDS = {
    "Deployment": ("apis/apps/v1", "deployments", "availableReplicas", ("engine",)),
    "LeaderWorkerSet": ("apis/leaderworkerset.x-k8s.io/v1", "leaderworkersets", "readyReplicas", ("leader", "worker")),
}


class Readiness:
    def __init__(self, settings, web, kube, secrets):
        self.settings, self.web, self.kube, self.secrets = settings, web, kube, secrets
        self.name = settings["LLM_NAME"]
        self.wanted = int(settings["LLM_REPLICAS"])
        self.group, self.kind, self.serving, self.components = KINDS[settings["LLM_KIND"]]
        self.watch = pods.Watch(kube)

    def __call__(self):
        found = self.kube.get(self.group, f"{self.kind}/{self.name}")
        if not found:
            raise StuckError(f"there is none of {self.kind} named {self.name} in {self.kube.namespace}")
        waits = self.rollout(found)
        return (False, waits) if waits else self.answer()

    # Nothing, once all replicas are of this revision and serve.
    def rollout(self, found):
        status = found.get("status", {})
        seen = found["metadata"]["generation"]
        if status.get("observedGeneration", seen) < seen:
            return "what changed has not been seen yet"
        total, updated, good = (status.get(count, 0) for count in ("replicas", "updatedReplicas", self.serving))
        if total == updated and min(updated, good) >= self.wanted:
            return ""
        listed = self.kube.pods(f"app.kubernetes.io/name={self.name}")
        own = [pod for pod in listed if pod["metadata"]["labels"]["app.kubernetes.io/component"] in self.components]
        doing = self.watch.look(pods.newest(own) if updated else [], self.name)
        return f"{good} of {self.wanted} replicas serve, {updated} are up to date; {doing}"

    def answer(self):
        url, model = self.settings["LLM_URL"], self.settings["LLM_MODEL"]
        try:
            check_gate(self.web, url, model)
            ask(self.web, url, model, key(self.secrets))
        except OpenError:
            raise
        except (SilentError, OSError, HTTPException) as error:
            return False, f"all replicas serve; through {url}: {error}"
        except FatalError as error:
            raise StuckError(f"all replicas serve; through {url}: {error}")
        return True, f"{model} completed one token through {url}, and none without the key"


def main(settings, web, kube, secrets, **patience):
    return until(Readiness(settings, web, kube, secrets), int(settings["LLM_LIMIT_SECONDS"]), **patience)


if __name__ == "__main__":
    line = Web(connect)
    run(lambda: main(os.environ, line, Kube(line, os.environ["LLM_NAMESPACE"]), "/run/secrets"), tell)
