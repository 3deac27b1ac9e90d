"""Endpoints in pods, and all that is deployed for each."""

from typing import Any

from components import manifests
from components.args import AcsLlmClusterArgs
from components.manifests import Bucket, Manifest

PPU = {
    "gpuSeries": "P16EN",
    "engineImage": "acs-registry-vpc.cn-hangzhou.cr.aliyuncs.com/egslingjun/inference-xpu-pytorch:"
    "26.04-v2.1.0-vllm0.23.0-torch2.10-cu130-20260710",
}
OSS = {"weightsSource": "oss", "ossBucket": "llm-dev-weights"}
ELASTIC = {"replicas": 2, "maxReplicas": 6}

ROWS: dict[str, dict[str, Any]] = {
    "qwq_32b_on_h20": {"model": "Qwen/QwQ-32B"},
    "r1_distill_qwen_32b_on_ppu": {"model": "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B", **PPU},
    "r1_distill_llama_70b_on_ppu": {"model": "deepseek-ai/DeepSeek-R1-Distill-Llama-70B", **PPU},
    "r1_on_h20": {"model": "deepseek-ai/DeepSeek-R1"},
    "r1_int8_on_ppu": {"model": "deepseek-ai/DeepSeek-R1-GPTQ-INT8", **PPU, **OSS},
}
"""The service's five pairs of a model and a GPU."""

VARIANTS: dict[str, dict[str, Any]] = {
    "access_key": {"model": "Qwen/QwQ-32B", "ossAccess": "access-key"},
    "elastic_groups": {"model": "deepseek-ai/DeepSeek-R1", "podsPerReplica": 2, **ELASTIC},
    "elastic_keda": {
        "model": "Qwen/QwQ-32B",
        "engine": "sglang",
        "autoscaler": "keda",
        "prometheusUrl": "http://prometheus.monitoring:9090",
        **ELASTIC,
    },
    "public_without_fluid": {
        "model": "Qwen/QwQ-32B",
        "fluidEnabled": False,
        "benchmark": True,
        "publicAllowedCidrs": ["203.0.113.0/24"],
        "tlsCertificate": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        "tlsPrivateKey": "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n",
        "ossPrefix": "models/qwq",
        **OSS,
    },
}

CASES = ROWS | VARIANTS


def arguments(case: str, **more: object) -> AcsLlmClusterArgs:
    """Return the arguments of *case*, with *more*."""
    common = {"zoneId": "cn-hangzhou-h", "apiAccess": "private"}
    return AcsLlmClusterArgs.from_config({**common, **CASES[case], **more})


def objects(args: AcsLlmClusterArgs) -> list[Manifest]:
    """Return what is deployed for *args*, in order, less the files."""
    return [*_ground(args), *_weights(args), *_serving(args)]


def _ground(args: AcsLlmClusterArgs) -> list[Manifest]:
    staging = ("stage",) if args.weights_source == "modelscope" else ()
    accounts = [manifests.account(args, component) for component in ("engine", "watch", *staging)]
    secrets = [manifests.keys(args, "sk-example-0123456789")]
    if args.oss_access == "access-key":
        secrets.append(manifests.bucket_keys(args, "example-id", "example-secret"))
    rights = [manifests.watch_role(args), manifests.watch_binding(args)]
    return [manifests.namespace(args), *accounts, *rights, *secrets]


_ARNS = (
    "acs:ram::1234567890123456:oidc-provider/ack-rrsa-c0123456789abcdef",
    "acs:ram::1234567890123456:role/llm-dev-reader",
    "acs:ram::1234567890123456:role/llm-dev-writer",
)


def _weights(args: AcsLlmClusterArgs) -> list[Manifest]:
    bucket = Bucket(
        "llm-dev-weights", f"oss://llm-dev-weights/{args.oss_prefix}/", *(_ARNS if args.oss_access == "rrsa" else ())
    )
    volume = [manifests.volume(args, bucket), manifests.claim(args)]
    stage = [manifests.stage_job(args, bucket)] if args.weights_source == "modelscope" else []
    if not args.fluid_enabled:
        return volume + stage
    cache = [manifests.dataset(args, bucket), manifests.runtime(args), manifests.load(args)]
    return [*volume, *stage, *cache, manifests.cached_job(args)]


def _serving(args: AcsLlmClusterArgs) -> list[Manifest]:
    address = f"http{'s' if args.tls else ''}://10.0.0.9:{args.port}"
    return [
        manifests.engine(args, "0badcafe"),
        manifests.disruption_budget(args),
        *([manifests.network_policy(args)] if args.pods > 1 else []),
        *([manifests.autoscaler(args)] if args.elastic else []),
        manifests.service(args, "acl-private", public=False),
        *([manifests.service(args, "acl-public", public=True)] if args.public else []),
        manifests.ready_job(args, "1234567", address),
        *([manifests.benchmark_job(args, address)] if args.benchmark else []),
    ]
