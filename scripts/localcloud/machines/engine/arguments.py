"""The engines' command lines: only flags that their own parsers took, refused as they refuse."""

import argparse
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

FLAGS: dict[str, dict[str, Any]] = tomllib.loads(Path(__file__).with_name("flags.toml").read_text())
"""Engine to its flags by kind."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.format_usage().splitlines()[0]} ...\n{self.prog}: error: {message}\n")


def _fill(parser: argparse.ArgumentParser, flags: dict[str, Any]) -> None:
    kinds: dict[str, Callable[[str], object]] = {"values": str, "integers": int, "numbers": float}
    aliases: dict[str, list[str]] = flags["aliases"]
    for kind, convert in kinds.items():
        for name in flags[kind]:
            parser.add_argument(f"--{name}", *aliases.get(name, []), type=convert)
    for name in flags["switches"]:
        parser.add_argument(f"--{name}", *aliases.get(name, []), action="store_true")
    for name in flags.get("pairs", []):
        parser.add_argument(f"--{name}", action=argparse.BooleanOptionalAction)
    parser.add_argument("--kv-cache-dtype", choices=flags["kv_cache_types"], default="auto")


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
    _fill(parser, FLAGS["vllm"])
    parser.set_defaults(tensor_parallel_size=1, pipeline_parallel_size=1, nnodes=1, node_rank=0)
    parser.set_defaults(master_addr="127.0.0.1", master_port=29501)
    return parser


def sglang_parser() -> argparse.ArgumentParser:
    """Return the parser of ``sglang.launch_server``, which takes unambiguous abbreviations."""
    parser = _Parser(prog="launch_server.py", usage="launch_server.py [options]")
    parser.add_argument("--model-path", "--model", required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=30000)
    parser.add_argument("--served-model-name")
    parser.add_argument("--reasoning-parser", choices=FLAGS["sglang"]["reasoning_parsers"])
    parser.add_argument("--tool-call-parser", choices=FLAGS["sglang"]["tool_parsers"])
    _fill(parser, FLAGS["sglang"])
    parser.set_defaults(tp_size=1, pp_size=1, nnodes=1, node_rank=0)
    return parser
