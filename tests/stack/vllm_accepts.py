"""
Put command lines through the start of the real ``vllm serve``, up to where it would load the model.

Run by the Python of .vllm. Reads a JSON list of command lines and writes a JSON object: ``problems``, one for each
command line, null for none, and all flags and names of parsers that this vLLM knows.
"""

import contextlib
import copy
import io
import json
import sys

from vllm.engine.arg_utils import AsyncEngineArgs
from vllm.entrypoints.cli.serve import cmd_init
from vllm.entrypoints.launchers.launcher import validate_api_server_args
from vllm.reasoning import ReasoningParserManager
from vllm.tool_parsers import ToolParserManager
from vllm.utils.argparse_utils import FlexibleArgumentParser

PARSER = FlexibleArgumentParser(prog="vllm")
[SERVE] = cmd_init()
FLAGS = SERVE.subparser_init(PARSER.add_subparsers(required=True, dest="subparser"))


def start(argv: list[str]) -> None:
    """Do what ``vllm`` does with *argv* before there are weights."""
    # Copied, because vLLM writes into the parser's defaults, which the next command line would find.
    given = copy.deepcopy(PARSER.parse_args(argv[1:]))
    SERVE.validate(given)
    given.model = given.model_tag
    validate_api_server_args(given)
    AsyncEngineArgs.from_cli_args(given).create_engine_config(headless=given.headless)


def problem(argv: list[str]) -> str | None:
    """Return why *argv* does not start."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            start(argv)
    except SystemExit:
        return said.getvalue().strip()
    except Exception as error:  # noqa: BLE001 - whatever vLLM raises is the answer
        return f"{type(error).__name__}: {error}"
    return None


if __name__ == "__main__":
    # vLLM writes to the output as well.
    with contextlib.redirect_stdout(sys.stderr):
        answer = {
            "problems": [problem(argv) for argv in json.load(sys.stdin)],
            "flags": sorted(FLAGS._option_string_actions),  # noqa: SLF001 - argparse has no other list
            "reasoning_parsers": sorted(ReasoningParserManager.list_registered()),
            "tool_parsers": sorted(ToolParserManager.list_registered()),
        }
    json.dump(answer, sys.stdout)
