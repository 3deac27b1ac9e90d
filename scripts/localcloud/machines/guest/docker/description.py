"""What docker inspect shows of a container, as far as it is modelled."""

from typing import Any

from scripts.localcloud.machines.guest.docker import sandbox
from scripts.localcloud.machines.guest.docker.config import ContainerConfig
from scripts.localcloud.machines.guest.docker.process import Attachment


def of(config: ContainerConfig, container_id: str, attachments: list[Attachment]) -> dict[str, Any]:
    """Return everything but the state."""
    argv = sandbox.argv(config)
    return {
        "Name": f"/{config.name}",
        "Path": argv[0],
        "Args": argv[1:],
        "Image": config.image,
        "Config": {
            "Image": config.image,
            "Hostname": sandbox.hostname(config, container_id),
            "Env": [f"{name}={value}" for name, value in sandbox.environment(config).items()],
            "Cmd": config.command,
            "Entrypoint": config.entrypoint,
            "Labels": config.labels,
            "User": f"{config.user}:{config.group}" if config.user or config.group else "",
            "WorkingDir": config.working_dir,
        },
        "HostConfig": {
            "Binds": [f"{mount.source}:{mount.target}:{'ro' if mount.read_only else 'rw'}" for mount in config.mounts],
            "CapAdd": config.cap_add,
            "CapDrop": config.cap_drop,
            "Devices": [
                {"PathOnHost": one.source, "PathInContainer": one.target, "CgroupPermissions": "rwm"}
                for one in config.devices
            ],
            "NetworkMode": "host" if config.host_network else "bridge",
            "LogConfig": {"Type": "json-file", "Config": config.log_options},
            "Privileged": False,
            "ReadonlyRootfs": config.read_only,
            "Tmpfs": dict.fromkeys(config.tmpfs, ""),
        },
        "NetworkSettings": {
            "Networks": {network.name: {"IPAddress": address} for network, address in attachments},
            "Ports": {
                f"{port.container_port}/tcp": [{"HostIp": port.host_address, "HostPort": str(port.host_port)}]
                for port in config.ports
            },
        },
    }
