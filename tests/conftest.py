"""What every test may use: golden files that can be rewritten, and a fresh Pulumi runtime."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pulumi.runtime import settings

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that rewrites golden files instead of comparing them."""
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/golden from what the code produces")


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
def pulumi_runtime() -> Iterator[None]:
    """Give the test its own event loop and root stack: the SDK keeps both in context variables."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    settings.ROOT.set(None)
    settings.reset_options(project="llm", stack="dev")
    yield
    pending = asyncio.all_tasks(loop)
    for task in pending:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    asyncio.set_event_loop(None)
