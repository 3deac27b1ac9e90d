"""
The stand-ins for ``vllm bench serve`` and ``sglang.bench_serving``: real requests, made-up prompts, the usual table.

Sources: https://docs.vllm.ai/en/latest/cli/bench/serve/, https://docs.sglang.io/docs/developer_guide/bench_serving.md
"""

import argparse
import http.client
import json
import math
import os
import ssl
import statistics
import sys
import time
from argparse import Namespace
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

AT_ONCE = 32
WIDTH = 50
_COUNTS = ("random-input-len", "random-output-len", "num-prompts")
_TEXTS = ("backend", "base-url", "model", "tokenizer", "dataset-name")


class BenchError(Exception):
    """The benchmark gives up; the text is the last line of its traceback."""


@dataclass(frozen=True)
class Measured:
    """One request: seconds to the first token and in all, and how many tokens there were."""

    first: float
    whole: float
    tokens: int


def parser(prog: str, *switches: str) -> argparse.ArgumentParser:
    """Return the parser of the options that both benchmarks have, and of *switches*."""
    made = argparse.ArgumentParser(prog=prog, allow_abbrev=False)
    for name in _TEXTS:
        made.add_argument(f"--{name}", required=True)
    for name in _COUNTS:
        made.add_argument(f"--{name}", type=int, required=True)
    made.add_argument("--request-rate", type=float, default=float("inf"))
    for name in switches:
        made.add_argument(f"--{name}", action="store_true")
    return made


def measure(options: Namespace, *, insecure: bool) -> int:
    """Send the requests and print what they took; return the exit status."""
    if not (Path(options.tokenizer) / "tokenizer.json").exists():
        raise BenchError(f"OSError: Can't load tokenizer for '{options.tokenizer}'.")
    client = _Client(options, insecure=insecure)
    print("Starting initial single prompt test run...", flush=True)
    client.ask(0)
    begun = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked = []
        for number in range(options.num_prompts):
            asked.append(pool.submit(client.ask, number))
            time.sleep(1 / options.request_rate)
        done = [one.result() for one in asked]
    print(_table(options, done, time.monotonic() - begun), flush=True)
    return 0


class _Client:
    """Asks for completions as a stream."""

    def __init__(self, options: Namespace, *, insecure: bool) -> None:
        self._options = options
        self._place = urlsplit(options.base_url)
        self._context = ssl.create_default_context()
        if insecure:
            self._context.check_hostname = False
            self._context.verify_mode = ssl.CERT_NONE

    def ask(self, number: int) -> Measured:
        """
        Return what one request took.

        Raises:
            BenchError: It was refused, or nobody answers.
        """
        options, begun = self._options, time.monotonic()
        prompt = " ".join(f"w{(number + at) % 997}" for at in range(options.random_input_len // 2))
        body = {"model": options.model, "prompt": prompt, "max_tokens": options.random_output_len, "stream": True}
        headers = {"Content-Type": "application/json"}
        if key := os.environ.get("OPENAI_API_KEY"):
            headers["Authorization"] = f"Bearer {key}"
        try:
            line = self._connect()
            line.request("POST", "/v1/completions", json.dumps(body), headers)
            reply = line.getresponse()
            if reply.status != http.client.OK:
                raise BenchError(_failed(reply.reason))
            reply.readline()
            first, tokens = time.monotonic() - begun, reply.read().count(b"data: ")
        except (OSError, http.client.HTTPException) as problem:
            raise BenchError(_failed(str(problem))) from None
        line.close()
        return Measured(first, time.monotonic() - begun, tokens)

    def _connect(self) -> http.client.HTTPConnection:
        if self._place.scheme == "https":
            return http.client.HTTPSConnection(self._place.netloc, timeout=60, context=self._context)
        return http.client.HTTPConnection(self._place.netloc, timeout=60)


def _failed(why: str) -> str:
    return (
        "ValueError: Initial test run failed - Please make sure benchmark arguments are correctly specified. "
        f"Error: {why}"
    )


def _table(options: Namespace, done: list[Measured], seconds: float) -> str:
    tokens = sum(one.tokens for one in done)
    per_token = [(one.whole - one.first) / max(one.tokens - 1, 1) for one in done]
    rows = {
        "Successful requests": str(len(done)),
        "Request rate configured (RPS)": f"{options.request_rate:.2f}",
        "Benchmark duration (s)": f"{seconds:.2f}",
        "Total input tokens": str(options.random_input_len * len(done)),
        "Total generated tokens": str(tokens),
        "Request throughput (req/s)": f"{len(done) / seconds:.2f}",
        "Output token throughput (tok/s)": f"{tokens / seconds:.2f}",
    }
    lines = [f"{' Serving Benchmark Result ':=^{WIDTH}}", *_rows(rows)]
    for title, short, values in (
        ("Time to First Token", "TTFT", [one.first for one in done]),
        ("Time per Output Token (excl. 1st token)", "TPOT", per_token),
    ):
        nearly_worst = sorted(values)[math.ceil(len(values) * 0.99) - 1]
        shown = {"Mean": statistics.fmean(values), "Median": statistics.median(values), "P99": nearly_worst}
        lines.append(f"{title:-^{WIDTH}}")
        lines += _rows({f"{name} {short} (ms)": f"{value * 1000:.2f}" for name, value in shown.items()})
    return "\n".join([*lines, "=" * WIDTH])


def _rows(rows: dict[str, str]) -> list[str]:
    return [f"{name + ':':<41}{value:<10}".rstrip() for name, value in rows.items()]


def run(options: Namespace, file: str, *, insecure: bool) -> int:
    """Measure, or print a traceback of *file* that says why not; return the exit status."""
    try:
        return measure(options, insecure=insecure)
    except BenchError as problem:
        sys.stderr.write(f'Traceback (most recent call last):\n  File "{file}", line 1, in main\n{problem}\n')
        return 1


def main(words: list[str]) -> int:
    """Run ``python3 -m sglang.bench_serving`` with *words*."""
    options = parser("bench_serving.py", "disable-ignore-eos").parse_args(words)
    return run(options, "/sgl-workspace/sglang/python/sglang/bench_serving.py", insecure=True)
