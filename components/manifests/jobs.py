"""What runs once before the endpoint serves, and what says that it does."""

from components.args import AcsLlmClusterArgs
from components.manifests.base import NAME, Later, Manifest, resources, variables, workload
from components.manifests.job import job, program
from components.manifests.storage import Bucket, weights_name

_TOKENS = "/var/run/secrets/ack.alibabacloud.com/rrsa-tokens"


def stage_job(args: AcsLlmClusterArgs, bucket: Bucket) -> Manifest:
    """Return the Job that brings the weights from ModelScope to the bucket, and goes on where it was stopped."""
    settings = {
        "LLM_REGION": args.region,
        "LLM_WEIGHTS_MODEL": args.weights_model,
        "LLM_WEIGHTS_REVISION": args.weights_revision,
        "LLM_WEIGHTS_STREAMS": str(args.weights_streams),
        "LLM_OSS_BUCKET": bucket.name,
        "LLM_OSS_PREFIX": args.oss_prefix,
    }
    spec = {**program(args, "stage", settings), "serviceAccountName": f"{NAME}-stage"}
    container = spec["containers"][0]
    container["resources"] = resources("4", "8Gi")
    if args.oss_access == "access-key":
        container["env"] += _access_key()
    else:
        container["env"] += variables(_role(bucket))
        container["volumeMounts"].append({"name": "token", "mountPath": _TOKENS, "readOnly": True})
        spec["volumes"].append(_token())
    return job(args, "stage", spec, retries=3)


def _access_key() -> list[Manifest]:
    pair = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "akId", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "akSecret"}
    return [
        {"name": variable, "valueFrom": {"secretKeyRef": {"name": f"{NAME}-oss", "key": key}}}
        for variable, key in pair.items()
    ]


def _role(bucket: Bucket) -> dict[str, Later]:
    return {
        "ALIBABA_CLOUD_ROLE_ARN": bucket.writer_role_arn,
        "ALIBABA_CLOUD_OIDC_PROVIDER_ARN": bucket.oidc_provider_arn,
        "ALIBABA_CLOUD_OIDC_TOKEN_FILE": f"{_TOKENS}/token",
    }


def _token() -> Manifest:
    # The name and the audience are those of Alibaba Cloud's own webhook, which is not needed so.
    source = {"serviceAccountToken": {"audience": "sts.aliyuncs.com", "expirationSeconds": 3600, "path": "token"}}
    return {"name": "token", "projected": {"sources": [source]}}


def cached_job(args: AcsLlmClusterArgs) -> Manifest:
    """Return the Job that ends when the cache is filled, or with the reason why it is not."""
    settings = {"LLM_DATALOAD": weights_name(args, "weights"), **_limit(args.cache_minutes)}
    return job(args, "cached", _watching(args, "wait", settings))


def ready_job(args: AcsLlmClusterArgs, served: Later, address: Later) -> Manifest:
    """
    Return the Job that ends when a completion passed the load balancer, or with the reason why none did.

    Args:
        args: The arguments.
        served: A text that is another one whenever what is served changes; the Job then runs again.
        address: `http(s)://ADDRESS:PORT` of the private Service.
    """
    settings = {
        "LLM_KIND": workload(args)["kind"],
        "LLM_MODEL": args.served_model_name,
        "LLM_REPLICAS": str(args.replicas),
        "LLM_URL": address,
    }
    spec = _watching(args, "ready", {**settings, **_limit(args.ready_timeout_minutes)})
    # The file alone: the service account's own folder lies below this one.
    key = {"name": "keys", "mountPath": "/run/secrets/api_key", "subPath": "api_key", "readOnly": True}
    spec["containers"][0]["volumeMounts"].append(key)
    spec["volumes"].append({"name": "keys", "secret": {"secretName": f"{NAME}-keys"}})
    manifest = job(args, "ready", spec)
    manifest["spec"]["template"]["metadata"]["annotations"] = {"alicloud-llm/served": served}
    return manifest


def _watching(args: AcsLlmClusterArgs, which: str, settings: dict[str, Later]) -> Manifest:
    """Return the spec of a pod whose program reads the cluster's API."""
    common = {"LLM_NAMESPACE": args.namespace, "LLM_NAME": NAME}
    account = {"serviceAccountName": f"{NAME}-watch", "automountServiceAccountToken": True}
    return {**program(args, which, {**common, **settings}), **account}


def _limit(minutes: int) -> dict[str, str]:
    return {"LLM_LIMIT_SECONDS": str(minutes * 60)}
