"""Replicas of one model in an ACS cluster, their weights in OSS and a cache in front of them."""

from collections.abc import Iterator
from typing import Any

import pulumi

from components import manifests
from components.acs.bucket import weights
from components.acs.cluster import cluster
from components.acs.fence import fence
from components.acs.inside import Inside
from components.acs.objects import Object
from components.acs.review import review
from components.acs.serving import address, callers, reached, serving
from components.acs.staging import staged
from components.args import AcsLlmClusterArgs
from components.checks import Claim, checked, names
from components.credentials import api_key, edition
from components.endpoint import Endpoint, Where
from components.names import Name
from components.network import subnet


class AcsLlmCluster(Endpoint):
    """An OpenAI-compatible endpoint of pods in an ACS cluster, private unless an allow-list is given."""

    kubeconfig: pulumi.Output[str]
    """Secret; the administrator's, for `kubectl`."""
    cluster_id: pulumi.Output[str | None]
    """Id of the cluster; none where a kubeconfig alone names it."""
    bucket: pulumi.Output[str]
    """Name of the bucket that holds the weights."""
    namespace: pulumi.Output[str]
    """Namespace in which everything of the endpoint is."""

    def __init__(self, name: str, args: AcsLlmClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """
        Create the endpoint.

        Raises:
            ArgsError: The arguments do not go together with the provider.
        """
        called = Name.of(name, args)
        checked(name, args, opts, (*names(called, args), *_space(args)), lambda: None)
        super().__init__(name, args, opts)
        child = self._of_children
        if pulumi.runtime.is_dry_run():
            pulumi.log.info(review(name, args), self)
        net = subnet(called, args, child) if args.create_cluster else None
        allowed = callers(called, args, child)
        fenced = fence(called, args, net.vpc_id, child) if net else None
        used = (*allowed.resources, *(fenced.resources if fenced else ()))
        home = cluster(called, args, net, used, child)
        fenced = fenced or fence(called, args, home.vpc_id, child)
        key = api_key(called, args, child)
        given = (args.tls_certificate, args.tls_private_key)
        secrets = edition(called, [key, *(secret for secret in given if secret is not None)], child)
        store = weights(called, args, home.oidc, child)
        inside = Inside.of(called, args, home, self)
        base = _base(inside, key)
        placed = staged(inside, store, base)
        at = reached(inside, allowed, (*base, *placed))
        ready = serving(inside, at, secrets, fenced.id if fenced else None, placed)
        self.kubeconfig, self.bucket = home.kubeconfig, self.known(store.bucket.name)
        self.cluster_id = self.known(home.id)
        self.namespace = self.known(args.namespace)
        where = Where(address(at.public or at.private), home.vpc_id, home.vswitch_id, home.security_group_id)
        self.answers(args, where, key, ready)

    def stack_outputs(self) -> dict[str, pulumi.Output[Any]]:
        """Return what a stack exports, with the kubeconfig that no jump host keeps."""
        return super().stack_outputs() | {"kubeconfig": self.kubeconfig}


def _space(args: AcsLlmClusterArgs) -> Iterator[Claim]:
    """Return the claim on a namespace of a cluster that others may use, too."""
    if not args.create_cluster:
        which = args.cluster_id if args.kubeconfig is None else args.kubeconfig
        yield Claim((which, args.namespace), f"the namespace {args.namespace!r} of one cluster", "namespace")


def _base(inside: Inside, key: pulumi.Output[str]) -> tuple[Object, ...]:
    """Return what every pod needs: a namespace, who it is, the files and the keys."""
    args = inside.args
    space = (inside.put("namespace", manifests.namespace(args)),)
    accounts = [
        inside.put(f"{component}-account", manifests.account(args, component), space)
        for component in ("engine", "watch", *(("stage",) if args.weights_source == "modelscope" else ()))
    ]
    role = inside.put("watch-role", manifests.watch_role(args), space)
    return (
        *space,
        *accounts,
        inside.put("watch-binding", manifests.watch_binding(args), (role,)),
        inside.put("files", manifests.files(args), space),
        inside.put("keys", manifests.keys(args, key), space),
    )
