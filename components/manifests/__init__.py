"""
The Kubernetes objects of an endpoint: functions that return them as `kubectl apply` would take them.

Plain values in, dicts out, in the API's own spelling; no Pulumi. What only a deployment knows (role ARNs, access lists,
the secrets, the load balancer's address) is a parameter, and may be an Output. Every function takes the arguments
first. Names inside are the same for every endpoint: each has a namespace of its own, and nothing in the cluster changes
when a program calls its component something else.

`access` who the pods are; `files` what they read; `storage` and `cache` the weights, in the bucket and in memory;
`engine` (with `pods` and `gate`) what serves; `scaling` how many; `service` where it is reached; `jobs` and `benchmark`
what runs once; `charts` what the Helm charts are told.
"""

from components.manifests.access import account, namespace, watch_binding, watch_role
from components.manifests.base import Manifest
from components.manifests.benchmark import benchmark_job
from components.manifests.cache import dataset, load, runtime
from components.manifests.charts import fluid_values
from components.manifests.engine import disruption_budget, engine, network_policy
from components.manifests.files import bucket_keys, files, keys
from components.manifests.jobs import cached_job, ready_job, stage_job
from components.manifests.scaling import autoscaler
from components.manifests.service import service
from components.manifests.storage import Bucket, claim, volume

__all__ = [
    "Bucket",
    "Manifest",
    "account",
    "autoscaler",
    "benchmark_job",
    "bucket_keys",
    "cached_job",
    "claim",
    "dataset",
    "disruption_budget",
    "engine",
    "files",
    "fluid_values",
    "keys",
    "load",
    "namespace",
    "network_policy",
    "ready_job",
    "runtime",
    "service",
    "stage_job",
    "volume",
    "watch_binding",
    "watch_role",
]
