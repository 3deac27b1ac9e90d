"""A boot that cannot work fails `up`, and the failure names the phase."""

from collections.abc import Callable

import pytest

from tests.stack.project import Project

pytestmark = pytest.mark.machine


def cause(project: Project) -> str:
    """Return what a failing `up` says about the endpoint."""
    up = project.local("up")
    assert up.returncode == 1, up.stdout
    assert "Traceback" not in up.stdout
    return up.stdout.partition("llm does not answer. ")[2].partition("\n")[0]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"image_missing": True}, "phase image: caddy:2.11.7 cannot be pulled: "),
        ({"truncate_shard": 1}, "phase weights: model-00002-of-00004.safetensors: it ends after "),
        ({"wrong_hash_shard": 1}, "phase weights: model-00002-of-00004.safetensors: "),
        ({"engine_exit_code": 0, "engine_exit_after": 0}, "phase engine: exited with code 0"),
    ],
)
def test_a_fault_is_named(project: Callable[..., Project], fault: dict[str, object], expected: str) -> None:
    """What is broken around the machine is named with its phase; the slower ones are tried machine by machine."""
    stack = project()
    stack.fail_with(**fault)

    assert cause(stack).startswith(expected)


@pytest.mark.parametrize(
    ("file", "right", "wrong", "expected"),
    [
        ("bin/image", 'echo "pulling $image"', 'echo "pulling $image', "phase image: "),
        ("bin/prepare", "python/weights.py", "python/weight.py", "phase weights: "),
        ("bin/serve", "contain engine", "contain engin", "phase engine: llm.service ends again and again"),
        (
            "compose.yaml",
            "- /opt/llm/Caddyfile:",
            "- /opt/llm/Gatefile:",
            "phase gate: docker compose could not start it",
        ),
        ("Caddyfile", "reverse_proxy {$", "reverse_proxyy {$", "phase gate: "),
        ("systemd/llm.service", "bin/prepare", "bin/prepair", "phase key: "),
    ],
)
def test_a_broken_file_is_named(
    project: Callable[..., Project], file: str, right: str, wrong: str, expected: str
) -> None:
    """A slip in one of the machine's own files is found by booting it."""
    stack = project(machine_files=True, readyTimeoutMinutes=10)
    path = stack.folder / "components" / "userdata" / "machine" / file
    text = path.read_text()
    assert right in text
    path.write_text(text.replace(right, wrong, 1))

    assert cause(stack).startswith(expected)
