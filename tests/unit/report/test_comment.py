"""The report of a run becomes one comment of its pull request, whatever that pull request calls itself."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
GH = """#!/bin/sh
printf '%s\\n' "$*" >>"$FAKE/calls"
case "$*" in
  *"/pulls "*) cat "$FAKE/number" ;;
  "run download"*)
    [ -f "$FAKE/$5.md" ] || exit 1
    cp "$FAKE/$5.md" "$7/report.md" ;;
  *PATCH* | *POST*)
    for word; do case "$word" in body=@*) cp "${word#body=@}" "$FAKE/body" ;; esac; done ;;
  *"/comments "*) cat "$FAKE/old" ;;
  *) exit 9 ;;
esac
"""
MARK = "<!-- preview of every stack -->\n"
MADE = (
    "\nMade by [this run](https://example.com/run/7) of the code in this pull request: "
    "trust it as far as its changes to that code.\n"
)
Comment = Callable[..., list[str]]


@pytest.fixture
def comment(tmp_path: Path) -> Comment:
    """Return what runs the script against a GitHub that has some files, and returns the calls that were made."""
    fake = tmp_path / "fake"
    fake.mkdir()
    gh = tmp_path / "gh"
    gh.write_text(GH)
    gh.chmod(0o755)

    def run(**files: str) -> list[str]:
        for name, text in ({"number": "", "old": ""} | files).items():
            (fake / name.replace("__", ".").replace("_", "-")).write_text(text)
        environment = {
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "FAKE": str(fake),
            "GH_REPO": "team/llm",
            "RUN_ID": "7",
            "RUN_URL": "https://example.com/run/7",
            "HEAD_SHA": "c0ffee",
            "HEAD_OWNER": "somebody",
            "HEAD_BRANCH": "a&b $(id)",
        }
        subprocess.run([ROOT / ".ci" / "comment"], env=environment, check=True, capture_output=True)
        return (fake / "calls").read_text().splitlines()

    return run


def body(tmp_path: Path) -> str:
    """Return the comment that was written."""
    return (tmp_path / "fake" / "body").read_text()


def test_a_new_comment(comment: Comment, tmp_path: Path) -> None:
    """The first report is a new comment, found by what GitHub knows of the run."""
    calls = comment(number="12\n", report__md="# Preview: blocked\n")

    assert calls[0].startswith("api --method GET repos/team/llm/pulls -f state=open -f head=somebody:a&b $(id) --jq")
    assert calls[-1].startswith("api --method POST repos/team/llm/issues/12/comments -F body=@")
    assert body(tmp_path) == f"{MARK}# Preview: blocked\n{MADE}"


def test_the_same_comment(comment: Comment, tmp_path: Path) -> None:
    """A later report replaces the first."""
    calls = comment(number="12\n", old="34\n56\n", report__md="# Preview: nothing stands out\n")

    assert calls[-1].startswith("api --method PATCH repos/team/llm/issues/comments/34 -F body=@")
    assert body(tmp_path) == f"{MARK}# Preview: nothing stands out\n{MADE}"


def test_the_report_with_credentials(comment: Comment, tmp_path: Path) -> None:
    """Where the real preview ran, too, its report is the one to read."""
    comment(number="12\n", report__md="offline\n", report_with_credentials__md="with credentials\n")

    assert body(tmp_path) == f"{MARK}with credentials\n{MADE}"


def test_no_report(comment: Comment, tmp_path: Path) -> None:
    """A run that failed before it reported is said to have failed."""
    comment(number="12\n")

    assert body(tmp_path) == f"{MARK}# Preview: not made\n\nThe preview ended without a report.\n{MADE}"


def test_a_push_since(comment: Comment) -> None:
    """A report that is older than the pull request is posted nowhere."""
    calls = comment(report__md="# Preview: blocked\n")

    assert len(calls) == 1


@pytest.mark.parametrize("status", [0, 1, 2])
def test_preview(tmp_path: Path, status: int) -> None:
    """The run of a pull request keeps the report, shows it, and ends as it ends."""
    for folder in (".ci", "scripts", "temp"):
        (tmp_path / folder).mkdir()
    shutil.copy(ROOT / ".ci" / "preview", tmp_path / ".ci")
    fake = tmp_path / "scripts" / "report"
    fake.write_text(f'#!/bin/sh\necho "$*"\nexit {status}\n')
    fake.chmod(0o755)
    temp, summary = tmp_path / "temp", tmp_path / "summary"
    environment = {
        "PATH": os.environ["PATH"],
        "RUNNER_TEMP": str(temp),
        "GITHUB_STEP_SUMMARY": str(summary),
        "BASE": "c0",
    }

    done = subprocess.run([tmp_path / ".ci" / "preview"], env=environment, check=False)

    text = f"--base c0 --html {temp}/report/report.html\n"
    assert (done.returncode, summary.read_text(), (temp / "report" / "report.md").read_text()) == (status, text, text)
