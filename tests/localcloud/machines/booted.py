"""A home with machines, and short ways to do what most tests do."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scripts.localcloud.machines import CommandResult, Machines, MachineSpec

SPEC = MachineSpec(
    instance_id="i-one",
    region="cn-hangzhou",
    zone="cn-hangzhou-j",
    instance_type="ecs.gn7i-c8g1.2xlarge",
    gpu_count=1,
    gpu_name="A10",
    gpu_memory_mib=24576,
    image_id="ubuntu_24_04_x64_20G_alibase_20260101.vhd",
    user_data="",
    private_ip="127.254.0.5",
    hostname="llm",
)

COMPOSE = """\
services:
  engine:
    image: registry-vpc.cn-hangzhou.aliyuncs.com/x/vllm:1
    entrypoint: [vllm, serve, /model, --host, 0.0.0.0, --port, "8000", --served-model-name, tiny]
    volumes: [/srv/model:/model:ro]
    networks: [inside]
    deploy: {resources: {reservations: {devices: [{driver: nvidia, count: all, capabilities: [gpu]}]}}}
    cap_drop: [ALL]
  gate:
    image: registry-vpc.cn-hangzhou.aliyuncs.com/x/caddy:2
    volumes: [/srv/Caddyfile:/etc/caddy/Caddyfile:ro]
    networks: [inside, outside]
    ports: ["8080:8000"]
    depends_on: [engine]
    cap_drop: [ALL]
    cap_add: [NET_BIND_SERVICE]
networks:
  inside: {internal: true}
  outside: {}
"""


class Site:
    """One home, and short ways to do what most tests do."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.machines = Machines(home)

    def services(self, **changes: Any) -> None:  # noqa: ANN401 - parts of a JSON document
        """Write services.json as the cloud does."""
        empty: dict[str, Any] = {"oos": {}, "roles": {}, "oss": {}, "modelscope": {"root": None}}
        (self.home / "services.json").write_text(json.dumps(empty | changes))

    def boot(self, user_data: str = "", **changes: Any) -> None:  # noqa: ANN401 - fields of a spec
        """Start SPEC with *changes*."""
        self.machines.start(replace(SPEC, user_data=user_data, **changes))

    def run(self, script: str, *, on: str = "i-one", seconds: float = 30) -> CommandResult:
        """Run *script* once the user data is through."""
        return self.machines.run_command(on, f"cloud-init status --wait >/dev/null\n{script}", seconds)

    def output(self, script: str, *, on: str = "i-one") -> str:
        """Return the output of *script*, which must succeed."""
        result = self.run(script, on=on)
        assert 0 == result.exit_code, result.output
        return result.output

    def delete_all(self) -> None:
        """Delete every machine."""
        for folder in (self.home / "machines").glob("*"):
            self.machines.delete(folder.name)


@contextmanager
def site_in(home: Path) -> Iterator[Site]:
    """Return *home* as a place where machines can boot; skips where they cannot."""
    if reason := Machines(home).available():
        pytest.skip(f"machines cannot boot here: {reason}")
    made = Site(home)
    made.services()
    try:
        yield made
    finally:
        made.delete_all()
