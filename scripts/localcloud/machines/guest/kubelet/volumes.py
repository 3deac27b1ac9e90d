"""The folders that a pod's containers mount."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from scripts.localcloud.machines.guest.docker.config import Mount
from scripts.localcloud.machines.guest.kubelet.environment import expand
from scripts.localcloud.machines.guest.kubelet.pod import ConfigError, Manifest, Pod
from scripts.localcloud.machines.guest.places import CA_FILE, VOLUMES

FOLDER = Path("/var/lib/kubelet/volumes")
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
MODE = 0o644


class Volumes:
    """What the pod's volumes hold; the folders are made once."""

    def __init__(self, pod: Pod) -> None:
        self._pod = pod
        self._makers: dict[str, Callable[[Manifest, Path], None]] = {
            "configMap": self._config_map,
            "downwardAPI": self._downward,
            "emptyDir": self._empty,
            "projected": self._projected,
            "secret": self._secret,
        }
        self._sources: dict[str, Path] = {}

    def make(self) -> None:
        """
        Make the folder of every volume.

        Raises:
            ConfigError: One names what is not there, or cannot be mounted.
        """
        FOLDER.mkdir(parents=True, exist_ok=True, mode=0o700)  # nobody else on the laptop may look in
        for volume in self._pod.spec.get("volumes", []):
            self._sources[volume["name"]] = self._source(volume)

    def mounts(self, container: Manifest, variables: dict[str, str]) -> list[Mount]:
        """
        Return the mounts of *container*.

        Raises:
            ConfigError: One is of no volume.
        """
        found = []
        for mount in container.get("volumeMounts", []):
            source = self._sources.get(mount["name"])
            if source is None:
                raise ConfigError(f'volumeMounts: no volume "{mount["name"]}"')
            inside = expand(mount.get("subPathExpr", mount.get("subPath", "")), variables)
            read_only = mount.get("readOnly", False)
            found.append(Mount(str(source / inside), mount["mountPath"], read_only))
        taken = {mount.target for mount in found}
        if self._pod.spec.get("automountServiceAccountToken", True) and ACCOUNT not in taken:
            found.append(Mount(str(self._account()), ACCOUNT, read_only=True))
        return found

    def _source(self, volume: Manifest) -> Path:
        if "persistentVolumeClaim" in volume:
            return self._claim(volume["persistentVolumeClaim"]["claimName"])
        kind = next((kind for kind in self._makers if kind in volume), None)
        if kind is None:
            raise ConfigError(f"stand-in: volume {volume['name']!r}: no such kind, {', '.join(set(volume) - {'name'})}")
        folder = FOLDER / str(volume["name"])
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self._makers[kind](volume[kind] or {}, folder)
        return folder

    def _claim(self, claim: str) -> Path:
        if claim not in self._pod.claims:
            raise ConfigError(f'persistentvolumeclaim "{claim}" not found')
        return VOLUMES / claim

    def _account(self) -> Path:
        folder = FOLDER / "..account"
        folder.mkdir(parents=True, exist_ok=True)
        self._token({"path": "token"}, folder)
        _write(folder / "ca.crt", Path(CA_FILE).read_bytes())
        _write(folder / "namespace", self._pod.namespace.encode())
        return folder

    def _empty(self, _source: Manifest, folder: Path) -> None:
        folder.chmod(0o777)

    def _config_map(self, source: Manifest, folder: Path) -> None:
        self._entries("ConfigMap", source["name"], source, folder)

    def _secret(self, source: Manifest, folder: Path) -> None:
        name: str = source["secretName"] if "secretName" in source else source["name"]  # the latter when projected
        self._entries("Secret", name, source, folder)

    def _entries(self, kind: str, name: str, source: Manifest, folder: Path) -> None:
        optional = source.get("optional", False)
        entries = self._pod.data(kind, name, optional=optional)
        usual = source.get("defaultMode", MODE)
        items = source.get("items") or [{"key": key, "path": key} for key in entries]
        for item in items:
            if item["key"] in entries:
                _write(folder / item["path"], entries[item["key"]], item.get("mode", usual))
            elif not optional:
                raise ConfigError(f"references non-existent {kind.lower()} key: {item['key']}")

    def _downward(self, source: Manifest, folder: Path) -> None:
        for item in source.get("items", []):
            path = item["fieldRef"]["fieldPath"]
            if path in ("metadata.labels", "metadata.annotations"):
                pairs = self._pod.metadata.get(path.partition(".")[2], {})
                text = "\n".join(f"{name}={json.dumps(value)}" for name, value in sorted(pairs.items()))
            else:
                text = self._pod.field(path)
            _write(folder / item["path"], text.encode(), source.get("defaultMode", MODE))

    def _projected(self, source: Manifest, folder: Path) -> None:
        usual = {"defaultMode": source.get("defaultMode", MODE)}
        makers = self._makers | {"serviceAccountToken": self._token}
        for part in source["sources"]:
            kind = next(iter(part))
            makers[kind](usual | part[kind], folder)

    def _token(self, source: Manifest, folder: Path) -> None:
        token = self._pod.tokens[source.get("audience", "")]
        _write(folder / source["path"], token.encode(), source.get("defaultMode", MODE))


def _write(file: Path, content: bytes, mode: int = MODE) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    file.chmod(mode)
