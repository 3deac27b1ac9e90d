"""Two machines with Ray between them, started by the machines' own program."""

from pathlib import Path

from scripts.localcloud.machines.spec import Ingress
from tests.localcloud.machines.booted import Site
from tests.localcloud.machines.test_containers import PREPARE

HEAD, WORKER = "127.254.0.5", "127.254.0.6"
TOKEN = "c3a1f5" * 8
MACHINE = Path("components/userdata/machine")
COMPOSE = """\
services:
  engine:
    image: registry-vpc.cn-hangzhou.aliyuncs.com/x/{engine}-ray:v1
    network_mode: host
    user: "0:10001"
    environment: {{HEAD_ADDRESS: {head}, VLLM_HOST_IP: {own}}}
    volumes:
      - /opt/llm/bin/engine:/opt/llm/bin/engine:ro
      - /opt/llm/engine.argv:/opt/llm/engine.argv:ro
      - /srv/model:/model:ro
    deploy: {{resources: {{reservations: {{devices: [{{driver: nvidia, count: all, capabilities: [gpu]}}]}}}}}}
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
"""
ENGINES = {
    "vllm": "vllm serve /model --tensor-parallel-size 2 --pipeline-parallel-size 2 --distributed-executor-backend ray",
    "sglang": "python3 -m sglang.launch_server --model-path /model --tp-size 4 --nnodes 2 --use-ray",
}
SERVED = " --host 127.0.0.1 --port 30000 --served-model-name tiny"
ASK = """\
import json, time, urllib.request
body = json.dumps({"model": "tiny", "prompt": "Hello", "max_tokens": 2}).encode()
call = urllib.request.Request("http://127.0.0.1:30000/v1/completions", body, {"content-type": "application/json"})
for turn in range(300):
    try:
        print(urllib.request.urlopen(call, timeout=5).status)
        break
    except OSError:
        time.sleep(10)
"""


class Pair:
    """The two machines, each with its files; nothing of Ray runs yet."""

    def __init__(self, site: Site, engine: str, worker_token: str = TOKEN) -> None:
        self._site = site
        for rank, (own, other, token) in enumerate([(HEAD, WORKER, TOKEN), (WORKER, HEAD, worker_token)]):
            name = f"i-{rank}"
            files = {
                "/srv/compose.yaml": COMPOSE.format(engine=engine, head=HEAD, own=own),
                "/run/llm/secrets/ray_token": token,
                "/srv/ask.py": ASK,
                "/opt/llm/engine.argv": (ENGINES[engine] + SERVED).replace(" ", "\n"),
                **{
                    f"/opt/llm/{name}": (MACHINE / name).read_text()
                    for name in ("compose.ray.yaml", "bin/ray", "bin/engine")
                },
            }
            written = "".join(f"cat >{file} <<'END'\n{text}\nEND\n" for file, text in files.items())
            user_data = f"#!/bin/bash\nmkdir -p /srv /opt/llm/bin /run/llm/secrets\n{written}{PREPARE}"
            site.boot(user_data, instance_id=name, private_ip=own, gpu_count=2)
            site.machines.set_ingress(name, {Ingress(other, "all", 1, 65535)})

    def run(self, rank: int, script: str) -> str:
        """Return the output of *script* on one machine."""
        return self._site.run(script, on=f"i-{rank}", seconds=180).output

    def up(self) -> None:
        """Start Ray's container on both nodes, anew where it has ended."""
        for rank in (0, 1):
            compose = "docker compose -p pair -f /srv/compose.yaml -f /opt/llm/compose.ray.yaml"
            self._site.output(f"LLM_GPU_COUNT=2 LLM_NODE_RANK={rank} {compose} up -d 2>/dev/null", on=f"i-{rank}")

    def ask(self) -> str:
        """Return the status of an answer as soon as the engine gives one."""
        return self.run(0, "python3 /srv/ask.py").strip()

    def inside(self, rank: int, command: str) -> str:
        """Return the output of *command* in a node's container."""
        return self.run(rank, f"docker exec pair-engine-1 {command} 2>&1")

    def end(self, rank: int) -> None:
        """Kill a node's container."""
        self.run(rank, "kill -9 $(docker inspect --format '{{.State.Pid}}' pair-engine-1)")

    def ended(self, rank: int) -> str:
        """Return the exit status of a node's container once it has ended."""
        state = "docker inspect --format '{{.State.Status}} {{.State.ExitCode}}' pair-engine-1"
        return self.run(rank, f"until {state} | grep exited; do sleep 10; done").strip()

    def log(self, rank: int) -> str:
        """Return the log of a node's container."""
        return self.run(rank, "docker logs pair-engine-1 2>&1")
