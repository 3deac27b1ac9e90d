"""What the machine's files read: one flat table of plain values. No secret is among them."""

from collections.abc import Mapping

from components.args import EcsLlmArgs

Settings = dict[str, str | int]

ALONE: Settings = {
    "LLM_NODES": 1,
    "LLM_NODE_RANK": 0,
    "LLM_HEAD_ADDRESS": "",
    "LLM_INTERCONNECT": "",
    "LLM_RDMA_DEVICES": 0,
    "LLM_MTU": "",
    "LLM_LAUNCHER": "",
    "LLM_WORKER_MINUTES": "",
}
"""A machine that serves without others."""


def settings(args: EcsLlmArgs, parameters: Mapping[str, str], node: Mapping[str, str | int] = ALONE) -> Settings:
    """Return a machine's settings; *parameters* names the secret parameters it reads, *node* its place among others."""
    return {
        "LLM_REGION": args.region,
        "LLM_ENGINE": args.engine,
        "LLM_ENGINE_IMAGE": args.engine_image,
        "LLM_GATE_IMAGE": args.gate_image,
        "LLM_GPU_COUNT": args.plan.gpu_count,
        "LLM_MODEL": args.served_model_name,
        "LLM_PORT": args.port,
        "LLM_TLS": "on" if args.tls else "off",
        "LLM_MAX_REQUEST_MIB": args.max_request_mib,
        "LLM_WEIGHTS_SOURCE": args.weights_source,
        "LLM_WEIGHTS_MODEL": args.weights_model,
        "LLM_WEIGHTS_REVISION": args.weights_revision,
        "LLM_WEIGHTS_STREAMS": args.weights_streams,
        "LLM_OSS_BUCKET": args.oss_bucket or "",
        "LLM_OSS_PREFIX": args.oss_prefix if args.oss_bucket else "",
        **parameters,
        **node,
    }
