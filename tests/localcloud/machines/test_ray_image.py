"""Images with Ray and without."""

import pytest

from tests.localcloud.machines.booted import Site

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
