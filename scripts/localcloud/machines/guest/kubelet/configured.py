"""What a container of a manifest is to the container engine."""

from pathlib import Path

from scripts.localcloud.machines.guest import rdma
from scripts.localcloud.machines.guest.docker.config import ContainerConfig, Device, Mount
from scripts.localcloud.machines.guest.kubelet.environment import environment, expand
from scripts.localcloud.machines.guest.kubelet.pod import ConfigError, Manifest, Pod
from scripts.localcloud.machines.guest.kubelet.volumes import MODE, Volumes

GPUS = ("nvidia.com/gpu", "alibabacloud.com/ppu")
READABLE_BY_OTHERS = 0o004
MESSAGE = "/dev/termination-log"


def configured(pod: Pod, volumes: Volumes, container: Manifest, message: Path) -> ContainerConfig:
    """
    Return the configuration of *container*, which leaves its last words in the file *message*.

    Raises:
        ConfigError: Something that it names is not there, or it may not run so.
    """
    variables = environment(pod, container)
    security = _security(pod, container)
    if security.get("runAsUser") and "fsGroup" not in security:
        _check_readable(pod, container, security["runAsUser"])
    capabilities = security.get("capabilities", {})
    limits = container.get("resources", {}).get("limits", {})
    words = Mount(str(message), container.get("terminationMessagePath", MESSAGE), read_only=False)
    return ContainerConfig(
        name=container["name"],
        image=container["image"],
        entrypoint=_words(container.get("command"), variables),
        command=_words(container.get("args"), variables),
        environment=variables,
        mounts=[*volumes.mounts(container, variables), words],
        cap_drop=capabilities.get("drop", []),
        cap_add=capabilities.get("add", []),
        read_only=security.get("readOnlyRootFilesystem", False),
        host_network=True,
        gpus=any(int(limits.get(name, 0)) for name in GPUS),
        devices=[Device(str(rdma.FOLDER), str(rdma.FOLDER))] if rdma.FOLDER.exists() else [],
        user=security.get("runAsUser", 0),
        group=security.get("runAsGroup", 0),
        working_dir=container.get("workingDir", "/"),
    )


def _security(pod: Pod, container: Manifest) -> Manifest:
    security: Manifest = pod.spec.get("securityContext", {}) | container.get("securityContext", {})
    if security.get("runAsNonRoot") and not security.get("runAsUser"):
        raise ConfigError("container has runAsNonRoot and image will run as root")
    return security


def _check_readable(pod: Pod, container: Manifest, user: int) -> None:
    """Refuse files of root that *user* could not read on a node; here every file is the user's own."""
    mounted = {mount["name"] for mount in container.get("volumeMounts", [])}
    for volume in pod.spec.get("volumes", []):
        source = volume.get("secret") or volume.get("configMap") or {}
        modes = [source.get("defaultMode", MODE), *(item["mode"] for item in source.get("items", []) if "mode" in item)]
        if volume["name"] in mounted and not all(mode & READABLE_BY_OTHERS for mode in modes):
            raise ConfigError(f"stand-in: user {user} cannot read volume {volume['name']!r}: give the pod an fsGroup")


def _words(given: list[str] | None, variables: dict[str, str]) -> list[str] | None:
    """Return *given* with its references replaced; an empty list is none, as in the API."""
    return [expand(word, variables) for word in given] if given else None
