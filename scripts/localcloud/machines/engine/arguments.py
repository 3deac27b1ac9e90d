"""
The engines' command lines: only flags that their own parsers took, refused as they refuse.

Source: the real parsers of vLLM 0.32.0, 0.33.0 and SGLang 0.5.23, run in November 2026.
"""

import argparse
from collections.abc import Iterable
from typing import NoReturn

VLLM_VALUES = """
dtype quantization tokenizer tokenizer-mode revision seed load-format download-dir safetensors-load-strategy
reasoning-parser tool-call-parser chat-template chat-template-content-format response-role generation-config
override-generation-config hf-overrides hf-token rope-scaling limit-mm-per-prompt mm-processor-kwargs
distributed-executor-backend master-addr root-path uvicorn-log-level ssl-keyfile ssl-certfile ssl-ca-certs
allowed-origins allowed-methods allowed-headers middleware otlp-traces-endpoint config compilation-config
speculative-config kv-transfer-config kv-events-config additional-config attention-backend lora-modules
disable-access-log-for-endpoints data-parallel-address data-parallel-backend max-log-len task runner convert
logits-processors cudagraph-capture-sizes
""".split()
VLLM_INTEGERS = """
max-num-seqs max-num-batched-tokens block-size max-logprobs max-lora-rank max-loras nnodes node-rank master-port
data-parallel-size data-parallel-rank data-parallel-size-local data-parallel-rpc-port shutdown-timeout
pipeline-parallel-size tensor-parallel-size decode-context-parallel-size max-parallel-loading-workers
api-server-count long-prefill-token-threshold num-gpu-blocks-override stream-interval
""".split()
VLLM_NUMBERS = "gpu-memory-utilization cpu-offload-gb".split()
VLLM_SWITCHES = """
enforce-eager enable-auto-tool-choice trust-remote-code enable-expert-parallel headless disable-fastapi-docs
enable-request-id-headers disable-custom-all-reduce enable-lora disable-uvicorn-access-log enable-force-include-usage
enable-prompt-tokens-details enable-server-load-tracking enable-tokenizer-info-endpoint skip-tokenizer-init
return-tokens-as-token-ids enable-eplb enable-sleep-mode language-model-only
""".split()
VLLM_PAIRS = "enable-log-requests enable-prefix-caching enable-chunked-prefill async-scheduling enable-log-outputs".split()
VLLM_ALIASES = {
    "tensor-parallel-size": ["-tp"],
    "pipeline-parallel-size": ["-pp"],
    "data-parallel-size": ["-dp"],
    "nnodes": ["-n"],
    "node-rank": ["-r"],
    "quantization": ["-q"],
}
VLLM_SWITCH_ALIASES = {"enable-expert-parallel": ["-ep"]}
KV_CACHE_TYPES = ["auto", "bfloat16", "float16", "fp8", "fp8_e4m3", "fp8_e5m2", "fp8_inc", "fp8_ds_mla"]
VLLM_REASONING = """
deepseek_r1 deepseek_v3 deepseek_v4 qwen3 glm45 granite hunyuan_a13b kimi_k2 minimax_m2 mistral nemotron_v3 openai_gptoss
olmo3 seed_oss step3
""".split()
VLLM_TOOLS = """
hermes qwen3_coder qwen3_xml qwen3_json deepseek_v3 deepseek_v31 deepseek_v32 deepseek_v4 glm45 glm47 kimi_k2 llama3_json
llama4_json llama4_pythonic mistral openai pythonic granite minimax_m2
""".split()

SGLANG_VALUES = """
dtype quantization tokenizer-path tokenizer-mode revision load-format download-dir chat-template dist-init-addr nccl-port
fastapi-root-path ssl-keyfile ssl-certfile config api-key admin-api-key log-level attention-backend sampling-backend
moe-runner-backend moe-a2a-backend speculative-algorithm speculative-draft-model-path schedule-policy device
json-model-override-args grammar-backend constrained-json-whitespace-pattern log-level-http file-storage-path
""".split()
SGLANG_INTEGERS = """
context-length tp-size pp-size dp-size ep-size nnodes node-rank max-running-requests max-total-tokens
chunked-prefill-size max-prefill-tokens cuda-graph-max-bs page-size random-seed tokenizer-worker-num watchdog-timeout
stream-interval speculative-num-steps speculative-eagle-topk speculative-num-draft-tokens
""".split()
SGLANG_NUMBERS = "mem-fraction-static schedule-conservativeness".split()
SGLANG_SWITCHES = """
trust-remote-code enable-metrics log-requests disable-cuda-graph disable-radix-cache enable-torch-compile use-ray
enable-dp-attention disable-custom-all-reduce skip-tokenizer-init enable-cache-report enable-mixed-chunk
disable-overlap-schedule enable-p2p-check enable-ep-moe allow-auto-truncate skip-server-warmup enable-lora
""".split()
SGLANG_ALIASES = {
    "tp-size": ["--tensor-parallel-size"],
    "pp-size": ["--pipeline-parallel-size"],
    "dp-size": ["--data-parallel-size"],
    "ep-size": ["--expert-parallel-size", "--ep"],
    "dist-init-addr": ["--nccl-init-addr"],
}
SGLANG_KV_CACHE_TYPES = ["auto", "fp8_e5m2", "fp8_e4m3", "mxfp8", "bf16", "bfloat16", "nvfp4"]
SGLANG_REASONING = """
auto deepseek-r1 deepseek-v3 deepseek-v4 qwen3 qwen3-thinking glm45 gpt-oss kimi kimi_k2 minimax mistral nemotron_3 step3
gemma4
""".split()
SGLANG_TOOLS = """
auto qwen qwen25 qwen3_coder hermes deepseekv3 deepseekv31 deepseekv32 deepseekv4 glm45 glm47 gpt-oss kimi_k2 llama3
mistral pythonic minimax-m2 step3
""".split()


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.format_usage().splitlines()[0]} ...\n{self.prog}: error: {message}\n")


def _add(parser: argparse.ArgumentParser, names: Iterable[str], kind: type, aliases: dict[str, list[str]]) -> None:
    for name in names:
        parser.add_argument(f"--{name}", *aliases.get(name, []), type=kind)


def human_integer(text: str) -> int:
    """Return a number of tokens such as ``32768``, ``32k`` (thousand) or ``40K`` (1024), -1 for ``auto``."""
    units = {"k": 1000, "m": 1000**2, "K": 1024, "M": 1024**2}
    if text == "auto":
        return -1
    if text[-1:] in units:
        return int(float(text[:-1]) * units[text[-1]])
    return int(text)


def vllm_parser() -> argparse.ArgumentParser:
    """Return the parser of ``vllm serve``: no abbreviations, underscores count as dashes before they come here."""
    parser = _Parser(prog="vllm serve", usage="vllm serve [model_tag] [options]", allow_abbrev=False)
    parser.add_argument("model_tag", nargs="?")
    parser.add_argument("--model")
    parser.add_argument("--host")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--api-key", nargs="*")
    parser.add_argument("--served-model-name", nargs="+")
    parser.add_argument("--max-model-len", type=human_integer)
    parser.add_argument("--kv-cache-dtype", choices=KV_CACHE_TYPES, default="auto")
    _add(parser, VLLM_VALUES, str, VLLM_ALIASES)
    _add(parser, VLLM_INTEGERS, int, VLLM_ALIASES)
    _add(parser, VLLM_NUMBERS, float, {})
    for name in VLLM_SWITCHES:
        parser.add_argument(f"--{name}", *VLLM_SWITCH_ALIASES.get(name, []), action="store_true")
    for name in VLLM_PAIRS:
        parser.add_argument(f"--{name}", action=argparse.BooleanOptionalAction)
    return parser


def sglang_parser() -> argparse.ArgumentParser:
    """Return the parser of ``sglang.launch_server``, which takes unambiguous abbreviations."""
    parser = _Parser(prog="launch_server.py", usage="launch_server.py [options]")
    parser.add_argument("--model-path", "--model", required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=30000)
    parser.add_argument("--served-model-name")
    parser.add_argument("--kv-cache-dtype", choices=SGLANG_KV_CACHE_TYPES, default="auto")
    parser.add_argument("--reasoning-parser", choices=SGLANG_REASONING)
    parser.add_argument("--tool-call-parser", choices=SGLANG_TOOLS)
    _add(parser, SGLANG_VALUES, str, SGLANG_ALIASES)
    _add(parser, SGLANG_INTEGERS, int, SGLANG_ALIASES)
    _add(parser, SGLANG_NUMBERS, float, {})
    for name in SGLANG_SWITCHES:
        parser.add_argument(f"--{name}", action="store_true")
    return parser
