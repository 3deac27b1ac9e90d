"""The kubernetes provider's own configuration: what it may hold, and which change of it replaces everything."""

import os
from collections.abc import Mapping
from pathlib import Path

from scripts.localcloud.api_server import UnreachableError, chosen
from scripts.localcloud.check_values import Failure
from scripts.localcloud.diff import Change, Diff
from scripts.localcloud.errors import suggestion
from scripts.localcloud.values import UNKNOWN, Value, Values

_KNOWN = (
    "clusterIdentifier",
    "deleteUnreachable",
    "enableConfigMapMutable",
    "enableSecretMutable",
    "helmReleaseSettings",
    "kubeClientSettings",
    "kubeconfig",
    "namespace",
    "pluginDownloadURL",
    "suppressDeprecationWarnings",
    "suppressHelmHookWarnings",
    "version",
)
_ENVIRONMENT = {
    "deleteUnreachable": "PULUMI_K8S_DELETE_UNREACHABLE",
    "enableConfigMapMutable": "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE",
    "enableSecretMutable": "PULUMI_K8S_ENABLE_SECRET_MUTABLE",
}


def failures(settings: Values) -> list[Failure]:
    """Return what is wrong with *settings*; without a kubeconfig the provider would take whichever lies around."""
    found = [
        Failure(name, f"the local cloud has no such setting of the provider.{suggestion(name, _KNOWN)}")
        for name in settings
        if name not in _KNOWN
    ]
    if not settings.get("kubeconfig"):
        message = "missing. Pass the cluster's own; the local cloud never reads the one of whoever runs the program."
        found.append(Failure("kubeconfig", message))
    return found


def diff(olds: Values, news: Values) -> Diff:
    """Return what changed; as long as ``clusterIdentifier`` stays, nothing replaces."""
    changed = [name for name in sorted({*olds, *news}) if olds.get(name) != news.get(name)]
    replaced = _replaced(olds, news) & set(changed)
    return Diff(tuple(Change(name, "update", name in replaced) for name in changed))


def _replaced(olds: Values, news: Values) -> set[str]:
    if olds.get("clusterIdentifier") and news.get("clusterIdentifier"):
        return {"clusterIdentifier"}
    config = news.get("kubeconfig")
    if config is UNKNOWN or _endpoint(config) != _endpoint(olds.get("kubeconfig")):
        return {"kubeconfig"}
    return set()


def _endpoint(config: Value) -> Mapping[str, object] | None:
    try:
        return chosen(text_of(str(config)))[0]
    except UnreachableError:
        return None


def text_of(config: str) -> str:
    """Return the text of a kubeconfig that is given by its path or as it is."""
    path = Path(config).expanduser()
    return path.read_text(encoding="utf-8") if "\n" not in config and path.is_file() else config


def is_on(settings: Values, name: str) -> bool:
    """Whether the switch *name* is on, by the settings or else by the environment."""
    given = settings.get(name, os.environ.get(_ENVIRONMENT[name], ""))
    return given is True or given == "true"
