"""
The metadata service of one machine, with sessions (IMDSv2).

Source: https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata
"""

import datetime as dt
import json
import secrets
import time

from scripts.localcloud.machines.hosts.messages import Answer, Request, text
from scripts.localcloud.machines.hosts.state import CloudState
from scripts.localcloud.machines.spec import MachineSpec

MAX_TTL_SECONDS = 21600
ROLE_PATH = "/latest/meta-data/ram/security-credentials/"


class Metadata:
    """Answers GET and the token PUT."""

    def __init__(self, state: CloudState, spec: MachineSpec) -> None:
        self._state = state
        self._spec = spec
        self._tokens: dict[str, float] = {}
        self._facts = {
            "/latest/meta-data/region-id": spec.region,
            "/latest/meta-data/zone-id": spec.zone,
            "/latest/meta-data/instance-id": spec.instance_id,
            "/latest/meta-data/instance/instance-type": spec.instance_type,
            "/latest/meta-data/private-ipv4": spec.private_ip,
            "/latest/meta-data/hostname": spec.hostname,
            "/latest/meta-data/image-id": spec.image_id,
            "/latest/user-data": spec.user_data,
        }

    def answer(self, request: Request) -> Answer:
        """Return the answer to one request."""
        if request.path == "/latest/api/token":
            return self._token(request)
        if request.method != "GET":
            return text(405, "method not allowed")
        if not self._admitted(request):
            return text(403, "this instance answers requests with a session token only")
        if request.path.startswith(ROLE_PATH):
            return self._role(request.path.removeprefix(ROLE_PATH))
        fact = self._facts.get(request.path.rstrip("/"))
        return text(404, "not found") if fact is None else text(200, fact)

    def _token(self, request: Request) -> Answer:
        ttl = request.headers.get("x-aliyun-ecs-metadata-token-ttl-seconds", "")
        if request.method != "PUT" or not ttl.isdigit() or not 1 <= int(ttl) <= MAX_TTL_SECONDS:
            return text(400, "bad token request")
        token = secrets.token_urlsafe(32)
        self._tokens[token] = time.monotonic() + int(ttl)
        return text(200, token)

    def _admitted(self, request: Request) -> bool:
        token = request.headers.get("x-aliyun-ecs-metadata-token")
        if token is None:
            return self._spec.http_tokens == "optional"
        return self._tokens.get(token, 0) > time.monotonic()

    def _role(self, name: str) -> Answer:
        role = None if self._state.faults.get("role_never") else self._state.role
        if role is None or name not in ("", role):
            return text(404, "not found")
        if not name:
            return text(200, role)
        found = self._state.of_machine(role)
        stamp = dt.datetime.fromtimestamp(found.expiration, dt.UTC)
        return text(
            200,
            json.dumps(
                {
                    "Code": "Success",
                    "AccessKeyId": found.key_id,
                    "AccessKeySecret": found.secret,
                    "SecurityToken": found.token,
                    "Expiration": stamp.strftime("%Y-%m-%dT%H:%M:%SZ"),
                }
            ),
            "application/json",
        )
