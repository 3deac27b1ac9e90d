"""What a pod needs before its containers can start: Secrets, ConfigMaps, and what its claims lead to."""

import base64
from collections.abc import Iterator

from scripts.localcloud.kubernetes.controllers.volumes import CLAIM, VOLUME, claims_of
from scripts.localcloud.kubernetes.objects import Contents, Manifest
from scripts.localcloud.machines.pods import AccessKey, OidcRole, OssVolume

OSS_DRIVER, FLUID_DRIVER = "ossplugin.csi.alibabacloud.com", "fuse.csi.fluid.io"
FLUID_SIDECAR = ("alibabacloud.com/fluid-sidecar-target", "acs")
"""The label of pods that get a Fluid sidecar: without it nothing on ACS mounts a Dataset."""
_MOUNTER = "ack-csi-fuse/csi-fuse-ossfs"
"""The service account by which the CSI plugin mounts OSS with a role."""


class NotMountableError(Exception):
    """A pod has to wait: the text says for what, as its node does."""


def objects_of(cluster: Contents, pod: Manifest) -> list[Manifest]:
    """
    Return the Secrets and ConfigMaps that *pod* names.

    Raises:
        NotMountableError: One that is not optional does not exist.

    """
    found: dict[tuple[str, str], Manifest] = {}
    for kind, name, optional in _names(pod["spec"]):
        item = cluster.get(kind, pod["metadata"]["namespace"], name)
        if item is not None:
            found[kind, name] = item
        elif not optional:
            raise NotMountableError(f'{kind.lower()} "{name}" not found')
    return list(found.values())


def _names(spec: Manifest) -> Iterator[tuple[str, str, bool]]:
    for volume in spec.get("volumes", []):
        for source in (volume, *volume.get("projected", {}).get("sources", [])):
            yield from _named(source, "secret", "configMap")
    for container in (*spec.get("initContainers", []), *spec["containers"]):
        for entry in container.get("env", []):
            yield from _named(entry.get("valueFrom", {}), "secretKeyRef", "configMapKeyRef")
        for entry in container.get("envFrom", []):
            yield from _named(entry, "secretRef", "configMapRef")


def _named(source: Manifest, secret: str, config_map: str) -> Iterator[tuple[str, str, bool]]:
    for kind, field in (("Secret", secret), ("ConfigMap", config_map)):
        if field in source:
            given = source[field]
            yield kind, given.get("name") or given["secretName"], given.get("optional", False)


def volumes_of(cluster: Contents, pod: Manifest) -> dict[str, OssVolume]:
    """
    Return what the claims of *pod* lead to.

    Raises:
        NotMountableError: One leads nowhere.

    """
    label, target = FLUID_SIDECAR
    found = {}
    for name in claims_of(pod):
        namespace = pod["metadata"]["namespace"]
        if _driver(cluster, namespace, name) == FLUID_DRIVER and pod["metadata"].get("labels", {}).get(label) != target:
            raise NotMountableError(f'claim "{name}" is a Dataset\'s: only pods labelled {label}={target} can mount it')
        found[name] = behind_claim(cluster, namespace, name)
    return found


def behind_claim(cluster: Contents, namespace: str, name: str) -> OssVolume:
    """
    Return what the claim *name* leads to.

    Raises:
        NotMountableError: Nowhere.

    """
    volume = _volume(cluster, namespace, name)
    csi = volume["spec"].get("csi", {})
    attributes = csi.get("volumeAttributes", {})
    if csi.get("driver") == FLUID_DRIVER:
        dataset = cluster.get("Dataset", attributes["runtime_namespace"], attributes["runtime_name"])
        if dataset is None:
            raise NotMountableError(f'the dataset of claim "{name}" is gone')
        return behind_dataset(cluster, dataset)
    if csi.get("driver") != OSS_DRIVER:
        raise NotMountableError(f'claim "{name}": the local cloud mounts OSS volumes only')
    return OssVolume(attributes["bucket"], attributes.get("path", "").strip("/"), _identity(cluster, csi))


def _driver(cluster: Contents, namespace: str, name: str) -> str:
    return str(_volume(cluster, namespace, name)["spec"].get("csi", {}).get("driver", ""))


def _volume(cluster: Contents, namespace: str, name: str) -> Manifest:
    claim = cluster.get(CLAIM, namespace, name)
    volume = cluster.get(VOLUME, "", claim["spec"].get("volumeName", "")) if claim is not None else None
    if volume is None:
        raise NotMountableError(f'claim "{name}" has no volume')
    return volume


def _identity(cluster: Contents, csi: Manifest) -> OidcRole | AccessKey:
    attributes = csi.get("volumeAttributes", {})
    if attributes.get("authType") == "rrsa":
        account = attributes.get("serviceAccountName")
        mounter = f"{_MOUNTER.partition('/')[0]}/{account}" if account else _MOUNTER
        return OidcRole(attributes.get("roleArn", ""), attributes.get("oidcProviderArn", ""), mounter)
    reference = csi.get("nodePublishSecretRef")
    if reference is None:
        raise NotMountableError("the volume names neither authType rrsa nor a nodePublishSecretRef")
    return _key(cluster, reference["namespace"], {part: (reference["name"], part) for part in ("akId", "akSecret")})


def behind_dataset(cluster: Contents, dataset: Manifest) -> OssVolume:
    """
    Return what *dataset* caches: the bucket of its one mount.

    Raises:
        NotMountableError: The mount leads nowhere, or its credentials are missing.

    """
    namespace, mounts = dataset["metadata"]["namespace"], dataset["spec"].get("mounts", [])
    if len(mounts) != 1:
        raise NotMountableError(f"the local cloud knows datasets of one mount, this one has {len(mounts)}")
    scheme, _, place = mounts[0]["mountPoint"].partition("://")
    name, _, path = place.partition("/")
    if scheme == "pvc":
        below = behind_claim(cluster, namespace, name)
        return OssVolume(below.bucket, f"{below.path}/{path}".strip("/"), below.identity)
    if scheme != "oss":
        raise NotMountableError(f"the local cloud mounts oss:// and pvc://, not {scheme}://")
    options = {row["name"]: row["valueFrom"]["secretKeyRef"] for row in mounts[0].get("encryptOptions", [])}
    parts = {"akId": "fs.oss.accessKeyId", "akSecret": "fs.oss.accessKeySecret"}
    missing = [option for option in parts.values() if option not in options]
    if missing:
        raise NotMountableError(f"the dataset's encryptOptions lack {' and '.join(missing)}")
    keys = {part: (options[option]["name"], options[option]["key"]) for part, option in parts.items()}
    return OssVolume(name, path.strip("/"), _key(cluster, namespace, keys))


def _key(cluster: Contents, namespace: str, places: dict[str, tuple[str, str]]) -> AccessKey:
    """Return the pair whose parts lie in the Secrets and keys of *places*."""
    found = {}
    for part, (name, key) in places.items():
        secret = cluster.get("Secret", namespace, name)
        if secret is None or key not in secret.get("data", {}):
            raise NotMountableError(f'secret "{name}" with {key} not found')
        found[part] = base64.b64decode(secret["data"][key]).decode()
    return AccessKey(found["akId"], found["akSecret"])
