"""Three changes, and one that is not safe, as a reviewer reads them: in a comment and on a page."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.report.conftest import ROOT, Repository, Told

CALLERS = ["203.0.113.0/24"]


def new_stack(repository: Repository) -> int:
    """Make another team's endpoint; nothing blocks it."""
    repository.commit()
    repository.change("Pulumi.search.yaml")
    return 0


def model_change(repository: Repository) -> int:
    """Take a larger model on another machine."""
    repository.change()
    repository.commit()
    repository.change(model="Qwen/Qwen3-14B", instanceType="ecs.gn7i-c32g1.16xlarge")
    return 0


def opening_to_the_public(repository: Repository) -> int:
    """Let one network on the internet call."""
    repository.change()
    repository.commit()
    repository.change(publicAllowedCidrs=CALLERS)
    return 0


def opening_to_everyone(repository: Repository) -> int:
    """Let everybody call, which the policy forbids."""
    repository.change()
    repository.commit()
    repository.change(publicAllowedCidrs=["0.0.0.0/0"], allowWholeInternet=True)
    return 1


SAMPLES = (new_stack, model_change, opening_to_the_public, opening_to_everyone)


@pytest.mark.parametrize("sample", SAMPLES, ids=[sample.__name__.replace("_", "-") for sample in SAMPLES])
def test_samples(
    sample: Callable[[Repository], int],
    repository: Repository,
    tmp_path: Path,
    golden: Callable[[str, str], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A sample change is reported word for word as in its golden files, and ends as its danger asks for."""
    status, page = sample(repository), tmp_path / "page.html"

    told = Told(capsys, "--html", str(page))

    assert (told.status, told.error) == (status, "")
    name = sample.__name__.replace("_", "-")
    golden(f"report/{name}.md", told.text.replace(repository.head(), "0123456789"))
    golden(f"report/{name}.html", page.read_text().replace(repository.head(), "0123456789"))


def test_the_documentation() -> None:
    """What docs/pull-requests.md shows of a report is how one begins."""
    shown = (ROOT / "docs" / "pull-requests.md").read_text().partition("$ scripts/report\n")[2].partition("…\n")[0]

    assert (ROOT / "tests/golden/report/opening-to-everyone.md").read_text().startswith(shown)
    assert shown.count("\n> - ") == 4
