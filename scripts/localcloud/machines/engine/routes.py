"""
Which routes an engine has and who may call them: the table that a real vLLM is compared with too.

Source: vLLM 0.32.0 run on CPU with and without --api-key, November 2026; SGLang 0.5.23 read and its parser run.
"""

from dataclasses import dataclass

OK, UNAUTHORIZED, FORBIDDEN, BAD, MISSING = 200, 401, 403, 400, 404

SAMPLES: dict[str, dict[str, object]] = {
    "none": {},
    "chat": {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 1},
    "completion": {"prompt": "hi", "max_tokens": 1},
    "tokenize": {"prompt": "hi"},
    "detokenize": {"tokens": [1]},
    "scaling": {},
    "scoring": {"query": "hi", "items": ["a", "b"], "label_token_ids": [1, 2]},
    "generate": {"text": "hi", "sampling_params": {"max_new_tokens": 1}},
}
"""Kind of body to a body that the route takes; the model's name is added where it is asked for."""


@dataclass(frozen=True)
class Route:
    """
    One route.

    *without_key* and *with_key* are the statuses when the engine was started with --api-key and the request carries
    none, or the right one, and the body of *kind*.
    """

    method: str
    path: str
    without_key: int
    with_key: int
    kind: str = "none"


VLLM = [
    Route("GET", "/health", OK, OK),
    Route("GET", "/ping", OK, OK),
    Route("POST", "/ping", OK, OK),
    Route("GET", "/version", OK, OK),
    Route("GET", "/load", OK, OK),
    Route("GET", "/metrics", OK, OK),
    Route("GET", "/docs", OK, OK),
    Route("GET", "/redoc", OK, OK),
    Route("GET", "/openapi.json", OK, OK),
    Route("GET", "/kv_event_sources", OK, OK),
    Route("POST", "/tokenize", OK, OK, "tokenize"),
    Route("POST", "/detokenize", OK, OK, "detokenize"),
    Route("POST", "/invocations", OK, OK, "chat"),
    Route("POST", "/generative_scoring", OK, OK, "scoring"),
    Route("POST", "/is_scaling_elastic_ep", OK, OK, "scaling"),
    Route("POST", "/scale_elastic_ep", BAD, BAD, "scaling"),
    Route("GET", "/v1/models", UNAUTHORIZED, OK),
    Route("POST", "/v1/chat/completions", UNAUTHORIZED, OK, "chat"),
    Route("POST", "/v1/completions", UNAUTHORIZED, OK, "completion"),
    Route("POST", "/inference/v1/generate", UNAUTHORIZED, FORBIDDEN, "completion"),
    Route("GET", "/v1/nothing", UNAUTHORIZED, MISSING),
    Route("GET", "//v1/models", MISSING, MISSING),
    Route("GET", "/nothing", MISSING, MISSING),
    Route("POST", "/sleep", MISSING, MISSING),
    Route("POST", "/wake_up", MISSING, MISSING),
    Route("POST", "/collective_rpc", MISSING, MISSING),
    Route("POST", "/reset_prefix_cache", MISSING, MISSING),
    Route("GET", "/server_info", MISSING, MISSING),
]
"""Without VLLM_SERVER_DEV_MODE; the last rows say what must not be there."""

VLLM_DEVELOPMENT = [
    Route("POST", "/sleep", OK, OK),
    Route("POST", "/wake_up", OK, OK),
    Route("GET", "/is_sleeping", OK, OK),
    Route("POST", "/pause", OK, OK),
    Route("POST", "/resume", OK, OK),
    Route("POST", "/collective_rpc", OK, OK),
    Route("POST", "/reset_prefix_cache", OK, OK),
    Route("GET", "/server_info", OK, OK),
]
"""Added by VLLM_SERVER_DEV_MODE=1, all of them open."""

SGLANG = [
    Route("GET", "/health", OK, OK),
    Route("GET", "/health_generate", OK, OK),
    Route("GET", "/ready", OK, OK),
    Route("GET", "/ping", UNAUTHORIZED, OK),
    Route("POST", "/invocations", UNAUTHORIZED, OK, "chat"),
    Route("POST", "/generate", UNAUTHORIZED, OK, "generate"),
    Route("GET", "/v1/models", UNAUTHORIZED, OK),
    Route("POST", "/v1/chat/completions", UNAUTHORIZED, OK, "chat"),
    Route("POST", "/v1/completions", UNAUTHORIZED, OK, "completion"),
    Route("POST", "/api/chat", UNAUTHORIZED, OK, "chat"),
    Route("POST", "/api/generate", UNAUTHORIZED, OK, "completion"),
    Route("POST", "/tokenize", UNAUTHORIZED, OK, "tokenize"),
    Route("POST", "/detokenize", UNAUTHORIZED, OK, "detokenize"),
    Route("GET", "/get_model_info", UNAUTHORIZED, OK),
    Route("GET", "/get_server_info", UNAUTHORIZED, OK),
    Route("POST", "/flush_cache", UNAUTHORIZED, OK),
    Route("POST", "/abort_request", UNAUTHORIZED, OK),
    Route("POST", "/start_profile", UNAUTHORIZED, OK),
    Route("POST", "/stop_profile", UNAUTHORIZED, OK),
    Route("POST", "/update_weights_from_disk", UNAUTHORIZED, OK),
    Route("POST", "/release_memory_occupation", UNAUTHORIZED, OK),
    Route("POST", "/resume_memory_occupation", UNAUTHORIZED, OK),
    Route("POST", "/load_lora_adapter", UNAUTHORIZED, OK),
    Route("POST", "/unload_lora_adapter", UNAUTHORIZED, OK),
    Route("GET", "/docs", UNAUTHORIZED, OK),
    Route("GET", "/openapi.json", UNAUTHORIZED, OK),
    Route("GET", "/nothing", UNAUTHORIZED, MISSING),
]
"""/metrics joins with --enable-metrics, open."""
