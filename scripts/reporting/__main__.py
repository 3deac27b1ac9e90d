"""Report what a change does to every stack, with no credential: compare the working tree with the commit it left."""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from scripts.foreseen import foresee, foresee_change
from scripts.reporting import commits
from scripts.reporting.assess import Assessment, assess
from scripts.reporting.commits import CalledWronglyError
from scripts.reporting.document import Code, Line
from scripts.reporting.layout import Report, layout
from scripts.reporting.markdown import comment
from scripts.reporting.page import page
from scripts.reporting.real import possible, real_preview
from scripts.reporting.stacks import Stack, foreign, stacks


def main(arguments: Sequence[str]) -> int:
    """Print the report; 0 when nothing blocks the change, 1 when something does, 2 when called wrongly."""
    options = _parser().parse_args(arguments)
    try:
        _check_folder(options.html)
        root = commits.root_of(Path.cwd())
        base = commits.base_of(root, options.base)
        rules = _rules(options.policy_config)
        report = _report(root, base, rules, options.stack)
    except (CalledWronglyError, ValueError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    document = layout(report)
    if options.html:
        options.html.write_text(page(report.title, document), encoding="utf-8")
    print(comment(document), end="")
    return 1 if report.tone == "bad" else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/report", description=__doc__)
    parser.add_argument("--base", metavar="COMMIT", help="what to compare with; default: the main branch")
    parser.add_argument("--html", metavar="FILE", type=Path, help="write the report as one HTML page, too")
    parser.add_argument("--policy-config", metavar="FILE", type=Path, help="levels and options of the rules, as JSON")
    parser.add_argument("stack", metavar="STACK_FILE", nargs="*", help="only these; default: all of them")
    return parser


def _check_folder(page_file: Path | None) -> None:
    if page_file and not page_file.parent.is_dir():
        raise CalledWronglyError(f"--html: there is no folder {page_file.parent} to write to. Make it.")


def _rules(path: Path | None) -> Mapping[str, Any]:
    if path is None:
        return {}
    try:
        rules = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise CalledWronglyError(f"--policy-config: {path}: {problem}") from None
    if not isinstance(rules, dict):
        raise CalledWronglyError(f"--policy-config: {path}: is not an object of rules.")
    return rules


def _report(root: Path, base: str, rules: Mapping[str, Any], asked: Sequence[str]) -> Report:
    old = {stack.file: stack for stack in stacks(commits.paths_of(root, base))}
    new = {stack.file: stack for stack in stacks(commits.paths_now(root))}
    if missing := [file for file in asked if file not in new]:
        raise CalledWronglyError(f"{missing[0]}: there is no such stack file. One of {', '.join(new) or 'none'}.")
    chosen = [stack for file, stack in new.items() if not asked or file in asked]
    others = {stack: name for stack in chosen if (name := foreign(root, stack))}
    credentials = possible(os.environ)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as workers:
        before = Path(folder)
        commits.put(root, base, before)

        def look(stack: Stack) -> Assessment:
            source, was = stack.source(root), old.get(stack.file)
            seen = foresee_change(was.source(before), source) if was else (None, foresee(source))
            return assess(stack, seen, real_preview(source) if credentials else None, rules)

        assessed = list(workers.map(look, [stack for stack in chosen if stack not in others]))
    gone = [] if asked else [file for file in old if file not in new]
    return Report(assessed, gone, list(_notes(base, others, credentials=credentials)))


def _notes(base: str, others: Mapping[Stack, str], *, credentials: bool) -> Iterator[Line]:
    for stack, name in others.items():
        yield (Code(stack.file), f": not previewed. Its program is in {name}, and only Python's are run here.")
    yield ("Compared with ", Code(commits.short(base)), ", as if exactly that had been brought up.")
    if credentials:
        yield ("With credentials, ", Code("pulumi preview"), " was run as well, against the account.")
    else:
        yield ("No credential was used: what differs in the account is not seen.",)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
