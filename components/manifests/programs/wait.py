# Waits until Fluid has loaded the weights into its cache, or says why it cannot.
#
# LLM_NAMESPACE, LLM_DATALOAD, LLM_LIMIT_SECONDS. Exit 0: loaded, 2: not.

import os

import pods
from cloud import FatalError, Web, run
from jobs import StuckError, tell, until
from kube import Kube, connect

FLUID = "apis/data.fluid.io/v1alpha1"


class Loading:
    def __init__(self, kube, name):
        self.kube, self.name = kube, name
        self.watch = pods.Watch(kube)

    def __call__(self):
        load = self.kube.get(FLUID, "dataloads/" + self.name)
        if not load:
            raise StuckError(f"there is no DataLoad {self.name} in {self.kube.namespace}")
        status, dataset = load.get("status", {}), load["spec"]["dataset"]["name"]
        phase = status.get("phase")
        if phase == "Complete":
            return True, f"{dataset} is loaded, in {status.get('duration', '?')}"
        # The labels that Fluid's charts give to the loader and to the cache.
        loaders = self.kube.pods(f"release={self.name}-loader")
        if phase == "Failed":
            raise FatalError(self.cause(status, loaders))
        doing = self.watch.look(self.kube.pods(f"release={dataset}") + loaders, dataset)
        return False, f"the load is {phase or 'Pending'}; {self.cached(dataset)}; {doing}"

    def cause(self, status, loaders):
        said = [condition.get("message", "") for condition in status.get("conditions", [])]
        words = [pods.obituary(self.kube, pod, container) for pod in loaders for container in pods.failed(pod)]
        return "\n".join([f"loading {self.name} failed: {'; '.join(said) or 'Fluid gives no reason'}", *words[-1:]])

    def cached(self, dataset):
        status = (self.kube.get(FLUID, "datasets/" + dataset) or {}).get("status", {})
        share = status.get("cacheStates", {}).get("cachedPercentage", "nothing")
        return f"the Dataset is {status.get('phase') or 'NotBound'}, {share} cached"


def main(settings, kube, **patience):
    return until(Loading(kube, settings["LLM_DATALOAD"]), int(settings["LLM_LIMIT_SECONDS"]), **patience)


if __name__ == "__main__":
    run(lambda: main(os.environ, Kube(Web(connect), os.environ["LLM_NAMESPACE"])), tell)
