"""One container of a pod, through all its restarts."""

import asyncio
import contextlib
import sys
import time
from collections.abc import Callable
from pathlib import Path

from scripts.localcloud.machines.guest.clock import SPEED
from scripts.localcloud.machines.guest.docker import images
from scripts.localcloud.machines.guest.docker.container import Container, StartError
from scripts.localcloud.machines.guest.kubelet import probes, state
from scripts.localcloud.machines.guest.kubelet.configured import configured
from scripts.localcloud.machines.guest.kubelet.pod import ConfigError, Manifest, Pod
from scripts.localcloud.machines.guest.kubelet.volumes import Volumes

FIRST_BACK_OFF_SECONDS, LAST_BACK_OFF_SECONDS = 10, 300
FORGIVEN_SECONDS = 600
"""How long a run must last, in the pod's time, for the next back-off to be the first one again."""

LEAST_GRACE_SECONDS = 2
NOT_STARTED = 128
"""Exit status of a container that could not be started. Source: kubernetes pkg/kubelet/kuberuntime."""

HOOK_SECONDS = 60
MESSAGES = Path("/var/lib/kubelet/messages")


class Life:
    """A container of *pod*; *changed* is called with every change of its status."""

    def __init__(self, pod: Pod, container: Manifest, restart: str, changed: Callable[[], None]) -> None:
        self.name: str = container["name"]
        self.image: str = container["image"]
        self.state: Manifest = state.waiting(
            "PodInitializing" if pod.spec.get("initContainers") else "ContainerCreating"
        )
        self.last: Manifest = {}
        self.identity = ""
        self.ready = False
        self.started = False
        self.restarts = 0
        self._pod = pod
        self._spec = container
        self._restart = restart
        self._changed = changed
        self._door = probes.Door(
            pod.address, {port["name"]: port["containerPort"] for port in container.get("ports", []) if "name" in port}
        )
        self._container: Container | None = None
        self._stopping = False

    def set(self, now: Manifest) -> None:
        """Say what it does now."""
        self.state = now
        self._changed()

    async def live(self, volumes: Volumes) -> int:
        """Run it, again and again as its restart policy says, and return the last exit status."""
        back_off = FIRST_BACK_OFF_SECONDS
        while True:
            await self._pull()
            begun = time.monotonic()
            code = await self._once(volumes)
            if self._stopping or self._restart == "Never" or (self._restart == "OnFailure" and code == 0):
                return code
            if (time.monotonic() - begun) * SPEED >= FORGIVEN_SECONDS:
                back_off = FIRST_BACK_OFF_SECONDS
            await self._wait_to_restart(back_off)
            back_off = min(2 * back_off, LAST_BACK_OFF_SECONDS)

    async def stop(self, grace_seconds: float) -> None:
        """End it, after what its preStop hook does."""
        self._stopping = True
        if self._container is not None:
            await self._end(self._container, grace_seconds)

    async def _once(self, volumes: Volumes) -> int:
        identity = f"{self.name}-{self.restarts}"
        message = MESSAGES / identity
        self.identity = f"containerd://{identity}"
        message.parent.mkdir(parents=True, exist_ok=True)
        message.touch(mode=0o666)
        try:
            self._container = Container(identity, configured(self._pod, volumes, self._spec, message))
            await self._container.start([], lambda _name: None)
        except ConfigError as problem:
            self.set(state.waiting("CreateContainerConfigError", str(problem)))
            await asyncio.Event().wait()  # what the pod names does not appear while it lives
        except StartError as problem:
            self.set(state.terminated(self.identity, NOT_STARTED, "", str(problem)))
            return NOT_STARTED
        assert self._container is not None  # noqa: S101 - started above
        return await self._attend(self._container, message)

    async def _attend(self, container: Container, message: Path) -> int:
        """Follow the running *container* to its end."""
        begun = state.now()
        self.set({"running": {"startedAt": begun}})
        watch = asyncio.ensure_future(self._watch(container))
        await container.ended.wait()
        watch.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watch
        self.ready = self.started = False
        code: int = container.state["ExitCode"]
        policy = self._spec.get("terminationMessagePolicy", "File")
        words = state.last_words(message, container.log_file, policy, code)
        self.set(state.terminated(self.identity, code, begun, words))
        return code

    async def _watch(self, container: Container) -> None:
        """Do what the hooks and probes of the running *container* ask for."""
        hook = self._spec.get("lifecycle", {}).get("postStart")
        if hook and (complaint := await probes.act(container, hook, self._door, HOOK_SECONDS)):
            await self._kill(container, "postStart", complaint)
        if "startupProbe" in self._spec:
            async for complaint in probes.verdicts(container, self._spec["startupProbe"], self._door):
                if complaint is None:
                    break
                await self._kill(container, "startupProbe", complaint)
        if not container.running:
            return
        self.started, self.ready = True, "readinessProbe" not in self._spec
        self._changed()
        await asyncio.gather(self._ask_whether_ready(container), self._ask_whether_alive(container))

    async def _ask_whether_ready(self, container: Container) -> None:
        if "readinessProbe" in self._spec:
            async for complaint in probes.verdicts(container, self._spec["readinessProbe"], self._door):
                if self.ready != (complaint is None):
                    self.ready = complaint is None
                    self._changed()

    async def _ask_whether_alive(self, container: Container) -> None:
        if "livenessProbe" in self._spec:
            async for complaint in probes.verdicts(container, self._spec["livenessProbe"], self._door):
                if complaint is not None:
                    await self._kill(container, "livenessProbe", complaint)

    async def _kill(self, container: Container, what: str, complaint: str) -> None:
        sys.stderr.write(f"Container {self.name} failed {what}, will be restarted: {complaint}\n")
        sys.stderr.flush()
        own = self._spec.get(what, {}).get("terminationGracePeriodSeconds", self._pod.grace_seconds)
        await self._end(container, own)

    async def _end(self, container: Container, grace_seconds: float) -> None:
        begun = time.monotonic()
        hook = self._spec.get("lifecycle", {}).get("preStop")
        if hook and container.running:
            await probes.act(container, hook, self._door, grace_seconds / SPEED)
        left = grace_seconds - (time.monotonic() - begun) * SPEED
        await container.stop(max(left, LEAST_GRACE_SECONDS))

    async def _wait_to_restart(self, back_off: float) -> None:
        self.last = self.state
        where = f"pod={self._pod.name}_{self._pod.namespace}({self._pod.metadata['uid']})"
        message = f"back-off {back_off}s restarting failed container={self.name} {where}"
        self.set(state.waiting("CrashLoopBackOff", message))
        await probes.pause(back_off)
        self.restarts += 1

    async def _pull(self) -> None:
        back_off = FIRST_BACK_OFF_SECONDS
        while problem := _pull_problem(self.image):
            self.set(state.waiting("ErrImagePull", problem))
            await probes.pause(back_off)
            self.set(state.waiting("ImagePullBackOff", f'Back-off pulling image "{self.image}": {problem}'))
            await probes.pause(back_off)
            back_off = min(2 * back_off, LAST_BACK_OFF_SECONDS)


def _pull_problem(image: str) -> str:
    """Fetch *image* and return why that is impossible, nothing when it is not."""
    try:
        images.pull(image)
    except images.ImageError as problem:
        return str(problem)
    return ""
