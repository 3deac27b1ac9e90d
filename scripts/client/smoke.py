"""Check a served endpoint: does it answer, does it stream, is it shut to everybody else; one line for each check."""

import argparse
import os
import sys

from scripts.client.checks import Result, run
from scripts.client.target import ClientError, add_arguments, find


def main() -> int:
    """Return 0 when every check passes, else 1; 130 when Ctrl-C stopped them."""
    parser = argparse.ArgumentParser(
        prog="scripts/smoke", description=__doc__, epilog="The key comes from LLM_API_KEY, the stack or a prompt."
    )
    add_arguments(parser)
    try:
        target = find(parser.parse_args(), os.environ)
        print(target.endpoint)
        passed = [_show(result) for result in run(target)]
    except ClientError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(f"{sum(passed)} of {len(passed)} checks passed")
    return 0 if all(passed) else 1


def _show(result: Result) -> bool:
    word = "ok  " if result.passed else "FAIL"
    print(f"{word}  {result.name:<13}  {result.seconds * 1000:>7.0f} ms  {result.detail}", flush=True)
    return result.passed


if __name__ == "__main__":
    sys.exit(main())
