"""Images with Ray and without."""

import pytest

from tests.localcloud.machines.booted import Site
from tests.localcloud.machines.test_containers import PREPARE

pytestmark = pytest.mark.machine

COMPOSE = """\
services:
  engine:
    image: registry-vpc.cn-hangzhou.aliyuncs.com/x/IMAGE
    entrypoint:
      - sh
      - -c
      - |
        if command -v ray >/dev/null; then ray --version; else echo no ray; fi
        python3 -c "import ray, grpc"
        python3 -c "import pulumi"
    cap_drop: [ALL]
"""
UP = """
until docker info >/dev/null 2>&1; do sleep 1; done
docker compose -f /srv/compose.yaml -p test up --abort-on-container-exit 2>&1 | sed -n 's/^engine-1  | //p'
"""
ENGINE = """\
services:
  engine:
    image: registry-vpc.cn-hangzhou.aliyuncs.com/x/IMAGE
    entrypoint: [COMMAND]
    deploy: {resources: {reservations: {devices: [{driver: nvidia, count: all, capabilities: [gpu]}]}}}
"""
NO_PULUMI = "ModuleNotFoundError: No module named 'pulumi'"


@pytest.mark.parametrize(
    ("image", "said"),
    [
        ("vllm-ray:v0.32.0", ["ray, version 2.60.0", NO_PULUMI]),
        ("sglang:v0.5.23-ray2.60.0", ["ray, version 2.60.0", NO_PULUMI]),
        ("vllm-array:v0.32.0", ["no ray", "ModuleNotFoundError: No module named 'ray'", NO_PULUMI]),
    ],
)
def test_an_image_named_for_ray_has_it_with_what_it_needs_and_nothing_else(
    site: Site, image: str, said: list[str]
) -> None:
    """Any other image lacks it, as the official ones do."""
    site.boot()

    shown = site.output(f"cat >/srv/compose.yaml <<'END'\n{COMPOSE.replace('IMAGE', image)}END\n{UP}").splitlines()

    assert said == [line for line in shown if not line.startswith(("Traceback", "  "))]


@pytest.mark.parametrize(
    ("image", "command", "said"),
    [
        (
            "vllm:v0.32.0",
            "vllm, serve, /model, --distributed-executor-backend, ray",
            "ValueError: Failed to import Ray: No module named 'ray'.Please install Ray with `pip install ray`.",
        ),
        (
            "sglang:v0.5.23",
            "python3, -m, sglang.launch_server, --model-path, /model, --use-ray",
            "ImportError: Ray is required for --use-ray mode. Install it with: pip install 'sglang[ray]'",
        ),
        (
            "vllm:v0.32.0-ray",
            "vllm, serve, /model, --distributed-executor-backend, ray",
            (
                "ConnectionError: Could not find any running Ray instance. Please specify the one to connect to "
                "by setting `--address` flag or `RAY_ADDRESS` environment variable."
            ),
        ),
    ],
)
def test_an_engine_that_finds_no_ray_says_so(site: Site, image: str, command: str, said: str) -> None:
    """The last line of its traceback."""
    site.boot()
    compose = ENGINE.replace("IMAGE", image).replace("COMMAND", command)

    shown = site.output(f"mkdir -p /srv\ncat >/srv/compose.yaml <<'END'\n{compose}END\n{PREPARE}{UP}")

    assert said == shown.splitlines()[-1]
