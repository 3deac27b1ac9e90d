"""Say what is wrong with RAM documents: policies, who may take a role, who may read a bucket; one line for each."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .ram import lint


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0 when no document is broken or open, 1 when one is, 2 when one cannot be read."""
    parser = argparse.ArgumentParser(
        prog="scripts/lint-ram",
        description=__doc__,
        epilog="Exit status: 1 if any is mandatory, 2 if a file is no text.",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="JSON as RAM takes it; - reads the standard input")
    levels = set()
    for name in parser.parse_args(arguments).files:
        try:
            text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            print(f"{name}: cannot be read: {reason}.", file=sys.stderr)
            return 2
        problems = lint(text)
        levels |= {problem.level for problem in problems}
        for problem in problems:
            print(f"{name}: {problem.level}: {problem.where or 'whole'}: {problem.text}")
        if not problems:
            print(f"{name}: fine")
    return 1 if "mandatory" in levels else 0


if __name__ == "__main__":
    sys.exit(main())
