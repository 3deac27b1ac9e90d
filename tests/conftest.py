"""What every test may use: golden files that can be rewritten, and a preview of a program."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.preview import Preview

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that rewrites golden files instead of comparing them."""
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/golden from what the code produces")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Keep the real vLLM's tests in one process: each would start an engine of its own, for minutes."""
    if config.option.markexpr == "vllm":
        config.option.numprocesses = 0


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Return a check that *text* is, byte for byte, the golden file of that name."""

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        assert path.read_text() == text, f"{path.name} differs; look at the diff, then rerun with --update-golden"

    return check


@pytest.fixture
def preview(tmp_path: Path) -> Preview:
    """Return a preview in a local cloud of the test's own."""
    return Preview(tmp_path)
