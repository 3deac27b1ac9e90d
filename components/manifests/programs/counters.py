# The engine's own counters, as it shows them to Prometheus.

import re
from http.client import HTTPException

TOKENS = r"(?:vllm|sglang):(?:prompt|generation)_tokens_total"
REQUESTS = r"vllm:num_requests_(?:running|waiting)|sglang:num_(?:running|queue)_reqs"


# The sum of those that are called names, or None when they cannot be read.
def total(web, url, names):
    try:
        _, text = web.text("GET", url + "/metrics", {})
    except (OSError, HTTPException):
        return None
    found = re.findall(rf"^(?:{names})(?:{{.*}})? (\S+)", text, re.MULTILINE)
    return sum(map(float, found)) if found else None
