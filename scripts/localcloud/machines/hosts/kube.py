"""The Kubernetes API as a pod sees it: what its service account may read, in answers of the real one's form."""

import re
from collections.abc import Mapping
from typing import Any

from scripts.localcloud.kubernetes.objects import Contents, Manifest, Objects
from scripts.localcloud.machines.hosts import tokens
from scripts.localcloud.machines.hosts.messages import Answer, RefusedError, Request, as_json, text
from scripts.localcloud.machines.hosts.state import Account
from scripts.localcloud.machines.pods.sandboxes import SandboxPods
from scripts.localcloud.machines.spec import MachineError

_PATH = re.compile(
    r"/(?:api|apis/(?P<group>[a-z0-9.-]+))/(?P<version>v[a-z0-9]+)/namespaces/(?P<namespace>[^/]+)"
    r"/(?P<plural>[a-z]+)(?:/(?P<name>[^/]+)(?:/(?P<part>[a-z]+))?)?"
)
_EQUAL = re.compile(r"([^=!,\s]+)==?([^=!,\s]*)")
_CORE = "v1"


class Kube:
    """The API server of one cluster."""

    def __init__(self, account: Account, cluster_id: str) -> None:
        self._home = account.home
        self._objects = Objects(account.home / "kubernetes" / cluster_id)
        self._pods = SandboxPods(account.home)

    def answer(self, request: Request) -> Answer:
        """Return the answer to one request."""
        try:
            return self._answer(request)
        except RefusedError as refusal:
            status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": refusal.status}
            return as_json(refusal.status, status | {"message": str(refusal), "reason": refusal.code})

    def _answer(self, request: Request) -> Answer:
        user = self._user(request)
        match = _PATH.fullmatch(request.path)
        if match is None or request.method != "GET" or "watch" in request.query:
            raise RefusedError(405, "MethodNotAllowed", "the local cloud lets pods get and list in a namespace only")
        asked = {name: value or "" for name, value in match.groupdict().items()}
        contents = self._objects.read()
        verb = "get" if asked["name"] else "list"
        if not _may(contents, user, verb, asked):
            raise _forbidden(user, verb, asked)
        if verb == "list":
            return as_json(200, _listed(contents, asked, request.query))
        found = _find(contents, asked)
        return self._log(found, request.query) if asked["part"] == "log" else as_json(200, found)

    def _user(self, request: Request) -> str:
        token = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        claims = tokens.claims_of(self._home, token)
        if claims is None or tokens.API_AUDIENCE not in claims["aud"]:
            raise RefusedError(401, "Unauthorized", "Unauthorized")
        return str(claims["sub"])

    def _log(self, pod: Manifest, query: Mapping[str, str]) -> Answer:
        names = [one["name"] for one in pod["spec"]["containers"]]
        container = query.get("container") or names[0]
        tail = int(query["tailLines"]) if "tailLines" in query else None
        previous = query.get("previous") == "true"
        try:
            return text(200, self._pods.logs(pod["metadata"]["uid"], container, tail, previous=previous))
        except MachineError as problem:
            raise RefusedError(400, "BadRequest", str(problem)) from None


def _forbidden(user: str, verb: str, asked: Mapping[str, str]) -> RefusedError:
    resource, group, namespace = _resource(asked), asked["group"], asked["namespace"]
    about = f'{asked["plural"]} "{asked["name"]}"' if asked["name"] else asked["plural"]
    return RefusedError(
        403,
        "Forbidden",
        f'{about} is forbidden: User "{user}" cannot {verb} resource "{resource}" in API group "{group}" '
        f'in the namespace "{namespace}"',
    )


def _resource(asked: Mapping[str, str]) -> str:
    return f"{asked['plural']}/{asked['part']}" if asked["part"] else asked["plural"]


def _may(contents: Contents, user: str, verb: str, asked: Mapping[str, str]) -> bool:
    """Whether a Role bound in the namespace lets the service account *user* do that."""
    return any(_allows(rule, verb, asked) for rule in _rules(contents, user, asked["namespace"]))


def _rules(contents: Contents, user: str, namespace: str) -> list[Manifest]:
    found: list[Manifest] = []
    for binding in contents.all("RoleBinding", namespace):
        if any(_is(subject, user, namespace) for subject in binding.get("subjects", [])):
            kind, name = binding["roleRef"]["kind"], binding["roleRef"]["name"]
            role = contents.get(kind, namespace if kind == "Role" else "", name)
            found += role["rules"] if role else []
    return found


def _is(subject: Manifest, user: str, namespace: str) -> bool:
    place = subject.get("namespace", namespace)
    return subject["kind"] == "ServiceAccount" and f"system:serviceaccount:{place}:{subject['name']}" == user


def _allows(rule: Manifest, verb: str, asked: Mapping[str, str]) -> bool:
    named = rule.get("resourceNames", [])
    wanted = (
        ("verbs", verb),
        ("apiGroups", asked["group"]),
        ("resources", _resource(asked)),
    )
    return all({value, "*"} & set(rule.get(field, [])) for field, value in wanted) and (
        not named or asked["name"] in named
    )


def _kept(contents: Contents, asked: Mapping[str, str]) -> list[Manifest]:
    version = f"{asked['group']}/{asked['version']}" if asked["group"] else asked["version"]
    return [
        item
        for item in contents.everything()
        if item["apiVersion"] == version
        and item["metadata"].get("namespace") == asked["namespace"]
        and item["kind"].lower() in (asked["plural"], asked["plural"][:-1])
    ]


def _find(contents: Contents, asked: Mapping[str, str]) -> Manifest:
    found = next((item for item in _kept(contents, asked) if item["metadata"]["name"] == asked["name"]), None)
    if found is None:
        raise RefusedError(404, "NotFound", f'{asked["plural"]} "{asked["name"]}" not found')
    return found


def _listed(contents: Contents, asked: Mapping[str, str], query: Mapping[str, str]) -> dict[str, Any]:
    wanted = _selector(query.get("labelSelector", ""))
    items = [item for item in _kept(contents, asked) if wanted.items() <= item["metadata"].get("labels", {}).items()]
    return {"kind": "List", "apiVersion": _CORE, "metadata": {"resourceVersion": str(contents.version)}, "items": items}


def _selector(text_: str) -> dict[str, str]:
    wanted = {}
    for term in filter(None, text_.split(",")):
        match = _EQUAL.fullmatch(term.strip())
        if match is None:
            raise RefusedError(400, "BadRequest", f"the local cloud selects by name=value only, got {term!r}")
        wanted[match[1]] = match[2]
    return wanted
