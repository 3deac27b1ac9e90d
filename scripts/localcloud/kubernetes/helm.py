"""Helm releases, ``helm.sh/v3:Release``: a chart that is known installs its kinds, and nothing else of it runs."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from scripts.localcloud.backend import Call, State
from scripts.localcloud.check import Checked
from scripts.localcloud.check_values import Failure
from scripts.localcloud.diff import Diff
from scripts.localcloud.errors import LocalCloudError, suggestion
from scripts.localcloud.kubernetes import changes
from scripts.localcloud.kubernetes.api import Api
from scripts.localcloud.kubernetes.objects import Contents, Manifest
from scripts.localcloud.kubernetes.resources import definition
from scripts.localcloud.values import UNKNOWN, Value, Values, text

TYPE = "kubernetes:helm.sh/v3:Release"
_INPUTS = (
    "allowNullValues atomic chart cleanupOnFail compat createNamespace dependencyUpdate description devel "
    "disableCRDHooks disableOpenapiValidation disableWebhooks forceUpdate keyring lint maxHistory name namespace "
    "postrender recreatePods renderSubchartNotes replace repositoryOpts resetValues reuseValues skipAwait skipCrds "
    "timeout valueYamlFiles values verify version waitForJobs"
)
_TIMEOUT_SECONDS = 300
CHART = "chart"
"""The label that names a release's chart; Helm itself keeps that where nobody can read it."""
_RECORD = "helm.sh/release.v1"


@cache
def _charts() -> Mapping[str, Any]:
    document = json.loads((Path(__file__).parent / "charts.json").read_text(encoding="utf-8"))
    charts: Mapping[str, Any] = document["charts"]
    return charts


class Releases:
    """The releases of one provider; *namespace* is for those that name none."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace

    def check(
        self,
        api: Api | None,  # noqa: ARG002
        call: Call,
        olds: Values,
        inputs: Values,
        secret: frozenset[str],  # noqa: ARG002
        seed: str,
    ) -> Checked:
        """Return *inputs* with defaults and what is wrong with them."""
        digest = hashlib.sha256(f"{seed}/{call.name}".encode()).hexdigest()[:7]
        named: Values = {"name": olds.get("name") or f"{call.name}-{digest}", "namespace": self._namespace}
        filled = named | {name: value for name, value in inputs.items() if value is not None}
        if filled.get("skipAwait") is not True:
            filled.setdefault("timeout", _TIMEOUT_SECONDS)
        known = _INPUTS.split()
        failures = [
            Failure(given, f"no such property.{suggestion(given, known)}") for given in inputs if given not in known
        ]
        chart = filled.get("chart")
        if chart is not UNKNOWN and chart not in _charts():
            failures.append(Failure("chart", f"{chart!r} is not in the local cloud. It has {', '.join(_charts())}."))
        elif chart is not UNKNOWN:
            version = _row(filled)["version"]
            if filled.setdefault("version", version) not in (version, UNKNOWN):
                failures.append(Failure("version", f"the chart is {version}, not {filled['version']}."))
        return Checked(filled, tuple(failures))

    def diff(self, state: State, inputs: Values, ignore: frozenset[str]) -> Diff:
        """Return what an upgrade would change; another name or namespace is another release."""
        return Diff(changes.compare(state.inputs, inputs, ("name", "namespace"), ignore))

    def preview(self, api: Api | None, call: Call, inputs: Values, state: State | None) -> Values:  # noqa: ARG002
        """Return a release as far as it is known before it is installed."""
        return inputs | {"resourceNames": UNKNOWN, "status": UNKNOWN}

    def create(self, api: Api, call: Call, inputs: Values) -> tuple[str, Values]:  # noqa: ARG002
        """
        Install a release and return its id and what it is.

        Raises:
            LocalCloudError: The release exists, or its namespace does not.

        """
        name, namespace = text(inputs, "name"), text(inputs, "namespace")
        with api.objects.transaction() as contents:
            if _kept(contents, inputs) is not None:
                raise LocalCloudError("cannot re-use a name that is still in use")
            if inputs.get("createNamespace") is True and contents.get("Namespace", "", namespace) is None:
                manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
                contents.put(api.created(contents, manifest))
            contents.put(api.created(contents, _record(name, namespace, _row(inputs)["name"])))
            for kind in [] if inputs.get("skipCrds") is True else _row(inputs)["kinds"]:
                contents.put(definition(kind))
        return f"{namespace}/{name}", _installed(inputs, 1)

    def read(self, api: Api, call: Call, state: State) -> tuple[Values, Values] | None:  # noqa: ARG002
        """Return what the stack remembers of a release, or nothing when it is gone."""
        gone = _kept(api.objects.read(), state.outputs) is None
        return None if gone else (state.outputs, state.inputs)

    def update(self, api: Api, call: Call, state: State, inputs: Values) -> Values:  # noqa: ARG002
        """
        Upgrade a release and return it.

        Raises:
            LocalCloudError: There is no such release.

        """
        with api.objects.transaction() as contents:
            kept = _kept(contents, inputs)
            if kept is None:
                raise LocalCloudError(f'"{text(inputs, "name")}" has no deployed releases')
            revision = int(kept["metadata"]["labels"]["version"]) + 1
            kept["metadata"]["labels"]["version"] = str(revision)
            contents.put(kept)
        return _installed(inputs, revision)

    def delete(self, api: Api, call: Call, state: State) -> None:  # noqa: ARG002
        """Remove a release; the kinds it defined stay, as Helm leaves them."""
        with api.objects.transaction() as contents:
            namespace, _, name = state.id.rpartition("/")
            contents.remove("Secret", namespace, _secret_name(name))


def runs(contents: Contents, chart: str) -> bool:
    """Whether a release of *chart* is installed, and with it the controllers of its kinds."""
    releases = (secret for secret in contents.all("Secret") if secret.get("type") == _RECORD)
    return any(release["metadata"]["labels"][CHART] == chart for release in releases)


def _row(inputs: Values) -> Any:  # noqa: ANN401 a row of facts
    return _charts()[text(inputs, "chart")]


def _kept(contents: Contents, inputs: Values) -> Manifest | None:
    return contents.get("Secret", text(inputs, "namespace"), _secret_name(text(inputs, "name")))


def _secret_name(name: str) -> str:
    return f"sh.helm.release.v1.{name}"


def _record(name: str, namespace: str, chart: str) -> Manifest:
    labels = {"name": name, "owner": "helm", "status": "deployed", "version": "1", CHART: chart}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": _secret_name(name), "namespace": namespace, "labels": labels},
        "type": _RECORD,
    }


def _installed(inputs: Values, revision: int) -> Values:
    row = _row(inputs)
    names: list[Value] = [definition(kind)["metadata"]["name"] for kind in row["kinds"]]
    status: Values = {
        "appVersion": "",
        "chart": row["name"],
        "name": inputs["name"],
        "namespace": inputs["namespace"],
        "revision": revision,
        "status": "deployed",
        "version": row["version"],
    }
    group = "CustomResourceDefinition.apiextensions.k8s.io/apiextensions.k8s.io/v1"
    return inputs | {"resourceNames": {group: names}, "status": status}
