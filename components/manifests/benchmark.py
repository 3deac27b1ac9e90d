"""How fast the endpoint answers: the engine's own benchmark, once."""

from components.args import AcsLlmClusterArgs
from components.engine import MODEL_PATH
from components.manifests.base import NAME, Later, Manifest, resources, unprivileged, variables
from components.manifests.job import job
from components.manifests.storage import weights_name

_MEASURE = {
    "vllm": ["vllm", "bench", "serve", "--backend", "openai", "--dataset-name", "random", "--ignore-eos"],
    "sglang": ["python3", "-m", "sglang.bench_serving", "--backend", "sglang-oai", "--dataset-name", "random-ids"],
}
"""
Made-up prompts, so that there is nothing to fetch.

Sources: https://docs.vllm.ai/en/v0.11.2/cli/bench/serve/,
https://docs.sglang.io/docs/developer_guide/bench_serving.md, 2026-11-21.
"""


def benchmark_job(args: AcsLlmClusterArgs, address: Later) -> Manifest:
    """Return the Job that sends requests to *address*, key and all, and prints what it measured."""
    key = {"name": "OPENAI_API_KEY", "valueFrom": {"secretKeyRef": {"name": f"{NAME}-keys", "key": "api_key"}}}
    container = {
        "name": "benchmark",
        "image": args.engine_image,
        "command": _command(args, address),
        "env": [*variables({"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}), key],
        "resources": resources("4", "16Gi"),
        "securityContext": unprivileged(),
        "volumeMounts": [{"name": "weights", "mountPath": MODEL_PATH, "readOnly": True}],
    }
    # Not the cache's claim: what Fluid puts beside a container that mounts it would outlive the benchmark.
    claim = {"claimName": weights_name(args, "oss"), "readOnly": True}
    spec = {"containers": [container], "volumes": [{"name": "weights", "persistentVolumeClaim": claim}]}
    return job(args, "benchmark", spec)


def _command(args: AcsLlmClusterArgs, address: Later) -> list[Later]:
    options = {
        "--base-url": address,
        "--model": args.served_model_name,
        "--tokenizer": MODEL_PATH,
        "--random-input-len": "1024",
        "--random-output-len": "256",
        "--num-prompts": "200",
        "--request-rate": "1",
    }
    # The certificate is not for the load balancer's address.
    insecure = ["--insecure"] if args.tls and args.engine == "vllm" else []
    return [*_MEASURE[args.engine], *(part for option in options.items() for part in option), *insecure]
