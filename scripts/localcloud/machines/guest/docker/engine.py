"""The container engine: what the daemon does for its clients."""

import asyncio
import hashlib
import itertools
import json
from pathlib import Path

from scripts.localcloud.machines.guest import gpus, names, relay
from scripts.localcloud.machines.guest.commands.nvidia import RUNTIME_FILE
from scripts.localcloud.machines.guest.docker import images
from scripts.localcloud.machines.guest.docker.config import ContainerConfig, Port
from scripts.localcloud.machines.guest.docker.container import STORE, Container, StartError
from scripts.localcloud.machines.guest.docker.networks import Networks
from scripts.localcloud.machines.guest.wire import Message, WireError

VERSION = "28.3.2"


class Engine:
    """All containers of the machine."""

    def __init__(self) -> None:
        self._networks = Networks()
        self._containers: dict[str, Container] = {}
        self._published: dict[str, list[asyncio.Server]] = {}
        self._numbers = itertools.count(1)
        for file in sorted(STORE.glob("*/config.json")):
            saved = json.loads(file.read_text())
            config = ContainerConfig.from_json(saved["config"])
            self._containers[file.parent.name] = Container(file.parent.name, config, saved["state"])

    async def handle(self, message: Message) -> Message:
        """Answer one request; refusals carry docker's own words."""
        operation = getattr(self, f"op_{message.pop('op')}", None)
        if operation is None:
            raise WireError("stand-in: no such operation")
        try:
            answer: Message = await operation(**message)
        except (images.ImageError, StartError) as problem:
            raise WireError(f"Error response from daemon: {problem}") from None
        return answer

    async def shut_down(self) -> None:
        """Stop every container."""
        await asyncio.gather(*(one.stop(one.config.stop_grace_seconds) for one in self._containers.values()))

    def _find(self, reference: str) -> Container:
        for container in self._containers.values():
            if container.config.name == reference or container.id.startswith(reference):
                return container
        raise WireError(f"Error response from daemon: No such container: {reference}")

    async def op_version(self) -> Message:
        """Return the version."""
        return {"version": VERSION, "containers": len(self._containers)}

    async def op_pull(self, image: str) -> Message:
        """Fetch an image."""
        return {"line": images.pull(image)}

    async def op_images(self) -> Message:
        """List the images."""
        return {"images": images.pulled()}

    async def op_network_create(self, name: str, internal: bool, labels: dict[str, str]) -> Message:  # noqa: FBT001 - the wire's form
        """Make a network."""
        self._networks.create(name, labels, internal=internal)
        return {}

    async def op_networks(self, labels: dict[str, str]) -> Message:
        """List networks."""
        return {"networks": self._networks.names(labels)}

    async def op_network_remove(self, name: str) -> Message:
        """Remove a network."""
        self._networks.remove(name)
        return {}

    async def op_create(self, config: dict[str, object]) -> Message:
        """Make a container."""
        wanted = ContainerConfig.from_json(config)
        if wanted.image not in images.pulled():
            images.pull(wanted.image)
        if any(other.config.name == wanted.name for other in self._containers.values()):
            raise WireError(
                f'Error response from daemon: Conflict. The container name "/{wanted.name}" is already in use.'
            )
        seed = f"{wanted.name}/{next(self._numbers)}/{len(list(STORE.glob('*')))}"
        container = Container(hashlib.sha256(seed.encode()).hexdigest(), wanted)
        container.save()
        self._containers[container.id] = container
        return {"id": container.id}

    async def op_start(self, reference: str) -> Message:
        """Start a container."""
        container = self._find(reference)
        config = container.config
        if config.gpus and not (gpus.count() and _has_nvidia_runtime()):
            raise StartError('could not select device driver "nvidia" with capabilities: [[gpu]]')
        attachments = [(self._networks.get(name), self._networks.next_address(name)) for name in config.networks]
        container.on_end = lambda: self._close(self._published.pop(container.id, []))
        await self._publish(container.id, config.ports, attachments[-1][1] if attachments else "127.0.0.1")
        await container.start(attachments, self._resolver(container))
        return {}

    def _resolver(self, container: Container) -> names.Resolve:
        """Return what the container's names lead to: its neighbours, and the cloud when there is a way out."""

        def resolve(name: str) -> str | None:
            for network, _ in container.attachments:
                for other in self._containers.values():
                    if other.running and name in [*other.config.aliases, other.config.name, other.id[:12]]:
                        address = next((ip for joined, ip in other.attachments if joined.name == network.name), None)
                        if address:
                            return address
            outside = any(not network.internal for network, _ in container.attachments)
            return names.instance_address(name) if outside else None

        return resolve

    async def _publish(self, container_id: str, ports: list[Port], address: str) -> None:
        servers: list[asyncio.Server] = []
        for port in ports:
            try:
                listener = relay.tcp_listener(port.host_address, port.host_port)
            except OSError as problem:
                self._close(servers)
                where, why = f"{port.host_address}:{port.host_port}", str(problem.strerror).lower()
                raise StartError(
                    f"driver failed programming external connectivity: listen tcp4 {where}: bind: {why}"
                ) from None
            servers.append(await relay.relay(listener, relay.to_tcp(address, port.container_port)))
        self._published[container_id] = servers

    @staticmethod
    def _close(servers: list[asyncio.Server]) -> None:
        for server in servers:
            server.close()

    async def op_stop(self, reference: str, grace: float | None = None) -> Message:
        """Stop a container."""
        container = self._find(reference)
        await container.stop(container.config.stop_grace_seconds if grace is None else grace)
        return {}

    async def op_wait(self, reference: str) -> Message:
        """Wait for the end of a container."""
        container = self._find(reference)
        if container.running:
            await container.ended.wait()
        return {"exit": container.state["ExitCode"]}

    async def op_remove(self, reference: str, force: bool = False) -> Message:  # noqa: FBT001, FBT002 - the wire's form
        """Remove a container."""
        container = self._find(reference)
        if container.running and not force:
            raise WireError(f"Error response from daemon: container {reference} is running")
        await container.stop(0.1)
        container.remove()
        del self._containers[container.id]
        return {}

    async def op_inspect(self, reference: str) -> Message:
        """Describe a container."""
        return {"container": self._find(reference).inspect()}

    async def op_list(self, labels: dict[str, str]) -> Message:
        """Describe the containers that carry *labels*."""
        chosen = [one for one in self._containers.values() if labels.items() <= one.config.labels.items()]
        return {"containers": [one.inspect() for one in chosen]}


def _has_nvidia_runtime() -> bool:
    path = Path(RUNTIME_FILE)
    return path.exists() and "nvidia" in json.loads(path.read_text() or "{}").get("runtimes", {})
